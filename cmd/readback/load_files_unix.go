//go:build unix

package main

import (
	"fmt"
	"syscall"
)

// checkFiles sees whether the process may open what so many calls need. Go has raised the soft limit to the hard one.
func checkFiles(calls, each int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil //nolint:nilerr // a system without such a limit
	}
	if need := uint64(calls*each + otherFiles); uint64(limit.Cur) < need { //nolint:unconvert // an int64 on FreeBSD
		return fmt.Errorf("%d calls need %d open files and this process may have %d; allow more with ulimit -n %d",
			calls, need, limit.Cur, need)
	}
	return nil
}
