package ivr

import (
	"context"
	"errors"
)

// maxSilence is how often somebody who says nothing is asked to speak.
const maxSilence = 2

// withoutKeys is the way for whoever cannot or will not use keys, or cannot prove an account: stay on
// the line and describe the problem after the tone. What is known by then is kept: a description that
// was recorded already, a priority, an account that was proven. It ends in errSilent when there is
// nothing to make a ticket of.
func (c *conversation) withoutKeys(ctx context.Context) error {
	for range maxSilence {
		if c.recorded() {
			return nil
		}
		wordless, err := c.offerVoice(ctx)
		if err == nil && !wordless {
			err = c.record(ctx)
		}
		switch {
		case errors.Is(err, errUnrecordable), err == nil && wordless:
			return c.settleFor(c.call.Caller.Number != "") // somebody who can be called back asks for help
		case err != nil:
			return err
		case !c.recorded():
			c.tell("record-empty")
		}
	}
	return c.settleFor(false)
}

// settleFor is nil when a ticket is worth opening without a description, and errSilent otherwise.
func (c *conversation) settleFor(enough bool) error {
	if enough || c.worthTicket() {
		return nil
	}
	return errSilent
}

// offerVoice announces the recording, and reports whether the caller declines it. Of the keys only that
// one is taken; after any other the announcement is heard out.
func (c *conversation) offerVoice(ctx context.Context) (declined bool, err error) {
	notice := c.after(c.prompts("describe-without-keys", "record-notice"))
	key, err := c.hear(ctx, c.patience.Notice, notice)
	switch {
	case errors.Is(err, errNoInput):
		return false, nil
	case err != nil:
		return false, err
	case key == keyDecline:
		c.pressed(string(key))
		return true, nil
	}
	c.line.DropKeys()
	return false, c.play(ctx, notice...)
}
