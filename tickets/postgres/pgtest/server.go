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
	dir      string
	ids      identity
	programs programs
	settings []string
	mounted  bool // the directory is a file system of its own
	cmd      *exec.Cmd
	exited   chan struct{}
}

// Start makes a data directory and starts a server with settings like "fsync=off". Stop it.
func Start(ctx context.Context, settings ...string) (*Server, error) {
	return start(ctx, 0, settings)
}

func start(ctx context.Context, megabytes int, settings []string) (*Server, error) {
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
	s := &Server{ids: ids, programs: programs, settings: settings}
	if s.dir, err = makeDir(ids); err != nil {
		return nil, err
	}
	if megabytes > 0 {
		if err := s.mount(megabytes); err != nil {
			return nil, errors.Join(err, s.remove())
		}
	}
	if err := s.initialize(ctx); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	if err := s.run(); err != nil {
		return nil, errors.Join(err, s.remove())
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

// Process is the server's main process.
func (s *Server) Process() *os.Process { return s.cmd.Process }

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	_ = s.Resume()
	s.end(syscall.SIGQUIT) // immediate shutdown: the data goes anyway
	return s.remove()
}

// end asks the server to end by a signal, and kills it when it does not.
func (s *Server) end(signal syscall.Signal) {
	_ = s.cmd.Process.Signal(signal)
	select {
	case <-s.exited:
	case <-time.After(stopTime):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
}

func (s *Server) remove() error {
	if s.mounted {
		if err := syscall.Unmount(s.dir, syscall.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount %s: %w", s.dir, err)
		}
	}
	return os.RemoveAll(s.dir)
}

func (s *Server) initialize(ctx context.Context) error {
	p := s.programs
	cmd := exec.CommandContext(ctx, p.initdb, "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--wal-segsize=1")
	cmd.Dir, cmd.SysProcAttr = s.dir, s.ids.attributes()
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.initdb, err, output)
	}
	return nil
}

// run starts the server from a thread that stays: the kernel's death signal is tied to it.
func (s *Server) run() error {
	s.exited = make(chan struct{})
	args := []string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=200"}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	s.cmd = exec.Command(s.programs.postgres, args...)
	s.cmd.Dir, s.cmd.SysProcAttr = s.dir, s.ids.attributes()
	s.cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	started := make(chan error)
	cmd, exited := s.cmd, s.exited
	go func() {
		defer close(exited)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
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
