package ivr

import (
	"context"
	"slices"

	"readback/ivr/say"
	"readback/tickets"
)

// The keys of a number that was read back to be checked.
const (
	keyRight   Key = '1'
	keyAnother Key = '2'
)

// reach finds out where the caller can be called back: at the number that the call came from, or at
// another one. Either is read back.
func (c *conversation) reach(ctx context.Context) error {
	number, typed := c.call.Caller.Number, false
	if number == "" {
		c.tell("callback-withheld")
	}
	for {
		if number != "" {
			key, err := c.ask(ctx, string(keyRight)+string(keyAnother), c.readNumber(number))
			if err != nil {
				return err
			}
			if key == keyRight {
				c.callback, c.callbackVerified = number, c.mayCall(number, typed)
				return nil
			}
		}
		var err error
		if number, err = c.typeNumber(ctx); err != nil {
			return err
		}
		typed = true
	}
}

func (c *conversation) readNumber(number string) []Prompt {
	groups := c.script.Numbering.Groups(number, c.call.Number.Region)
	prompts := append(c.prompts("callback-is"), c.spoken(say.Phone(c.locale, groups))...)
	return append(prompts, c.prompts("callback-right")...)
}

// typeNumber takes a telephone number as it is dialled in the region of the called number. One that is
// nobody's is asked for again, so often and no more.
func (c *conversation) typeNumber(ctx context.Context) (e164 string, err error) {
	for failures := 1; ; failures++ {
		typed, err := c.collect(ctx, entry{c.prompts("callback-enter"), maxPhone, c.patience.Between})
		if err != nil {
			return "", err
		}
		if number, ok := c.script.Numbering.Parse(typed, c.call.Number.Region); ok {
			c.pressed(typed + "#")
			return number, nil
		}
		c.pressed(secret + "#")
		c.observe(Step{Kind: NoMatch})
		c.line.DropKeys()
		if failures == maxFailures {
			return "", errKeyless
		}
		c.tell("callback-wrong")
	}
}

// mayCall reports whether the desk may dial the number: it is vouched for on this call, a contact of
// the proven account has it, or it was typed by somebody who knows the PIN.
func (c *conversation) mayCall(number string, typed bool) bool {
	own := number == c.call.Caller.Number && c.call.Caller.Vouched
	return number != "" && (own || c.contactHas(number) || typed && c.pin)
}

func (c *conversation) contactHas(number string) bool {
	return c.account != nil && slices.ContainsFunc(c.account.Contacts, func(contact tickets.Contact) bool {
		return contact.Phone == number
	})
}
