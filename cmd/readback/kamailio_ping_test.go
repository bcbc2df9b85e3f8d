package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// TestKamailioIsPinged has a trunk that stops to answer OPTIONS and goes on, as "trunk list" shows.
func TestKamailioIsPinged(t *testing.T) {
	t.Parallel()
	server := startKamailio(t, "registrar.cfg", loopback(t, inside), "{realm}", "example.com", "{password}", "s3cret", "{algorithm}", "MD5")
	config := strings.NewReplacer("{listen}", "127.0.0.1:0", "{trunk}", inside).Replace(behind)
	trunk := fmt.Sprintf("- name: carrier\n    address: sip:%s\n    ping: 5s", server.addr)
	p := startConfigured(t, binary, strings.Replace(config, "- name: carrier", trunk, 1))
	state := func(want string) func() bool {
		return func() bool {
			var line trunkLine
			if err := json.Unmarshal([]byte(p.run("trunk", "list", "--json", "-c", p.config)), &line); err != nil {
				t.Fatal(err)
			}
			got, _, _ := line.state()
			return got == want
		}
	}
	server.until("the trunk is up", state("up"))
	server.signal(syscall.SIGSTOP)
	t.Cleanup(func() { _ = syscall.Kill(-server.cmd.Process.Pid, syscall.SIGCONT) }) // else it could not end
	server.until("the trunk is down", state("down"))
	server.signal(syscall.SIGCONT)
	server.until("the trunk is up again", state("up"))
}

// signal sends a signal to all processes of Kamailio.
func (k *kamailio) signal(signal syscall.Signal) {
	k.t.Helper()
	if err := syscall.Kill(-k.cmd.Process.Pid, signal); err != nil {
		k.t.Fatal(err)
	}
}
