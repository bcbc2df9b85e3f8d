package sip

import (
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// caller finds who calls: E.164, or empty for a withheld number or what is none. It is vouched for when the
// trunk is trusted to say so. P-Asserted-Identity (RFC 3325) counts from trusted trunks only; the sender of
// a message may write anything into it.
func caller(req *sipgo.Request, t *Trunk) (number string, vouched bool) {
	if withheld(req) {
		return "", false
	}
	if t.TrustCaller {
		for _, entry := range values(req, "P-Asserted-Identity") {
			var uri sipgo.Uri
			if _, err := sipgo.ParseAddressValue(entry, &uri, nil); err != nil {
				continue
			}
			if n, ok := parseNumber(&uri, t.Country); ok {
				return n.E164, true
			}
		}
	}
	n, ok := parseNumber(&req.From().Address, t.Country)
	return n.E164, ok && t.TrustCaller
}

// withheld says that the caller asked not to be named (RFC 3323), or is not (RFC 3261 section 8.1.1.3).
func withheld(req *sipgo.Request) bool {
	for _, h := range req.GetHeaders("Privacy") {
		for _, level := range strings.FieldsFunc(h.Value(), func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
			switch strings.ToLower(level) {
			case "id", "user", "header":
				return true
			}
		}
	}
	from := &req.From().Address
	return strings.EqualFold(from.User, "anonymous") || strings.HasSuffix(strings.ToLower(from.Host), "anonymous.invalid")
}
