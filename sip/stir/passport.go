package stir

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	maxDestinations = 64
	maxOrigID       = 64 // bytes; it is a UUID
)

// A passport is one Identity header, read but not yet believed.
type passport struct {
	identity
	head   head
	claims claims
	reason Reason // why it cannot be read
	done   bool   // a diversion that need not be looked at again
}

// head is the JOSE header (RFC 8225 section 4).
type head struct {
	Alg string `json:"alg"`
	Typ string `json:"typ"`
	PPT string `json:"ppt"`
	X5U string `json:"x5u"`
}

// claims are the payload (RFC 8225 section 5, RFC 8588 sections 4 and 5, RFC 8946 section 3).
type claims struct {
	jwt.RegisteredClaims
	Attest string       `json:"attest"`
	OrigID string       `json:"origid"`
	Orig   party        `json:"orig"`
	Dest   destinations `json:"dest"`
	Div    party        `json:"div"`
}

type party struct {
	TN  string `json:"tn"`
	URI string `json:"uri"`
}

type destinations struct {
	TN  texts `json:"tn"`
	URI texts `json:"uri"`
}

// texts is a list of strings, or one that stands alone, as some signers write it.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	if len(list) > maxDestinations {
		return errors.New("more destinations than any call has")
	}
	*t = list
	return nil
}

func parseAll(headers []string) []*passport {
	list := make([]*passport, 0, len(headers))
	for _, h := range headers {
		list = append(list, parsePassport(h))
	}
	return list
}

func parsePassport(value string) *passport {
	id, ok := parseIdentity(value)
	p := &passport{identity: id}
	switch {
	case !ok:
		p.reason = Malformed
	case id.alg != "" && id.alg != "ES256":
		p.reason = WrongAlgorithm
	case !soundURL(id.info):
		p.reason = WrongInfo
	case !id.compact:
		p.reason = p.decode()
	}
	return p
}

// decode reads the token of the full form. Parameters of the header that repeat it must say the same.
func (p *passport) decode() Reason {
	segments := strings.Split(p.token, ".")
	if !decodeSegment(segments[0], &p.head) || !decodeSegment(segments[1], &p.claims) {
		return Malformed
	}
	ppt := strings.ToLower(p.head.PPT)
	switch {
	case !strings.EqualFold(p.head.Typ, "passport"):
		return Malformed
	case p.head.Alg != "ES256":
		return WrongAlgorithm
	case p.ppt != "" && p.ppt != ppt:
		return Malformed
	case p.head.X5U != p.info:
		return WrongInfo
	}
	p.ppt = ppt
	return ""
}

func decodeSegment(segment string, into any) bool {
	data, err := base64.RawURLEncoding.DecodeString(segment)
	return err == nil && json.Unmarshal(data, into) == nil
}

// check compares what is signed with the call and the time.
func (p *passport) check(now time.Time, freshness time.Duration, call Call) Reason {
	c := &p.claims
	switch {
	case c.IssuedAt == nil:
		return Malformed
	case !fresh(c.IssuedAt.Time, now, freshness), c.ExpiresAt != nil && now.After(c.ExpiresAt.Time):
		return Stale
	case p.ppt == "shaken" && c.Attest != "A" && c.Attest != "B" && c.Attest != "C":
		return Malformed
	case len(call.Callers) == 0:
		return NoCaller
	case !holds(call.Callers, c.Orig.TN):
		return WrongCaller
	case !slices.ContainsFunc(c.Dest.TN, func(tn string) bool { return holds(call.Called, tn) }):
		return WrongCalled
	}
	return ""
}

func fresh(at, now time.Time, freshness time.Duration) bool {
	return now.Sub(at).Abs() <= freshness
}

// holds compares telephone numbers in their canonical form.
func holds(numbers []string, tn string) bool {
	tn = canonical(tn)
	return tn != "" && slices.ContainsFunc(numbers, func(n string) bool { return canonical(n) == tn })
}

// canonical is a number as it is signed (RFC 8224 section 8.3): country code and digits, nothing else. Empty is
// no number.
func canonical(number string) string {
	if len(number) > 64 {
		return ""
	}
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("+-.() ", r) {
			return -1
		}
		return r
	}, number)
	if strings.Trim(digits, "0123456789#*") != "" {
		return ""
	}
	return digits
}

func (p *passport) orig() string { return canonical(p.claims.Orig.TN) }

func (p *passport) divertedFrom() string { return canonical(p.claims.Div.TN) }

// signedBy checks the signature: ES256 and nothing else.
func (p *passport) signedBy(key *ecdsa.PublicKey) bool {
	i := strings.LastIndexByte(p.token, '.')
	return signedBy(p.token[:i], p.token[i+1:], key)
}

func signedBy(text, signature string, key *ecdsa.PublicKey) bool {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
	return err == nil && jwt.SigningMethodES256.Verify(text, raw, key) == nil
}

// result is that of a PASSporT whose signature holds.
func (p *passport) result(signer *credential) Result {
	r := Result{Attestation: None, Reason: NoAttestation, Provider: signer.provider()}
	if p.ppt == "shaken" {
		r.Attestation, r.Reason = Attestation(p.claims.Attest), Verified
		r.Caller = "+" + p.orig()
		r.OrigID = origID(p.claims.OrigID)
	}
	return r
}

// origID is an origid that is fit to be shown.
func origID(s string) string {
	const allowed = "0123456789abcdefABCDEF-"
	if len(s) > maxOrigID || strings.Trim(s, allowed) != "" {
		return ""
	}
	return s
}
