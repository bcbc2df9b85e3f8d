package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/nyaruka/phonenumbers"

	"readback/config"
	"readback/tickets"
)

// callable says why the customer of a ticket may not be called back, and is nil when that is allowed: only a number that was
// verified, in a country that is called, and none that costs more than a call.
func callable(c *config.Config, t tickets.Ticket) error {
	refused := func(because string) error { return fmt.Errorf("%w: %s", tickets.ErrRefused, because) }
	if !c.Notify.Callback.On() {
		return refused("calling back is not configured (notify.callback)")
	}
	if t.Callback == "" || !t.CallbackVerified {
		return refused("the customer's number is not verified")
	}
	number, err := phonenumbers.Parse(t.Callback, "")
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return refused("the customer's number is none")
	}
	if kind, ok := dear[phonenumbers.GetNumberType(number)]; ok {
		return refused("the customer's number is " + kind)
	}
	if slices.ContainsFunc(c.Numbers, func(n config.Number) bool { return n.Number == t.Callback }) {
		return refused("the customer's number is one of ours")
	}
	country := phonenumbers.GetRegionCodeForNumber(number)
	if !slices.Contains(callableCountries(c, t), country) {
		return refused(fmt.Sprintf("numbers in %s are not called (notify.callback.countries)", cmp.Or(country, "no country")))
	}
	return nil
}

// dear are the types of numbers whose callers pay those who are called.
var dear = map[phonenumbers.PhoneNumberType]string{
	phonenumbers.PREMIUM_RATE:    "at a premium rate",
	phonenumbers.SHARED_COST:     "at a shared cost",
	phonenumbers.PERSONAL_NUMBER: "a personal number, at a rate of its own",
}

// callableCountries are those that are configured, or else that of the number which the customer had dialled.
func callableCountries(c *config.Config, t tickets.Ticket) []string {
	if len(c.Notify.Callback.Countries) > 0 {
		return c.Notify.Callback.Countries
	}
	for _, n := range c.Numbers {
		if n.Number == t.Called {
			return []string{n.Country}
		}
	}
	number, err := phonenumbers.Parse(t.Called, "")
	if err != nil {
		return nil
	}
	return []string{phonenumbers.GetRegionCodeForNumber(number)}
}
