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
		r.agentsNumber(a)
	}
	names := make([]string, 0, len(r.config.Trunks))
	for _, trunk := range r.config.Trunks {
		names = append(names, trunk.Name)
	}
	i := slices.Index(names, a.Trunk)
	switch {
	case a.Way == "refer":
		r.referred(a)
	case a.Trunk == "":
		r.report("agents.connect", "does not say by which trunk agents are called", "add trunk: with the name of one that has an address")
	case i < 0:
		r.report("agents.trunk", r.shown("agents.trunk")+" is no trunk of this file", suggestion(nearest(a.Trunk, names), names))
	case r.config.Trunks[i].Address == "":
		r.report("agents.trunk", r.shown("agents.trunk")+" has no address to send calls to", fmt.Sprintf("add address: sip:… to trunks[%d]", i))
	}
}

// agentsNumber writes the agents' number as E.164. Premium rates are nobody's to be dialled by a machine.
func (r *reader) agentsNumber(a *Agents) {
	const at = "agents.connect"
	parsed, err := phonenumbers.Parse(a.Connect, "")
	switch {
	case err != nil || !plain(a.Connect) || !phonenumbers.IsValidNumber(parsed):
		r.report(at, r.shown(at)+" is not a telephone number", "write it with its country code, like +16505550100")
	case phonenumbers.GetNumberType(parsed) == phonenumbers.PREMIUM_RATE:
		r.report(at, r.shown(at)+" is a number at a premium rate", "write another one")
	default:
		a.Connect = phonenumbers.Format(parsed, phonenumbers.E164)
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
