package main

import (
	endian "encoding/binary"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestControlSocketIsNeverOpenToOthers: the socket comes to its place by a move, finished. One that is bound there has the
// mode that the umask leaves, until it is changed.
func TestControlSocketIsNeverOpenToOthers(t *testing.T) {
	path := filepath.Join(shortDir(t), "readback.sock")
	happened := watchFolder(t, filepath.Dir(path))
	listener, err := listenControl(path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	want := []string{"readback.sock moved in"}
	if got := slices.DeleteFunc(happened(), func(what string) bool { return strings.HasPrefix(what, ".control ") }); !slices.Equal(got, want) {
		t.Errorf("in the folder %q happened; want %q", got, want)
	}
	if conn, err := net.Dial("unix", path); err != nil {
		t.Error(err)
	} else {
		_ = conn.Close()
	}
}

// watchFolder returns a function that tells what has happened in a folder since: names that came, and changes of their modes.
func watchFolder(t *testing.T, dir string) func() []string {
	t.Helper()
	watch, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(watch) })
	words := map[uint32]string{syscall.IN_CREATE: "made", syscall.IN_ATTRIB: "changed", syscall.IN_MOVED_TO: "moved in"}
	if _, err := syscall.InotifyAddWatch(watch, dir, syscall.IN_CREATE|syscall.IN_ATTRIB|syscall.IN_MOVED_TO); err != nil {
		t.Fatal(err)
	}
	return func() (happened []string) {
		buffer := make([]byte, 4096)
		n, err := syscall.Read(watch, buffer)
		if err != nil {
			t.Fatal(err)
		}
		for rest := buffer[:n]; len(rest) >= syscall.SizeofInotifyEvent; {
			mask, length := endian.NativeEndian.Uint32(rest[4:]), endian.NativeEndian.Uint32(rest[12:])
			name := strings.TrimRight(string(rest[syscall.SizeofInotifyEvent:][:length]), "\x00")
			happened = append(happened, name+" "+words[mask&^syscall.IN_ISDIR])
			rest = rest[syscall.SizeofInotifyEvent+length:]
		}
		return happened
	}
}
