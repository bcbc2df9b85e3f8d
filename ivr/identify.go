package ivr

import (
	"cmp"
	"context"
	"errors"

	"readback/tickets"
)

// defaultTries is Script.Tries where nothing else is said.
const defaultTries = 3

// recognize reports whether the number that the call came from says who is calling, so that nothing has
// to be asked. Where a PIN is always asked, the number still spares the caller the account number.
func (c *conversation) recognize(ctx context.Context) bool {
	var account tickets.Account
	err := c.atDesk(ctx, func(ctx context.Context) (err error) {
		account, err = c.script.Desk.Recognize(ctx, c.call.Caller)
		return err
	})
	if err != nil {
		if !errors.Is(err, tickets.ErrNotFound) {
			c.trouble("recognize", err) // the caller can still prove the account
		}
		return false
	}
	c.tell("recognized")
	if c.script.PINPolicy == PINAlways {
		c.named = account.ID
		return false
	}
	c.accept(account, false)
	return true
}

// identify asks for account and PIN, until they match or the tries are used up. Wrong account and wrong
// PIN sound the same. It ends in errKeyless for a caller who fails, since there is a way for them too,
// and without an account when the desk cannot tell.
func (c *conversation) identify(ctx context.Context) error {
	for c.mayTry() {
		account, err := c.credentials(ctx)
		switch {
		case errors.Is(err, tickets.ErrDenied):
			c.deny()
		case errors.Is(err, errUnidentifiable):
			c.account, c.pin = nil, false
			c.tell("identify-unavailable")
			return nil
		case err != nil:
			return err
		default:
			c.accept(account, c.asksPIN())
			if err := c.entitle(ctx); !errors.Is(err, errBack) {
				return err
			}
		}
	}
	return errKeyless
}

// mayTry reports whether the call may give another pair of account and PIN.
func (c *conversation) mayTry() bool { return c.denials < cmp.Or(c.script.Tries, defaultTries) }

// errUnidentifiable: the desk cannot tell who is calling.
var errUnidentifiable = errors.New("nobody can be identified now")

// credentials asks for account and PIN and has the desk check them. Back from the PIN is the account.
func (c *conversation) credentials(ctx context.Context) (tickets.Account, error) {
	for {
		account, err := c.accountNumber(ctx)
		if err != nil {
			return tickets.Account{}, err
		}
		if !c.asksPIN() {
			return c.lookUp(ctx, account)
		}
		pin, err := c.askPIN(ctx)
		if errors.Is(err, errBack) {
			continue
		}
		if err != nil {
			return tickets.Account{}, err
		}
		return c.check(ctx, account, pin)
	}
}

func (c *conversation) askPIN(ctx context.Context) (tickets.PIN, error) {
	typed, err := c.collect(ctx, entry{c.prompts("pin"), maxPIN, c.patience.Between})
	if err != nil {
		return tickets.PIN{}, err
	}
	c.pressed(secret + "#")
	pin, _ := tickets.NewPIN(typed) // one that is too short is nobody's, and is refused like any other
	return pin, nil
}

// accountNumber is the one the caller types, unless the call came from a number that names one.
func (c *conversation) accountNumber(ctx context.Context) (string, error) {
	if named := c.named; named != "" {
		c.named = ""
		return named, nil
	}
	typed, err := c.collect(ctx, entry{c.prompts("account"), maxAccount, c.patience.Account})
	if err == nil {
		c.pressed(secret + "#") // until it is accepted it may be a PIN in the wrong place
	}
	return typed, err
}

func (c *conversation) asksPIN() bool {
	return c.script.PINPolicy != PINNever || c.script.Lookup == nil
}

func (c *conversation) check(ctx context.Context, number string, pin tickets.PIN) (account tickets.Account, err error) {
	err = c.atDesk(ctx, func(ctx context.Context) (err error) {
		account, err = c.script.Desk.Identify(ctx, c.call.Caller, number, pin)
		return err
	})
	if err != nil && !errors.Is(err, tickets.ErrDenied) {
		c.trouble("identify", err)
		err = errUnidentifiable
	}
	return account, err
}

// lookUp takes an account by its number alone.
func (c *conversation) lookUp(ctx context.Context, number string) (account tickets.Account, err error) {
	err = c.atDesk(ctx, func(ctx context.Context) (err error) {
		account, err = c.script.Lookup(ctx, number)
		return err
	})
	switch {
	case errors.Is(err, tickets.ErrNotFound):
		err = tickets.ErrDenied
	case err != nil:
		c.trouble("look up", err)
		err = errUnidentifiable
	}
	return account, err
}

func (c *conversation) accept(account tickets.Account, pin bool) {
	c.account, c.pin, c.refused = &account, pin, false
	c.observe(Step{Kind: Identified, Account: account.ID})
}

// deny counts a wrong pair. Keys that were typed ahead belonged to a right one.
func (c *conversation) deny() {
	c.denials++
	c.line.DropKeys()
	c.observe(Step{Kind: Denied})
	if c.mayTry() {
		c.tell("identify-wrong")
	} else {
		c.tell("identify-failed")
	}
}
