package media_test

import (
	"os"
	"os/exec"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"readback/media"
)

// TestAProfileWithoutIOUring runs itself again where io_uring is forbidden as container profiles do it, by seccomp.
func TestAProfileWithoutIOUring(t *testing.T) {
	const forbidden = "READBACK_TEST_WITHOUT_IO_URING"
	if os.Getenv(forbidden) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		again.Env = append(os.Environ(), forbidden+"=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	forbidIOUring(t)
	if _, err := media.New(media.Config{IO: "io_uring"}); err == nil {
		t.Error("io_uring was forced, and there is no error")
	}
	c := realCall(t, "")
	if way := c.engine.IO(); way != "plain" {
		t.Errorf("packets go by %s", way)
	}
	c.talks(t)
}

// forbidIOUring has the kernel refuse rings to all threads of the program from now on.
func forbidIOUring(t *testing.T) {
	t.Helper()
	const setup = 425 // io_uring_setup, on every architecture
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the system call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: setup, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		t.Fatal(os.NewSyscallError("seccomp", errno))
	}
}
