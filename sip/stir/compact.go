package stir

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// maxGuesses bounds the numbers of either side that a compact form is tried with: each pair costs a signature.
const maxGuesses = 2

// verifyCompact rebuilds what the compact form leaves out from the call (RFC 8224 section 4.1, RFC 8225 section 7).
// Claims of an extension cannot be rebuilt, so it attests nothing.
func (v *Verifier) verifyCompact(now time.Time, call Call, p *passport) Result {
	switch {
	case p.ppt != "", call.Date.IsZero():
		return failure(Malformed)
	case !fresh(call.Date, now, cmp.Or(v.Freshness, DefaultFreshness)):
		return failure(Stale)
	case len(call.Callers) == 0:
		return failure(NoCaller)
	}
	signature := p.token[len(".."):]
	for _, caller := range call.Callers[:min(len(call.Callers), maxGuesses)] {
		signer, reason := v.signer(now, p.info, canonical(caller))
		if reason != "" {
			return failure(reason)
		}
		for _, called := range call.Called[:min(len(call.Called), maxGuesses)] {
			if signedBy(rebuild(p.info, caller, called, call.Date), signature, signer.key) {
				return p.result(signer)
			}
		}
	}
	return failure(BadSignature)
}

// rebuild is what a signer of these facts has signed: keys in order, no white space (RFC 8225 section 9).
func rebuild(info, caller, called string, date time.Time) string {
	head := encodeSegment(map[string]any{"alg": "ES256", "typ": "passport", "x5u": info})
	return head + "." + encodeSegment(map[string]any{
		"dest": map[string]any{"tn": []string{canonical(called)}},
		"iat":  date.Unix(),
		"orig": map[string]any{"tn": canonical(caller)},
	})
}

func encodeSegment(m map[string]any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(m) // strings and numbers in a buffer
	return base64.RawURLEncoding.EncodeToString([]byte(strings.TrimSuffix(b.String(), "\n")))
}
