package ivr

import (
	"context"
	"errors"
)

// keyLinks asks for the addresses of form and chat by e-mail.
const keyLinks Key = '1'

// entitle lets pass whose plan may use the telephone. All others are shown the way that they may use,
// and never just cut off: that ends in errRefused, or errBack when the caller has another account.
func (c *conversation) entitle(ctx context.Context) error {
	plan := c.script.Desk.Plan(*c.account)
	if plan.Phone {
		return nil
	}
	c.refused = true
	c.observe(Step{Kind: Refused, Account: c.account.ID})
	c.tell("plan-web")
	if err := c.offerLinks(ctx); err != nil {
		return err
	}
	return errRefused
}

// offerLinks sends the addresses of form and chat by e-mail, where that is possible and wanted, and
// tells where to find them otherwise.
func (c *conversation) offerLinks(ctx context.Context) error {
	if !c.script.Mail || c.script.NoLinks || c.account.Email() == "" {
		c.tell("plan-where")
		return nil
	}
	key, err := c.ask(ctx, string(keyLinks)+string(keyEnd), c.prompts("plan-links"))
	switch {
	case errors.Is(err, errKeyless), err == nil && key == keyEnd:
		c.tell("plan-where")
		return nil
	case err != nil:
		return err
	}
	err = c.atDesk(ctx, func(ctx context.Context) error {
		return c.script.Desk.SendLinks(ctx, *c.account, c.call.Key)
	})
	if err != nil {
		c.trouble("send links", err)
		c.tell("plan-where")
		return nil
	}
	c.tell("plan-links-sent")
	return nil
}
