package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// StartSmall starts a server whose directory is a file system of so many megabytes, for tests that fill it up. It takes root.
func StartSmall(ctx context.Context, megabytes int, settings ...string) (*Server, error) {
	return start(ctx, megabytes, settings)
}

func (s *Server) mount(megabytes int) error {
	options := fmt.Sprintf("size=%dm,mode=0700,uid=%d,gid=%d", megabytes, s.ids.uid, s.ids.gid)
	if err := syscall.Mount("tmpfs", s.dir, "tmpfs", 0, options); err != nil {
		return fmt.Errorf("mount a small file system at %s: %w: run the test as root", s.dir, err)
	}
	s.mounted = true
	return nil
}

// Shutdown ends the server in order, as an administrator does; sessions are cut. Restart starts it again.
func (s *Server) Shutdown() { s.end(syscall.SIGINT) }

// Kill ends the server and all its sessions at once, as a power failure does. Restart starts it again.
func (s *Server) Kill() error {
	children, err := s.children()
	_ = s.cmd.Process.Kill()
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-s.exited
	return err
}

// Restart starts a server that was ended and waits until it answers.
func (s *Server) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if err := s.run(); err != nil {
			return err
		}
		err := s.ready(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select { // the kernel may not have taken away all of a server that was killed
		case <-s.exited:
		default:
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Pause stops the server and its sessions where they are: connections stay open and nothing is answered. Resume lets it go on.
func (s *Server) Pause() error { return s.signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

// signal reaches the main process first, so that it makes no more sessions meanwhile, and each session after it.
func (s *Server) signal(signal syscall.Signal) error {
	if err := s.cmd.Process.Signal(signal); err != nil {
		return err
	}
	children, err := s.children()
	for _, pid := range children {
		if sent := syscall.Kill(pid, signal); sent != nil && !errors.Is(sent, syscall.ESRCH) {
			err = errors.Join(err, sent)
		}
	}
	return err
}

// children are the processes of the main one.
func (s *Server) children() ([]int, error) {
	tables, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, table := range tables {
		text, err := os.ReadFile(table)
		if err != nil {
			continue // gone since
		}
		end := bytes.LastIndexByte(text, ')') // "pid (name) state ppid …"; a name may hold anything
		fields := bytes.Fields(text[end+1:])
		if len(fields) < 2 || string(fields[1]) != strconv.Itoa(s.cmd.Process.Pid) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(table)))
		if err == nil {
			found = append(found, pid)
		}
	}
	return found, nil
}

// ReadOnly has the server refuse to write, as a standby does, or lets it write again.
func (s *Server) ReadOnly(ctx context.Context, on bool) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	value := "off"
	if on {
		value = "on"
	}
	for _, statement := range []string{"set default_transaction_read_only = off", "alter system set default_transaction_read_only = " + value, "select pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// Fill leaves no room on the file system of a server that StartSmall started. Free gives it back.
func (s *Server) Fill() error { return Exhaust(s.ballast()) }

// Exhaust writes a file that leaves no room on its file system.
func Exhaust(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	for block := make([]byte, 64<<10); len(block) > 0; {
		if _, err := file.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Free removes what Fill wrote.
func (s *Server) Free() error { return os.Remove(s.ballast()) }

func (s *Server) ballast() string { return filepath.Join(s.dir, "ballast") }
