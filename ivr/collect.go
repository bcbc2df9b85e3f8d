package ivr

import (
	"context"
	"errors"
	"time"
)

// The most digits of each entry.
const (
	maxAccount = 12
	maxPIN     = 12
	maxPhone   = 15 // E.164
)

// An entry is digits that the caller types, ended by "#" or by a pause.
type entry struct {
	question []Prompt
	max      int
	between  time.Duration // patience between two keys
}

// errStartOver: the caller cleared an entry that had begun.
var errStartOver = errors.New("the caller starts the entry over")

// collect puts the question until digits are typed. It notes and logs none of them: what they are and
// whether they are secret is the business of the step. "*" clears what was typed, and is errBack when
// there is nothing to clear; a single "0" helps; after maxFailures it is errKeyless.
func (c *conversation) collect(ctx context.Context, e entry) (string, error) {
	q := c.inquire(e.question)
	for {
		first, err := q.insist(ctx, c.patience.First)
		if err != nil {
			return "", err
		}
		digits, err := c.digits(ctx, first, e)
		switch {
		case errors.Is(err, errStartOver):
			q.next, err = q.question, nil
		case err != nil:
			return "", err
		case digits == "0":
			err = q.help(ctx)
		case digits == "":
			err = q.failSaying(NoMatch, "entry-empty")
		case len(digits) > e.max:
			err = q.failSaying(NoMatch, "entry-too-long")
		default:
			return digits, nil
		}
		if err != nil {
			return "", err
		}
	}
}

// digits reads the rest of an entry from its first key on. Of one that is too long it keeps just
// enough to tell.
func (c *conversation) digits(ctx context.Context, key Key, e entry) (string, error) {
	var typed []byte
	for key != '#' {
		switch {
		case key == '*' && len(typed) == 0:
			c.pressed("*")
			return "", errBack
		case key == '*':
			c.pressed(secret + "*")
			return "", errStartOver
		case key >= '0' && key <= '9' && len(typed) <= e.max:
			typed = append(typed, byte(key))
		}
		next, err := c.nextKey(ctx, e.between)
		if errors.Is(err, errNoInput) {
			break
		}
		if err != nil {
			return "", err
		}
		key = next
	}
	return string(typed), nil
}
