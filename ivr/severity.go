package ivr

import (
	"context"
	"errors"

	"readback/tickets"
)

// keyConfirm is the second key of an urgent problem.
const keyConfirm Key = '1'

// severity asks how bad it is, most urgent first. Urgent takes a second key; what is chosen counts from
// the first one on, should the caller be cut off between them.
func (c *conversation) severity(ctx context.Context) error {
	for {
		key, err := c.ask(ctx, "1234", c.prompts("severity", "severity-1", "severity-2", "severity-3", "severity-4"))
		if err != nil {
			return err
		}
		c.priority, c.rated, c.confirmed = tickets.Priority(key-'0'), true, false
		if c.priority != tickets.P1 {
			return nil
		}
		if err := c.confirm(ctx); !errors.Is(err, errBack) {
			return err
		}
		c.priority = 0
	}
}

// confirm is errBack when urgent was not meant.
func (c *conversation) confirm(ctx context.Context) error {
	if _, err := c.ask(ctx, string(keyConfirm), c.prompts("confirm-urgent")); err != nil {
		return err
	}
	c.confirmed = true
	return nil
}
