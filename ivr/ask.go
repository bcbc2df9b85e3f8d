package ivr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxFailures is how often a question is put in vain before the caller is offered the way without keys.
const maxFailures = 3

// An inquiry is one question on its way to an answer.
type inquiry struct {
	*conversation
	question []Prompt
	next     []Prompt // what is played next: the question, and what has to be said before it
	failures int
	helped   bool // the caller has just asked for help
}

func (c *conversation) inquire(question []Prompt) *inquiry {
	return &inquiry{conversation: c, question: question, next: c.after(question)}
}

// ask puts a question until it is answered with one of the keys in answers. "*" is errBack unless it is
// an answer; "0" helps; after maxFailures it is errKeyless.
func (c *conversation) ask(ctx context.Context, answers string, question []Prompt) (Key, error) {
	q := c.inquire(question)
	return q.answer(ctx, answers, func() (Key, error) { return q.insist(ctx, c.patience.Menu) })
}

// offer is ask for a question that silence answers too: that is errNoInput.
func (c *conversation) offer(ctx context.Context, answers string, question []Prompt, patience time.Duration) (Key, error) {
	q := c.inquire(question)
	return q.answer(ctx, answers, func() (Key, error) { return q.hear(ctx, patience, q.next) })
}

func (q *inquiry) answer(ctx context.Context, answers string, nextKey func() (Key, error)) (Key, error) {
	for {
		key, err := nextKey()
		switch {
		case err != nil:
			return 0, err
		case strings.IndexByte(answers, byte(key)) >= 0:
			q.pressed(string(key))
			return key, nil
		case key == '*':
			q.pressed("*")
			return 0, errBack
		case key == '0':
			err = q.help(ctx)
		default:
			err = q.fail(NoMatch)
		}
		if err != nil {
			return 0, err
		}
	}
}

// insist puts the question until the caller presses a key.
func (q *inquiry) insist(ctx context.Context, patience time.Duration) (Key, error) {
	for {
		key, err := q.hear(ctx, patience, q.next)
		if !errors.Is(err, errNoInput) {
			return key, err
		}
		if err := q.fail(NoInput); err != nil {
			return 0, err
		}
	}
}

// fail counts a failure and says so before the question comes again, each time in other words.
func (q *inquiry) fail(kind StepKind) error {
	return q.failSaying(kind, fmt.Sprintf("%s-%d", kind, min(q.failures+1, maxFailures-1)))
}

// failSaying is fail with words of its own. After a wrong key those typed ahead are dropped: they were
// meant for a conversation that went another way.
func (q *inquiry) failSaying(kind StepKind, name string) error {
	q.observe(Step{Kind: kind})
	q.failures++
	q.helped = false
	if kind == NoMatch {
		q.line.DropKeys()
	}
	if q.failures >= maxFailures {
		return errKeyless
	}
	q.next = append(q.prompts(name), q.question...)
	return nil
}

// help repeats the question slowly and offers a pause, which is what a second request for help makes:
// for relay operators, and whoever has to look something up.
func (q *inquiry) help(ctx context.Context) error {
	q.pressed("0")
	if !q.helped {
		q.helped = true
		q.next = append(slowly(q.question), q.prompts("help-pause")...)
		return nil
	}
	q.helped = false
	q.next = q.question
	_, err := q.hear(ctx, q.patience.Pause, q.prompts("paused"))
	if errors.Is(err, errNoInput) {
		return nil // long enough: the question comes again
	}
	return err
}
