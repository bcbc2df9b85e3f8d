// Package pgtest gives tests a PostgreSQL of their own: a throw-away server for the process, a fresh database for each test.
//
// With READBACK_TEST_POSTGRES set to a URL whose user may create databases, that server is used instead. A server that is missing
// fails the test with the line that installs it; it never skips.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Install is the line that installs what is needed.
const Install = "apt-get install -y postgresql"

const (
	startTime = 60 * time.Second
	stopTime  = 20 * time.Second
)

// Fast are settings for a server whose data nobody will miss.
var Fast = []string{"fsync=off", "full_page_writes=off", "synchronous_commit=off"}

// A Server is a running throw-away PostgreSQL that listens on a Unix socket only. The kernel stops it when this process dies.
type Server struct {
	dir    string
	ids    identity
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start makes a data directory and starts a server with settings like "fsync=off". Stop it.
func Start(ctx context.Context, settings ...string) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	ids, err := serverIdentity()
	if err != nil {
		return nil, err
	}
	sweep()
	s := &Server{ids: ids, exited: make(chan struct{})}
	if s.dir, err = makeDir(ids); err != nil {
		return nil, err
	}
	if err := s.initialize(ctx, programs); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if err := s.run(programs, settings); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// URL is the address of a database on this server.
func (s *Server) URL(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/" + database,
		RawQuery: url.Values{"host": {s.dir}}.Encode(),
	}).String()
}

// Process is the server's main process, for tests that stop, continue or kill it.
func (s *Server) Process() *os.Process { return s.cmd.Process }

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGCONT)
	_ = s.cmd.Process.Signal(syscall.SIGQUIT) // immediate shutdown: the data goes anyway
	select {
	case <-s.exited:
	case <-time.After(stopTime):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
	return os.RemoveAll(s.dir)
}

func (s *Server) initialize(ctx context.Context, p programs) error {
	cmd := exec.CommandContext(ctx, p.initdb, "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = s.dir, s.ids.attributes()
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.initdb, err, output)
	}
	return nil
}

// run starts the server from a thread that stays: the kernel's death signal is tied to it.
func (s *Server) run(p programs, settings []string) error {
	args := []string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=200"}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	s.cmd = exec.Command(p.postgres, args...)
	s.cmd.Dir, s.cmd.SysProcAttr = s.dir, s.ids.attributes()
	s.cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	started := make(chan error)
	go func() {
		defer close(s.exited)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait()
		}
		_ = log.Close()
	}()
	return <-started
}

// ready waits until the server answers.
func (s *Server) ready(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			return fmt.Errorf("PostgreSQL ended at its start:\n%s", s.log())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, s.log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) log() string {
	file, err := os.Open(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = file.Close() }()
	text, _ := io.ReadAll(io.LimitReader(file, 64<<10))
	return strings.TrimSpace(string(text))
}
