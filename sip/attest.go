package sip

import (
	"slices"
	"strings"
	"time"

	sipgo "github.com/emiago/sipgo/sip"

	"readback/sip/stir"
)

// Verifier judges the values of a call's Identity headers (RFC 8224). It is asked while the INVITE waits, so it
// answers at once from what it has.
type Verifier interface {
	Verify(now time.Time, call stir.Call, headers []string) stir.Result
}

// What Identity.AttestationReason says beside the reasons of package stir.
const (
	ByVerstat     = "verstat"        // the carrier says so
	PassedVerstat = "verstat-passed" // the carrier says that the signature holds and not what it attests
	NotChecked    = "not-checked"    // there is a signature and no Verifier
	OtherNumber   = "other-number"   // the signature is on another number that the INVITE gives
)

// attest notes what stands behind the caller's number. Of a caller whom the trunk does not vouch for, the number that
// was attested in full is the one that counts.
func (u *UserAgent) attest(req *sipgo.Request, t *Trunk, c claim, vouched bool, id *Identity, now time.Time) (claim, bool) {
	var r stir.Result
	var signable []claim
	headers := values(req, "Identity", "y")
	switch {
	case len(headers) > 0 && u.config.Verifier != nil, t.Verstat:
		signable = signableBy(req, t)
		r = u.judge(req, t, append([]claim{c}, signable...), headers, id.Called, now)
	default:
		r = unjudged(headers)
	}
	id.OrigID = r.OrigID
	if r.Caller != "" && r.Caller != c.number {
		at := slices.IndexFunc(signable, func(s claim) bool { return s.number == r.Caller })
		if vouched || r.Attestation != stir.A || at < 0 {
			r = stir.Result{Attestation: stir.None, Reason: OtherNumber}
		} else {
			c = signable[at]
		}
	}
	id.Attestation, id.AttestationReason = r.Attestation, string(r.Reason)
	return c, r.Attestation == stir.A && c.number != "" && r.Caller == c.number
}

// judge asks for our own check first, then for the carrier's.
func (u *UserAgent) judge(req *sipgo.Request, t *Trunk, claims []claim, headers []string, called string, now time.Time) stir.Result {
	r := unjudged(headers)
	if len(headers) > 0 && u.config.Verifier != nil {
		r = u.config.Verifier.Verify(now, callFacts(req, t, claims, called), headers)
	}
	if t.Verstat && (r.Attestation == stir.None || r.Reason == stir.UnknownCertificate) {
		if said, ok := verstatOf(req, claims); ok {
			return said
		}
	}
	return r
}

func unjudged(headers []string) stir.Result {
	if len(headers) == 0 {
		return stir.Result{Attestation: stir.None, Reason: stir.Unsigned}
	}
	return stir.Result{Attestation: stir.None, Reason: NotChecked}
}

// signableBy are the numbers that a signer takes: asserted, or else of From (RFC 8224 section 4.1, ATIS-1000074).
func signableBy(req *sipgo.Request, t *Trunk) []claim {
	var list []claim
	for _, a := range addressesIn(req, AssertedIdentity) {
		if n, ok := parseNumber(&a.uri, t.Country); ok {
			list = append(list, claim{address: a, header: AssertedIdentity, number: n.E164})
		}
	}
	return append(list[:min(len(list), 2)], fromOf(req, t))
}

// callFacts are what the signature is compared with.
func callFacts(req *sipgo.Request, t *Trunk, claims []claim, called string) stir.Call {
	facts := stir.Call{Called: []string{called}}
	add := func(list []string, number string) []string {
		if number == "" || slices.Contains(list, number) {
			return list
		}
		return append(list, number)
	}
	for _, c := range claims {
		facts.Callers = add(facts.Callers, c.number)
	}
	for _, uri := range []*sipgo.Uri{&req.To().Address, &req.Recipient} {
		n, _ := parseNumber(uri, t.Country)
		facts.Called = add(facts.Called, n.E164)
	}
	if h := req.GetHeader("Date"); h != nil {
		facts.Date, _ = time.Parse(time.RFC1123, h.Value()) // none is the zero time
	}
	return facts
}

// verstatOf is what the carrier says of its own check, in the first of the claims that has it (ATIS-1000074,
// 3GPP TS 24.229 section 7.2A.20).
func verstatOf(req *sipgo.Request, claims []claim) (stir.Result, bool) {
	for _, c := range claims {
		_, params := subscriber(&c.uri)
		said := strings.ToLower(orDefault(params["verstat"], c.param("verstat")))
		level, passed := strings.CutPrefix(said, "tn-validation-passed")
		switch {
		case passed:
			return passedVerstat(req, level, c.number), true
		case strings.HasPrefix(said, "tn-validation-failed"):
			return stir.Result{Attestation: stir.Failed, Reason: ByVerstat}, true
		case said == "no-tn-validation":
			return stir.Result{Attestation: stir.None, Reason: ByVerstat}, true
		}
	}
	return stir.Result{}, false
}

// passedVerstat finds the level of a check that was passed: behind the word, or in a header of its own.
func passedVerstat(req *sipgo.Request, level, number string) stir.Result {
	level = strings.TrimPrefix(level, "-")
	for _, name := range []string{"Attestation-Info", "P-Attestation-Indicator"} {
		if h := req.GetHeader(name); h != nil && level == "" {
			level = strings.ToLower(strings.TrimSpace(h.Value()))
		}
	}
	switch level {
	case "a", "b", "c":
		return stir.Result{Attestation: stir.Attestation(strings.ToUpper(level)), Reason: ByVerstat, Caller: number}
	}
	return stir.Result{Attestation: stir.None, Reason: PassedVerstat}
}
