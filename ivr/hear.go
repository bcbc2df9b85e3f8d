package ivr

import (
	"context"
	"errors"
	"time"
)

var (
	errPressed = errors.New("a key was pressed")
	errSlow    = errors.New("the desk takes its time")
)

// hear plays prompts and listens meanwhile. It returns the first key pressed before, during, or within
// the patience after them; a key cuts them short, and one that was typed ahead spares the caller the
// prompts altogether. Without a key it is errNoInput.
func (c *conversation) hear(ctx context.Context, patience time.Duration, prompts []Prompt) (Key, error) {
	if key, ok := c.typedAhead(ctx); ok {
		return key, nil
	}
	listening, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	playing, interrupt := context.WithCancelCause(ctx)
	defer interrupt(nil)

	var key Key
	var deaf error
	wait := beside(func() {
		defer interrupt(errPressed)
		key, deaf = c.line.ReadKey(listening)
	})
	c.observe(Step{Kind: Said, Prompts: prompts})
	err := c.line.Play(playing, prompts...)
	if err == nil {
		err = c.wait(playing, patience)
	}
	giveUp(err)
	wait()
	return key, deaf
}

// wait returns when ctx is done or the patience is over, with the cause of ctx or errNoInput.
func (c *conversation) wait(ctx context.Context, patience time.Duration) error {
	waiting, stop := c.line.Patience(ctx, patience, errNoInput)
	defer stop()
	<-waiting.Done()
	return context.Cause(waiting)
}

// typedAhead takes a key that waits already.
func (c *conversation) typedAhead(ctx context.Context) (Key, bool) {
	now, cancel := context.WithCancel(ctx)
	cancel()
	key, err := c.line.ReadKey(now)
	return key, err == nil
}

// nextKey waits in silence; no key is errNoInput.
func (c *conversation) nextKey(ctx context.Context, patience time.Duration) (Key, error) {
	waiting, stop := c.line.Patience(ctx, patience, errNoInput)
	defer stop()
	return c.line.ReadKey(waiting)
}
