package main

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"readback/tickets/postgres/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(databases{m}, map[string]func(){"readback": main})
}

// databases runs the tests and then stops the PostgreSQL that they started.
type databases struct{ *testing.M }

func (d databases) Run() int { return pgtest.Main(d.M) }

// TestScripts runs the command line as its users do: testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

func TestStatusTellsAWrongCommandLineFromAFailure(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"done":       {nil, 0},
		"wrong flag": {fmt.Errorf("%w: unknown flag", errUsage), 2},
		"failure":    {context.DeadlineExceeded, 1},
		"reported":   {errReported, 1},
		"no file":    {os.ErrNotExist, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := status(test.err); got != test.want {
				t.Errorf("status(%v) = %d; want %d", test.err, got, test.want)
			}
		})
	}
}
