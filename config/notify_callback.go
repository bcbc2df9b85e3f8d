package config

import "fmt"

// Callback is how customers are called who hung up before their ticket's number was read. Only numbers that the customer's
// account has, that were vouched for, or that were typed after the PIN are called, and none at a premium rate.
type Callback struct {
	// The trunk by which customers are called. It must have an address. Empty: nobody is called back.
	Trunk string `yaml:"trunk"`
	// The countries whose numbers are called, ISO 3166. Empty: the country of the number that the customer had dialled.
	Countries []string `yaml:"countries" jsonschema:"maxItems=250,uniqueItems=true,pattern=^[A-Z]{2}$" fix:"write the ISO 3166 code, like US, GB or AU"`
	// How long a customer's phone may ring.
	Ring Duration `yaml:"ring" between:"5s,3m"`
	// Calls to customers in any hour; past that, they are tried again later.
	PerHour int `yaml:"per_hour" jsonschema:"minimum=1,maximum=10000"`
}

// On reports whether customers are called back.
func (c Callback) On() bool { return c.Trunk != "" }

// callback checks that there is a way to customers.
func (r *reader) callback() {
	c := r.config.Notify.Callback
	for i, country := range c.Countries {
		at := fmt.Sprintf("notify.callback.countries[%d]", i)
		if !r.problems.broken(at) {
			r.country(at, country)
		}
	}
	if c.On() {
		r.outbound("notify.callback.trunk", c.Trunk)
	}
}
