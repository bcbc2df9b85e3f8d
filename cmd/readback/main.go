// Command readback answers a vendor's support numbers, finds out who is calling and what is wrong,
// opens a prioritised ticket and reads its number back before the caller hangs up.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, errReported) {
		fmt.Fprintln(os.Stderr, "readback:", err)
	}
	os.Exit(status(err))
}

// commands is the command line: one field a command, its flags in the command's own file.
type commands struct {
	Serve     serveCommand     `cmd:"" help:"Answer calls: the gateway."`
	Demo      demoCommand      `cmd:"" help:"Serve with sample accounts, phone in, show the conversation and the ticket."`
	Check     checkCommand     `cmd:"" help:"Validate the configuration: every problem with its line and the fix."`
	Call      callCommand      `cmd:"" help:"Phone a gateway: press keys on cue, name the prompts by their sound."`
	Load      loadCommand      `cmd:"" help:"Make many calls at once, and measure them."`
	Calls     callsCommand     `cmd:"" help:"Calls in progress and past ones: why one was refused, how it went, its signalling."`
	Trunk     trunkCommand     `cmd:"" help:"Trunks: are they up, how busy, what was refused; do carriers get along with the gateway."`
	Tickets   ticketsCommand   `cmd:"" help:"Tickets: look at them, change them, prove them, and see what is still to be sent."`
	Notify    notifyCommand    `cmd:"" help:"Try the ways by which customers are told."`
	Incidents incidentsCommand `cmd:"" help:"Problems of many customers: declare one, so that callers hear of it; resolve it, so that everyone is told."`
	Accounts  accountsCommand  `cmd:"" help:"Import, list and erase the accounts that may call."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the store's tables up to date."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
}

var (
	// errUsage marks a command line that asks for nothing that exists: exit status 2.
	errUsage = errors.New("usage")
	// errReported ends a command whose output has already said what is wrong: exit status 1.
	errReported = errors.New("problems found")
)

// run is the program; what it returns is status.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) error {
	var cli commands
	exited := false
	parser, err := kong.New(&cli,
		kong.Name("readback"),
		kong.Description("A telephone gateway that turns calls to support numbers into acknowledged tickets."),
		kong.Writers(out, errOut),
		kong.Exit(func(int) { exited = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&console{in: in, out: out, err: errOut}),
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if exited {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w; try readback --help", errUsage, err)
	}
	return command.Run()
}

// status is 0 for done, 2 for a wrong command line, 1 for everything else.
func status(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return 2
	default:
		return 1
	}
}
