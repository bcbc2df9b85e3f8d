package ivr

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"readback/tickets"
)

// A Script holds the conversations of a gateway: it greets a caller, finds out who calls and what is
// wrong, opens a ticket and reads its number back. One Script serves all calls at once.
type Script struct {
	Desk      Desk
	Numbering Numbering
	Mail      bool      // e-mail is configured, so it may be offered
	NoLinks   bool      // there is neither form nor chat whose address could be sent
	PINPolicy PINPolicy // "" is PINUnlessVouched
	Tries     int       // wrong pairs of account and PIN that a call may give; 0 is 3
	// Lookup finds an account by its number alone, for PINNever; without it the PIN is asked all the same.
	Lookup    func(ctx context.Context, account string) (tickets.Account, error)
	Agents    Agents             // nil: nobody is put through
	AgentsFor []tickets.Priority // verified callers with a ticket of these are offered an agent
	// Engineers are those who are paged about a ticket: a caller with one of EngineersFor may wait for one when no agent is
	// reached. nil: nobody is waited for.
	Engineers    Agents
	EngineersFor []tickets.Priority
	Patience     Patience
	Observe      func(Step) // may be nil; called from the goroutine of Run, in order
	Log          *slog.Logger
}

// A PINPolicy tells who has to enter a PIN.
type PINPolicy string

const (
	PINUnlessVouched PINPolicy = "unless-vouched" // who calls from a vouched number that one account has need not
	PINAlways        PINPolicy = "always"
	PINNever         PINPolicy = "never" // the account number is enough, and proves nothing
)

// Turns that a conversation takes. They travel as errors from the question where they come up to the
// place that knows where to go on.
var (
	errNoInput = errors.New("no key was pressed")
	errBack    = errors.New("the caller wants to go back one step")
	errKeyless = errors.New("the caller cannot or will not use keys")
	errRefused = errors.New("the plan of the caller is not served by telephone")
	errSilent  = errors.New("the caller said nothing")
	errNothing = errors.New("there is nothing to ask here")
)

// Run holds one conversation, from the greeting to the goodbye. It returns when there is nothing left
// to say, or with the cause of ctx when the call ended before; then everything that must outlive the
// call has been done, and the Outcome tells what came of it. Run does not hang up.
func (s *Script) Run(ctx context.Context, line Line, call Call) (Outcome, error) {
	c := s.begin(line, call)
	err := c.converse(ctx)
	if errors.Is(err, errKeyless) {
		err = c.withoutKeys(ctx)
	}
	switch {
	case errors.Is(err, errInformed):
		return c.outcome(nil), nil
	case errors.Is(err, errRefused), errors.Is(err, errSilent):
		return c.part(ctx, err)
	case err != nil:
		return c.salvage(ctx, err)
	}
	if err := c.file(ctx); err != nil {
		c.tell("ticket-failed") // honest: no number, and the ways that are left
		return c.part(ctx, err)
	}
	err = c.readBack(ctx)
	outcome := c.outcome(err)
	if errors.Is(err, ErrTransferred) {
		err = nil
	}
	return outcome, err
}

// converse asks what there is to ask. A caller who goes back from the first question meets the menu.
func (c *conversation) converse(ctx context.Context) error {
	c.tell("welcome")
	for {
		service, err := c.menu(ctx)
		if err != nil {
			return err
		}
		if err := service(ctx); !errors.Is(err, errBack) {
			return err
		}
	}
}

// support takes a problem.
func (c *conversation) support(ctx context.Context) error {
	c.kind = problem
	steps := []func(context.Context) error{
		c.incident, c.unlessAttached(c.known), c.unlessAttached(c.severity), c.unlessAttached(c.describe), c.reachable,
	}
	if !c.recognize(ctx) {
		return c.walk(ctx, append([]func(context.Context) error{c.identify}, steps...)...)
	}
	if err := c.entitle(ctx); err != nil {
		return err
	}
	return c.walk(ctx, steps...)
}

// services takes an enquiry about training, consulting and the like, from anybody.
func (c *conversation) services(ctx context.Context) error {
	c.kind = enquiry
	return c.walk(ctx, c.describe, c.reach)
}

// walk takes the steps in order, and one back whenever the caller says so. A step that is errNothing is left out either
// way. Back from the first one is errBack.
func (c *conversation) walk(ctx context.Context, steps ...func(context.Context) error) error {
	for at, by := 0, 1; at < len(steps); at += by {
		err := steps[at](ctx)
		switch {
		case err == nil:
			by = 1
		case errors.Is(err, errBack):
			by = -1
		case !errors.Is(err, errNothing):
			return err
		}
		if at+by < 0 {
			return errBack
		}
	}
	return nil
}

func (s *Script) begin(line Line, call Call) *conversation {
	return &conversation{
		script:    s,
		patience:  s.Patience.withDefaults(),
		log:       cmp.Or(s.Log, slog.New(slog.DiscardHandler)),
		line:      line,
		call:      call,
		locale:    call.Number.Locale,
		extension: call.Extension,
		facts:     facts{kind: problem},
	}
}
