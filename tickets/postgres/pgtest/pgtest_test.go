package pgtest

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestServer(t *testing.T) {
	server, err := Start(t.Context(), Fast...)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), server.URL("postgres"))
	if err != nil {
		t.Fatal(errors.Join(err, server.Stop()))
	}
	var fsync string
	if err := conn.QueryRow(t.Context(), "show fsync").Scan(&fsync); fsync != "off" || err != nil {
		t.Errorf("fsync is %s, %v, want off", fsync, err)
	}
	if err := server.Process().Signal(syscall.SIGSTOP); err != nil {
		t.Error(err)
	}
	before := time.Now()
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(before); took > stopTime {
		t.Errorf("a paused server took %v to stop", took)
	}
	if _, err := os.Stat(server.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its directory: %v, want it gone", err)
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("it still answers")
	}
}

func TestStartTellsWhatIsWrong(t *testing.T) {
	if os.Getenv(Variable) == "" {
		if server, err := Start(t.Context(), "no_such_setting=1"); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
			t.Errorf("got %v, %v, want the server's own words", server, err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if found, err := findPrograms(); err != nil && !strings.Contains(err.Error(), Install) {
		t.Errorf("got %v, %v, want the line that installs it", found, err)
	}
}

func TestDatabasesAreApart(t *testing.T) {
	one, two := Database(t, nil), Database(t, nil)
	for _, address := range []string{one, two} {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "create table here (id integer)"); err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
