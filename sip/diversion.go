package sip

import (
	"slices"
	"strconv"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

const (
	maxDiversions   = 16
	maxReasonWord   = 32 // bytes
	unknownReason   = "unknown"
	diversionHeader = "Diversion"
)

// Diversion is one redirection of a call on its way here.
type Diversion struct {
	Number string // E.164 of who diverted; empty when private or not a number
	// Reason is a word of RFC 5806 section 4: user-busy, no-answer, unavailable, unconditional, time-of-day,
	// do-not-disturb, deflection, follow-me, out-of-service, away, unknown; or one of the carrier's own.
	Reason  string
	Count   int    // diversions that this entry stands for, at least 1 (RFC 5806 counter)
	Private bool   // who diverted asked not to be named
	Header  string // "Diversion" or "History-Info"
}

// divertedBy notes the diversions of a call, and what was dialled before the first. That the called number itself
// was led to this gateway is none.
func (id *Identity) divertedBy(req *sipgo.Request, region string) {
	list := diversions(req, region)
	for len(list) > 0 && list[len(list)-1].Number == id.Called {
		list = list[:len(list)-1]
	}
	if len(list) > 0 {
		id.Diversions, id.OriginalCalled = list, list[0].Number
	}
}

// diversions are in the order in which they happened. History-Info tells more than Diversion does, and where both
// are there it is the newer of the two (RFC 7544 section 3).
func diversions(req *sipgo.Request, region string) []Diversion {
	list := historyDiversions(req, region)
	if len(list) == 0 {
		list = oldDiversions(req, region)
	}
	return list[max(0, len(list)-maxDiversions):]
}

// oldDiversions are those of Diversion headers, whose first value is the latest (RFC 5806 section 6).
func oldDiversions(req *sipgo.Request, region string) []Diversion {
	var list []Diversion
	for _, a := range addressesIn(req, diversionHeader) {
		d := Diversion{Header: diversionHeader, Private: a.private(), Reason: reasonWord(a.param("reason")), Count: 1}
		if n, err := strconv.Atoi(a.param("counter")); err == nil && n > 0 && n <= maxForwards {
			d.Count = n
		}
		d.named(&a.uri, region)
		list = append(list, d)
	}
	slices.Reverse(list)
	return list
}

// named enters the number of who diverted, unless that is private.
func (d *Diversion) named(uri *sipgo.Uri, region string) {
	if n, ok := parseNumber(uri, region); ok && !d.Private {
		d.Number = n.E164
	}
}

// reasonWord is a reason that is fit to be counted and shown.
func reasonWord(s string) string {
	if s == "" || len(s) > maxReasonWord || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
		return unknownReason
	}
	return s
}
