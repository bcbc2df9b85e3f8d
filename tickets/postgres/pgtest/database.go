package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Variable names a server to be used instead of a throw-away one.
const Variable = "READBACK_TEST_POSTGRES"

const databaseTime = 60 * time.Second

// shared is the server of this test process, and the database that others are copied from.
var shared struct {
	sync.Mutex
	server   *Server
	template string
	err      error
}

// Main runs the tests of a package and then stops the server they started, if any: func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }.
// Without it the server ends with the process, and its directory is removed by the next one.
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	var err error
	if shared.template != "" {
		err = administer(context.Background(), "drop database if exists "+shared.template+" with (force)")
	}
	if shared.server != nil {
		err = shared.server.Stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	return code
}

// Database is the URL of a fresh database that goes with the test. Prepare, when given, is run once a process on the database all
// others are copied from (migrations, most of all): it must be the same for all tests of a package.
func Database(t testing.TB, prepare func(ctx context.Context, address string) error) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), databaseTime)
	defer cancel()
	name, err := create(ctx, prepare)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), databaseTime)
		defer cancel()
		shared.Lock()
		defer shared.Unlock()
		if err := administer(ctx, "drop database if exists "+name+" with (force)"); err != nil {
			t.Error(err)
		}
	})
	return address(name)
}

func create(ctx context.Context, prepare func(context.Context, string) error) (string, error) {
	shared.Lock()
	defer shared.Unlock()
	if err := begin(ctx); err != nil {
		return "", err
	}
	name := newName()
	if prepare == nil {
		return name, administer(ctx, "create database "+name+" template template0")
	}
	if shared.template == "" {
		template := newName()
		if err := administer(ctx, "create database "+template+" template template0"); err != nil {
			return "", err
		}
		if err := prepare(ctx, address(template)); err != nil {
			return "", fmt.Errorf("prepare a test database: %w", err)
		}
		shared.template = template
	}
	return name, administer(ctx, "create database "+name+" template "+shared.template)
}

// begin starts the server once a process. A failure is told to every test.
func begin(ctx context.Context) error {
	if os.Getenv(Variable) != "" || shared.server != nil || shared.err != nil {
		return shared.err
	}
	shared.server, shared.err = Start(ctx, Fast...)
	return shared.err
}

// administer runs a statement outside the test databases. Names in it are made by newName.
func administer(ctx context.Context, statement string) error {
	where := os.Getenv(Variable)
	if where == "" {
		where = shared.server.URL("postgres")
	}
	conn, err := pgx.Connect(ctx, where)
	if err != nil {
		return fmt.Errorf("reach the test PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func newName() string { return "readback_test_" + strings.ToLower(rand.Text()) }

func address(database string) string {
	given := os.Getenv(Variable)
	if given == "" {
		return shared.server.URL(database)
	}
	parsed, err := url.Parse(given)
	if err != nil {
		return given // connecting will say what is wrong with it
	}
	parsed.Path = "/" + database
	return parsed.String()
}
