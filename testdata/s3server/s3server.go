// Package s3server runs versitygw, an S3 server on a directory, which verifies signatures and digests.
package s3server

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a client needs beside the address.
const (
	Bucket    = "recordings"
	AccessKey = "readback"
	SecretKey = "a secret of the bucket"
)

// A Server runs until the test ends, or Kill.
type Server struct {
	Address string // on loopback
	Objects string // the directory with the bucket's objects

	t   testing.TB
	dir string
	cmd *exec.Cmd
}

// Start runs a server with one empty bucket.
func Start(t testing.TB) *Server {
	t.Helper()
	dir := t.TempDir()
	s := &Server{Objects: filepath.Join(dir, "data", Bucket), t: t, dir: dir}
	for _, sub := range []string{s.Objects, filepath.Join(dir, "meta")} {
		if err := os.MkdirAll(sub, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.Run()
	t.Cleanup(s.Kill)
	return s
}

// Run runs it again, after Kill, with what it kept.
func (s *Server) Run() {
	s.t.Helper()
	program, err := exec.LookPath("versitygw")
	if err != nil {
		program = filepath.Join(goPath(s.t), "bin", "versitygw")
	}
	var log bytes.Buffer
	s.cmd = exec.Command(program, "--access", AccessKey, "--secret", SecretKey, "--port", s.Address, "--quiet",
		"posix", "--sidecar", filepath.Join(s.dir, "meta"), filepath.Join(s.dir, "data"))
	s.cmd.Stdout, s.cmd.Stderr = &log, &log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("%v; install it with: make peers", err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", s.Address)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			s.Kill()
			s.t.Fatalf("versitygw does not listen: %s", log.String())
		}
	}
}

// Kill ends it as a power failure would.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may be killed already
	_ = s.cmd.Wait()
}

func goPath(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOPATH").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
