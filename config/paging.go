package config

import (
	"fmt"
	"slices"
	"strings"
)

// Paging is how engineers are woken.
type Paging struct {
	// By telephone.
	Phone PagingPhone `yaml:"phone"`
	// By other systems, which are told of alarms too.
	Webhooks []PagingWebhook `yaml:"webhooks" jsonschema:"maxItems=20"`
}

// PagingPhone is who is on call, and how they are phoned: one after the other until one accepts the ticket by key.
type PagingPhone struct {
	// The trunk by which engineers are called. It must have an address.
	Trunk string `yaml:"trunk"`
	// Those on call, in the order in which they are called. Empty: nobody is phoned.
	Engineers []Engineer `yaml:"engineers" jsonschema:"maxItems=100"`
	// How long an engineer's phone may ring.
	Ring Duration `yaml:"ring" between:"5s,3m"`
	// The pause after everybody was called in vain, before the first is called again.
	Again Duration `yaml:"again" between:"10s,1h"`
	// Calls to engineers in any hour; past that, they are tried again later.
	PerHour int `yaml:"per_hour" jsonschema:"minimum=1,maximum=10000"`
	// The priorities of tickets whose callers may wait on the line for an engineer, once they have proved which account is theirs.
	Callers []Priority `yaml:"callers" jsonschema:"maxItems=2,uniqueItems=true"`
	// How long a caller may wait.
	Wait Duration `yaml:"wait" between:"1m,1h"`
}

// Engineer is somebody on call.
type Engineer struct {
	// The name, for the ticket's history.
	Name string `yaml:"name" jsonschema:"required,maxLength=100"`
	// A telephone number with its country code, or a SIP URI.
	Number string `yaml:"number" jsonschema:"required,pattern=^(sips?:[^ <>]+|[+][0-9 ()./-]+)$,maxLength=253" fix:"write a number with its country code, like +16505550100, or a SIP URI, like sip:amy@pbx.example.com"`
	// The language and country of what they hear. Left out: those of the ticket.
	Language string `yaml:"language,omitempty" jsonschema:"pattern=^[a-z]{2}-[A-Z]{2}$" fix:"write language and country, like en-GB"`
}

// On reports whether engineers are phoned.
func (p PagingPhone) On() bool { return len(p.Engineers) > 0 }

// pagingPhone checks that there is a way to each engineer.
func (r *reader) pagingPhone() {
	const path = "paging.phone"
	p := &r.config.Paging.Phone
	names, numbers := map[string]string{}, map[string]string{}
	for i := range p.Engineers {
		e, at := &p.Engineers[i], fmt.Sprintf("%s.engineers[%d]", path, i)
		if strings.HasPrefix(e.Number, "+") && !r.problems.broken(at+".number") {
			r.dialable(at+".number", &e.Number)
		}
		r.once(at+".name", e.Name, names)
		r.once(at+".number", e.Number, numbers)
	}
	for i, priority := range p.Callers {
		if priority > 2 {
			at := fmt.Sprintf("%s.callers[%d]", path, i)
			r.report(at, r.shown(at)+" wakes nobody, so that a caller would wait in vain", "write [P1], or [P1, P2]")
		}
	}
	switch {
	case p.On() && p.Trunk == "":
		r.report(path+".engineers", "cannot be called: there is no trunk for it", "add trunk: with the name of one that has an address")
	case p.On():
		r.outbound(path+".trunk", p.Trunk)
	}
}

// once checks that a value is not given a second time.
func (r *reader) once(path, value string, taken map[string]string) {
	if value == "" {
		return
	}
	if other, ok := taken[value]; ok {
		r.report(path, r.shown(path)+" is already "+other, "keep one of the two")
		return
	}
	taken[value] = path
}

// warnAboutPaging finds lists of engineers that leave somebody waiting.
func (c *Config) warnAboutPaging(warn func(path, message, fix string)) {
	p := c.Paging.Phone
	switch {
	case p.On() && len(p.Engineers) == 1:
		warn("paging.phone.engineers", "one engineer is on call: when that one does not answer, nobody else is called", "add another one")
	case !p.On() && p.Trunk != "":
		warn("paging.phone.trunk", "nobody is on call, so that nobody is phoned", "add engineers")
	}
	if p.On() && slices.Contains(p.Callers, 2) {
		warn("paging.phone.callers", "callers with P2 may wait for an engineer, who is phoned outside working hours only", "write [P1]")
	}
}
