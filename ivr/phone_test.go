package ivr_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"readback/ivr"
	"readback/tickets"
)

var errHungUp = errors.New("the caller hung up")

// A deed is something the caller does once so many words of the transcript were heard.
type deed struct {
	after int    // words heard
	verb  string // "presses", "speaks", "hangs", "agent"
	what  string
}

// A phone is the caller's end in tests: it does what a transcript says the caller does, hears what the
// script says, and writes down both. A sound lasts a second, a digit a third of one.
//
// Transcript: "hears WORD…" (a prompt, with its locale in front unless it is home's; digits in a row are
// one word), "presses KEYS", "speaks DURATION", "hangs up". A caller presses when a word has been
// heard, over whatever follows in the same breath, and hangs up in the middle of it. What comes of a call to
// an agent is "agent busy", "agent talks" or "agent takes over"; what the caller does meanwhile follows it.
type phone struct {
	t      *testing.T
	home   string // locale that is not written out
	hangUp context.CancelCauseFunc
	hangAt int                      // hang up at this action of the line; 0: never
	exists func(number string) bool // a ticket with this number

	tapeless bool // nothing can be recorded

	mu      sync.Mutex
	deeds   []deed
	keys    []ivr.Key
	pressed chan struct{} // a key or more arrived
	actions int
	words   int
	lines   []string
	numbers []string // ticket numbers that were played as a whole
	digits  bool     // the last word is a run of digits
}

func newPhone(t *testing.T, home, transcript string, hangUp context.CancelCauseFunc) *phone {
	p := &phone{t: t, home: home, hangUp: hangUp, pressed: make(chan struct{}, 1)}
	words := 0
	for line := range strings.Lines(transcript) {
		verb, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "hears":
			words += len(strings.Fields(what))
		case "presses", "speaks", "hangs", "agent":
			p.deeds = append(p.deeds, deed{words, verb, what})
		}
	}
	return p
}

// transcript is what happened, a line each.
func (p *phone) transcript() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// act counts an action of the line, and hangs up at the chosen one.
func (p *phone) act() {
	p.mu.Lock()
	p.actions++
	now := p.actions == p.hangAt
	p.mu.Unlock()
	if now {
		p.hangUp(errHungUp)
	}
}

func (p *phone) Play(ctx context.Context, prompts ...ivr.Prompt) error {
	if number := ticketNumber(prompts); number != "" && !p.exists(number) {
		p.t.Errorf("ticket number %s is about to be spoken, but there is no such ticket", number)
	}
	for i, prompt := range prompts {
		if sounds(prompt) == (prompt.Gap > 0) || prompt.Name != "" && prompt.Recording != "" {
			p.t.Errorf("prompt %d of %v is not either sound or silence", i, prompts)
		}
		if sounds(prompt) {
			p.act()
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p.hear(prompt)
		if p.next("hangs") {
			p.perform()
		}
		if err := sleep(ctx, length(prompt)); err != nil {
			return err
		}
		within := isDigit(prompts, i) && isDigit(prompts, i+1)
		if sounds(prompt) && !within {
			p.heardOut(ctx, i == len(prompts)-1)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	p.played(prompts)
	return nil
}

func sounds(prompt ivr.Prompt) bool { return prompt.Name != "" || prompt.Recording != "" }

func length(prompt ivr.Prompt) time.Duration {
	switch {
	case !sounds(prompt):
		return prompt.Gap
	case strings.HasPrefix(prompt.Name, "digit-"):
		return time.Second / 3
	}
	return time.Second
}

// isDigit reports whether the prompts go on with a digit at i, after a gap or not.
func isDigit(prompts []ivr.Prompt, i int) bool {
	for ; i < len(prompts); i++ {
		if prompts[i].Name != "" {
			return strings.HasPrefix(prompts[i].Name, "digit-")
		}
	}
	return false
}

// hear writes a sound down.
func (p *phone) hear(prompt ivr.Prompt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !sounds(prompt) {
		return
	}
	word := cmp.Or(prompt.Name, prompt.Recording)
	digit, isDigit := strings.CutPrefix(strings.TrimSuffix(word, "-end"), "digit-")
	last := len(p.lines) - 1
	if isDigit && p.digits {
		p.lines[last] += digit
		return
	}
	p.digits = isDigit
	if isDigit {
		word = digit
	}
	if prompt.Name != "" && prompt.Locale != p.home {
		word = prompt.Locale + "/" + word
	}
	p.words++
	if last >= 0 && strings.HasPrefix(p.lines[last], "hears ") {
		p.lines[last] += " " + word
		return
	}
	p.lines = append(p.lines, "hears "+word)
}

// heardOut lets the caller do what is due at the end of a word: over the next one, or in the silence.
func (p *phone) heardOut(ctx context.Context, last bool) {
	if !p.next("presses") {
		return
	}
	if last {
		time.AfterFunc(time.Second/10, func() {
			for p.next("presses") {
				p.perform()
			}
		})
		return
	}
	for p.next("presses") {
		p.perform()
	}
	_ = sleep(ctx, time.Millisecond)
}

// next reports whether the caller's next deed is of a kind and due.
func (p *phone) next(verb string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.deeds) > 0 && p.deeds[0].verb == verb && p.deeds[0].after <= p.words
}

// perform does the next deed.
func (p *phone) perform() deed {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.deeds[0]
	p.deeds = p.deeds[1:]
	p.lines = append(p.lines, next.verb+" "+next.what)
	switch next.verb {
	case "presses":
		p.keys = append(p.keys, []ivr.Key(next.what)...)
		select {
		case p.pressed <- struct{}{}:
		default:
		}
	case "hangs":
		p.hangUp(errHungUp)
	}
	return next
}

// played notes a ticket number that was played to its last digit.
func (p *phone) played(prompts []ivr.Prompt) {
	if number := ticketNumber(prompts); number != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.numbers = append(p.numbers, number)
	}
}

// ticketNumber is the number that is said after the words that lead to one, or empty.
func ticketNumber(prompts []ivr.Prompt) string {
	leads := slices.ContainsFunc(prompts, func(prompt ivr.Prompt) bool {
		return prompt.Name == "ticket-registered" || prompt.Name == "ticket-repeat"
	})
	if !leads {
		return ""
	}
	var number string
	for _, prompt := range prompts {
		if digit, ok := strings.CutPrefix(strings.TrimSuffix(prompt.Name, "-end"), "digit-"); ok {
			number += digit
		}
	}
	return number
}

func (p *phone) ReadKey(ctx context.Context) (ivr.Key, error) {
	for {
		if key, ok := p.take(); ok {
			p.act()
			return key, nil
		}
		select {
		case <-p.pressed:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

func (p *phone) take() (ivr.Key, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.keys) == 0 {
		return 0, false
	}
	key := p.keys[0]
	p.keys = p.keys[1:]
	return key, true
}

func (p *phone) DropKeys() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = nil
}

func (p *phone) Record(ctx context.Context, name string, limit ivr.RecordLimit) (ivr.Recording, error) {
	recording := ivr.Recording{Name: name + ".wav"}
	if p.tapeless {
		return recording, errors.New("no space left on device")
	}
	p.act()
	began := time.Now()
	finish := func(end ivr.End, err error) (ivr.Recording, error) {
		recording.Length, recording.EndedBy = time.Since(began), end
		return recording, err
	}
	for p.next("speaks") {
		spoken, err := time.ParseDuration(p.perform().what)
		if err != nil {
			p.t.Fatal(err)
		}
		said := min(spoken, limit.Max-time.Since(began))
		if err := sleep(ctx, said); err != nil {
			return finish(ivr.EndHangup, err)
		}
		recording.Speech += said
		if said < spoken {
			return finish(ivr.EndMax, nil)
		}
	}
	p.act()
	switch {
	case p.next("hangs"):
		p.perform()
		return finish(ivr.EndHangup, context.Cause(ctx))
	case p.next("presses"):
		p.perform()
		if key, _ := p.take(); key != '#' {
			p.t.Errorf("a recording ends with #, not with %q", key)
		}
		return finish(ivr.EndKey, nil)
	}
	if err := sleep(ctx, limit.Silence); err != nil {
		return finish(ivr.EndHangup, err)
	}
	return finish(ivr.EndSilence, nil)
}

// Connect has an agent's phone ring for a second, with the caller's phone in between.
func (p *phone) Connect(ctx context.Context, ticket tickets.Ticket, announce func(context.Context) error) error {
	if err := announce(ctx); err != nil {
		return err
	}
	p.act()
	if !p.next("agent") {
		p.t.Error("an agent is called, but none is in the transcript")
		return errors.New("no agent")
	}
	if !p.exists(string(ticket.Number)) || len(p.numbers) == 0 {
		p.t.Errorf("an agent is called for ticket %s, which is not there or was not read out", ticket.Number)
	}
	what := p.perform().what
	for p.next("presses") || p.next("hangs") {
		p.perform()
	}
	if err := sleep(ctx, time.Second); err != nil {
		return err
	}
	p.act()
	switch {
	case what == "talks":
		return sleep(ctx, time.Minute)
	case what == "takes over" && ctx.Err() == nil:
		return fmt.Errorf("the agent: %w", ivr.ErrTransferred)
	}
	return fmt.Errorf("the agent is %s", what)
}

func (p *phone) Patience(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, cause)
}

func sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// numbering reads typed numbers of ten digits as American ones.
type numbering struct{}

func (numbering) Parse(typed, region string) (string, bool) {
	if len(typed) != 10 || region != "US" {
		return "", false
	}
	return "+1" + typed, true
}

func (numbering) Groups(e164, _ string) []string {
	national := strings.TrimPrefix(e164, "+1")
	if len(national) != 10 {
		return []string{fmt.Sprint(e164)}
	}
	return []string{national[:3], national[3:6], national[6:]}
}
