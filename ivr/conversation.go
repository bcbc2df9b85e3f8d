package ivr

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"readback/ivr/say"
	"readback/tickets"
)

const (
	problem = tickets.KindProblem
	enquiry = tickets.KindServices
)

// A conversation is one run of the script.
type conversation struct {
	script   *Script
	patience Patience
	log      *slog.Logger
	line     Line
	call     Call

	locale    string
	extension string   // still to be used instead of a key at the menu
	lead      []Prompt // to be played in front of whatever is played next
	keys      []string // that were answers, for the call record

	facts
}

// facts are what is known so far. Whatever happens next, a ticket can be made of them.
type facts struct {
	kind tickets.Kind

	named   string           // account that the caller's number names, while a PIN is still due
	account *tickets.Account // proven by PIN or by a vouched number; nil: unverified
	pin     bool             // proven by PIN
	denials int              // wrong pairs of account and PIN in this call
	refused bool             // the account's plan is not served by telephone

	priority  tickets.Priority // 0: none
	rated     bool             // a priority key was pressed, be it taken back
	confirmed bool             // a P1, by a second key

	recording Recording
	spoke     bool // for a second at least, in any recording

	callback         string // E.164
	callbackVerified bool

	attached tickets.Incident // that the caller says this is

	informed tickets.Ticket // that was there, and whose number the caller heard
	notes    []string       // recordings that were left on tickets

	ticket       tickets.Ticket
	joined       bool  // the ticket was opened by an earlier call
	told         bool  // the whole number was played
	acknowledged bool  // and the desk knows
	failure      error // why there is no ticket
	unreached    int   // how often no agent was
}

// prompts are sounds of the caller's locale, by name.
func (c *conversation) prompts(names ...string) []Prompt {
	prompts := make([]Prompt, len(names))
	for i, name := range names {
		prompts[i] = Prompt{Locale: c.locale, Name: name}
	}
	return prompts
}

// spoken are the sounds of a value.
func (c *conversation) spoken(tokens []say.Token) []Prompt {
	prompts := make([]Prompt, len(tokens))
	for i, token := range tokens {
		prompts[i] = Prompt{Locale: c.locale, Name: token.Name, Gap: token.Gap}
	}
	return prompts
}

// tell says something in front of what is played next, so that a key cuts both short.
func (c *conversation) tell(names ...string) { c.lead = append(c.lead, c.prompts(names...)...) }

// after puts what is still to be told in front of prompts.
func (c *conversation) after(prompts []Prompt) []Prompt {
	all := append(c.lead, prompts...)
	c.lead = nil
	return all
}

// play plays to the end, whatever the caller presses; keys are kept as typed ahead.
func (c *conversation) play(ctx context.Context, prompts ...Prompt) error {
	prompts = c.after(prompts)
	c.observe(Step{Kind: Said, Prompts: prompts})
	return c.line.Play(ctx, prompts...)
}

// atDesk lets the desk work in a context that outlives a hang-up, for a limited time. A caller who has
// to wait is told so.
func (c *conversation) atDesk(ctx context.Context, work func(context.Context) error) error {
	desk, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.patience.Desk)
	defer cancel()
	waiting, done := c.line.Patience(ctx, c.patience.Checking, errSlow)
	var err error
	wait := beside(func() {
		defer done()
		err = work(desk)
	})
	<-waiting.Done()
	if errors.Is(context.Cause(waiting), errSlow) {
		_ = c.play(ctx, c.prompts("checking")...) // a courtesy: how the call goes on is decided by the work
	}
	wait()
	return err
}

// beside runs f in a goroutine until wait returns. A panic of f becomes one of wait, where whoever runs
// the conversation can recover it.
func beside(f func()) (wait func()) {
	var group sync.WaitGroup
	var problem any
	group.Go(func() {
		defer func() { problem = recover() }()
		f()
	})
	return func() {
		group.Wait()
		if problem != nil {
			panic(problem)
		}
	}
}

// slowly spreads prompts out, for whoever has to write or relay them.
func slowly(prompts []Prompt) []Prompt {
	const pause = 700 * time.Millisecond
	var spread []Prompt
	for i, prompt := range prompts {
		if prompt.Gap > 0 {
			prompt.Gap *= 2
		} else if i > 0 && prompts[i-1].Gap == 0 {
			spread = append(spread, Prompt{Gap: pause})
		}
		spread = append(spread, prompt)
	}
	return spread
}
