package spool_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"readback/ivr"
)

var errHungUp = errors.New("the caller hung up")

// keysFor are what a caller answers, by a word of the prompt.
var keysFor = []struct{ prompt, keys string }{
	{"welcome", "2"},
	{"menu", "2"},
	{"incident", "2"},
	{"open-", "2"},
	{"severity", "2"},
	{"record-notice", "2"},
	{"describe", "2"},
	{"callback", "1"},
	{"choice", "9"},
}

// A line is a caller who knows what to press, and hangs up after so many sounds and keys. Sounds are short. Keys are waited for
// while a sound is played.
type line struct {
	call   string // its key
	keys   string // account and PIN, when asked
	hangAt int    // 0: never
	hangUp context.CancelCauseFunc
	say    func(what, call, number string)

	mu      sync.Mutex // of what follows
	actions int
	last    string // what was heard last
	answer  string // keys still to be pressed
}

// act counts what happens on the line.
func (l *line) act(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.actions++
	if l.actions == l.hangAt {
		l.hangUp(errHungUp)
	}
	return context.Cause(ctx)
}

// heard has the caller ready to answer the last prompt of some.
func (l *line) heard(prompts []ivr.Prompt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range prompts {
		if p.Name != "" && !strings.HasPrefix(p.Name, "digit-") {
			l.last = p.Name
		}
	}
	l.answer = l.answerTo(l.last)
}

// Play tells which ticket number is about to be spoken, and when it was.
func (l *line) Play(ctx context.Context, prompts ...ivr.Prompt) error {
	number := spokenNumber(prompts)
	if number != "" {
		l.say("spoken", l.call, number)
	}
	for _, p := range prompts {
		if p.Name == "" {
			continue
		}
		if err := l.act(ctx); err != nil {
			return err
		}
		if p.Name == "ticket-failed" {
			l.say("sorry", l.call, "-")
		}
	}
	l.heard(prompts)
	select {
	case <-time.After(time.Duration(2+rand.IntN(15)) * time.Millisecond):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if number != "" {
		l.say("told", l.call, number)
	}
	return nil
}

func (l *line) answerTo(prompt string) string {
	switch {
	case prompt == "account", prompt == "pin":
		part, rest, _ := strings.Cut(l.keys, "#")
		l.keys = rest
		return part + "#"
	case strings.HasPrefix(prompt, "severity"):
		return string("234"[rand.IntN(3)])
	}
	for _, a := range keysFor {
		if strings.HasPrefix(prompt, a.prompt) {
			return a.keys
		}
	}
	return ""
}

// spokenNumber is the ticket number among prompts, or empty.
func spokenNumber(prompts []ivr.Prompt) string {
	var number string
	leads := false
	for _, p := range prompts {
		leads = leads || p.Name == "ticket-registered" || p.Name == "ticket-repeat"
		if digit, ok := strings.CutPrefix(strings.TrimSuffix(p.Name, "-end"), "digit-"); ok && leads {
			number += digit
		}
	}
	return number
}

func (l *line) ReadKey(ctx context.Context) (ivr.Key, error) {
	if l.ready() {
		if err := l.act(ctx); err != nil {
			return 0, err
		}
		if key, ok := l.press(); ok {
			return key, nil
		}
	}
	<-ctx.Done()
	return 0, context.Cause(ctx)
}

func (l *line) ready() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answer != ""
}

// press is the next key, unless another prompt has changed the caller's mind.
func (l *line) press() (ivr.Key, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answer == "" {
		return 0, false
	}
	key := l.answer[0]
	l.answer = l.answer[1:]
	return ivr.Key(key), true
}

func (l *line) DropKeys() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = ""
}

func (l *line) Record(ctx context.Context, name string, _ ivr.RecordLimit) (ivr.Recording, error) {
	err := l.act(ctx)
	return ivr.Recording{Name: name + ".wav", Length: 3 * time.Second, Speech: 2 * time.Second, EndedBy: ivr.EndSilence}, err
}

func (l *line) Patience(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, cause)
}

// anyNumbering takes every number as it is typed.
type anyNumbering struct{}

func (anyNumbering) Parse(typed, _ string) (string, bool) { return "+" + typed, len(typed) > 7 }
func (anyNumbering) Groups(e164, _ string) []string       { return []string{strings.TrimPrefix(e164, "+")} }
