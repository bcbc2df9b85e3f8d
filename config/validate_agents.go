package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// agents checks that there is a way to those whom callers are put through to.
func (r *reader) agents() {
	a := &r.config.Agents
	if a.Connect == "" || r.problems.broken("agents.connect") {
		return
	}
	if strings.HasPrefix(a.Connect, "+") {
		r.dialable("agents.connect", &a.Connect)
	}
	switch {
	case a.Way == "refer":
		r.referred(a)
	case a.Trunk == "":
		r.report("agents.connect", "does not say by which trunk agents are called", "add trunk: with the name of one that has an address")
	default:
		r.outbound("agents.trunk", a.Trunk)
	}
}

// outbound checks a trunk by which we call.
func (r *reader) outbound(at, name string) {
	names := make([]string, 0, len(r.config.Trunks))
	for _, trunk := range r.config.Trunks {
		names = append(names, trunk.Name)
	}
	switch i := slices.Index(names, name); {
	case i < 0:
		r.report(at, r.shown(at)+" is no trunk of this file", suggestion(nearest(name, names), names))
	case r.config.Trunks[i].Address == "":
		r.report(at, r.shown(at)+" has no address to send calls to", fmt.Sprintf("add address: sip:… to trunks[%d]", i))
	}
}

// dialable writes a number that we call as E.164. Premium rates are nobody's to be dialled by a machine.
func (r *reader) dialable(at string, number *string) {
	parsed, err := phonenumbers.Parse(*number, "")
	switch {
	case err != nil || !plain(*number) || !phonenumbers.IsValidNumber(parsed):
		r.report(at, r.shown(at)+" is not a telephone number", "write it with its country code, like +16505550100")
	case phonenumbers.GetNumberType(parsed) == phonenumbers.PREMIUM_RATE:
		r.report(at, r.shown(at)+" is a number at a premium rate", "write another one")
	default:
		*number = phonenumbers.Format(parsed, phonenumbers.E164)
	}
}

// referred checks that the trunks of callers can be told where a number is.
func (r *reader) referred(a *Agents) {
	for i, trunk := range r.config.Trunks {
		if strings.HasPrefix(a.Connect, "+") && trunk.Address == "" {
			r.report("agents.connect", fmt.Sprintf("%s is a number, and trunk %q has no address where it could be looked for", r.shown("agents.connect"), shorten(trunk.Name)), fmt.Sprintf("write a SIP URI, or add address: sip:… to trunks[%d]", i))
		}
	}
}
