//go:build !linux

package media

import "errors"

var errNoRing = errors.New("io_uring is for Linux")

func probeUring() error { return errNoRing }

func newUring(*worker, int) (carrier, error) { return nil, errNoRing }
