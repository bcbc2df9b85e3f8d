package sip

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	sipgo "github.com/emiago/sipgo/sip"

	"readback/sip/stir"
)

const (
	maxName      = 80 // bytes of a display name
	maxAddresses = 32 // values of one header that are looked at
)

// Headers that name a caller, for Trunk.TrustIdentity.
const (
	AssertedIdentity  = "P-Asserted-Identity"  // RFC 3325 section 9.1
	PreferredIdentity = "P-Preferred-Identity" // RFC 3325 section 9.2: a wish, which never vouches
	RemotePartyID     = "Remote-Party-ID"      // draft-ietf-sip-privacy-04; screen=no does not vouch
)

// Identity is who calls whom, as far as the INVITE says and its trunk is believed.
type Identity struct {
	Caller        string // E.164; empty when withheld or not a number
	CallerFrom    string // the header that named the caller: one of Trunk.TrustIdentity, or "From"
	CallerName    string // display name, printable, at most 80 bytes; empty when withheld
	CallerVouched bool   // the trunk is trusted to say who calls and did, or the number was attested in full (A)
	Withheld      bool   // the caller asked not to be named (RFC 3323), or has no name (RFC 3261 section 8.1.1.3)

	Called         string      // E.164, a number that is served
	CalledFrom     string      // where it was found: "Request-URI", "To", "P-Called-Party-ID", "Diversion" or "History-Info"
	Extension      string      // digits that came with the called number (;ext, ;postd)
	OriginalCalled string      // E.164, dialled before the first diversion; empty when not diverted, private or not a number
	Diversions     []Diversion // in the order in which they happened

	Attestation       stir.Attestation // of the caller's number: "A", "B", "C", "failed" or "none"
	AttestationReason string           // why, such as "verified", "verstat", "unsigned" or "unknown-certificate"
	OrigID            string           // origid of a verified PASSporT (RFC 8588 section 5): where the call entered the network
}

// identifyCaller says who calls, and how far that can be believed.
func (u *UserAgent) identifyCaller(req *sipgo.Request, t *Trunk, id *Identity, now time.Time) {
	c := callerOf(req, t)
	id.Withheld = (withheld(req) || c.private) && !t.Quirks.IgnorePrivacy
	vouched := t.TrustCaller && c.screened && c.number != ""
	c, attested := u.attest(req, t, c, vouched, id, now)
	id.CallerFrom = c.header
	if id.Withheld {
		return
	}
	id.Caller, id.CallerVouched = c.number, vouched || attested
	if !c.nameless {
		id.CallerName = orDefault(displayName(c.name), displayName(req.From().DisplayName))
	}
}

// callerNumber is the number of the caller, unless that is withheld.
func callerNumber(req *sipgo.Request, t *Trunk) string {
	if c := callerOf(req, t); t.Quirks.IgnorePrivacy || !withheld(req) && !c.private {
		return c.number
	}
	return ""
}

// A claim is a caller as one header names it.
type claim struct {
	address
	header   string
	number   string // E.164; empty when the header names none
	screened bool   // whoever wrote the header stands for it
	private  bool   // a believed header itself asks that the caller be not named
	nameless bool   // it asks that of the display name alone
}

// callerOf is the first number among the headers that the trunk is believed, or else what From says.
// The sender of a message may write anything into any of them.
func callerOf(req *sipgo.Request, t *Trunk) claim {
	private, nameless := false, false
	for _, name := range t.believed() {
		for _, a := range addressesIn(req, name) {
			c := claim{address: a, header: name, screened: name != PreferredIdentity}
			if name == RemotePartyID {
				if party := a.param("party"); party != "" && party != "calling" {
					continue
				}
				c.screened = a.param("screen") != "no"
				private = private || a.private()
				nameless = nameless || a.param("privacy") == "name"
			}
			if n, ok := parseNumber(t.Quirks.plain(&a.uri), t.Country); ok {
				c.number, c.private, c.nameless = n.E164, private, nameless
				return c
			}
		}
	}
	c := fromOf(req, t)
	c.private, c.nameless = private, nameless
	return c
}

// fromOf is what From says, which anyone may write.
func fromOf(req *sipgo.Request, t *Trunk) claim {
	from := req.From()
	n, _ := parseNumber(t.Quirks.plain(&from.Address), t.Country)
	return claim{address: address{from.DisplayName, from.Address, from.Params}, header: "From", number: n.E164, screened: true}
}

// believed are the headers whose word on the caller counts, by their proper names.
func (t *Trunk) believed() []string {
	if len(t.TrustIdentity) == 0 && t.TrustCaller {
		return []string{AssertedIdentity}
	}
	var names []string
	for _, name := range t.TrustIdentity {
		if proper, ok := identityHeader(name); ok {
			names = append(names, proper)
		}
	}
	return names
}

func identityHeader(name string) (string, bool) {
	for _, known := range []string{AssertedIdentity, PreferredIdentity, RemotePartyID} {
		if strings.EqualFold(name, known) {
			return known, true
		}
	}
	return "", false
}

// withheld says that the caller asked not to be named (RFC 3323 section 4.2), or is not (section 4.1.1.3).
func withheld(req *sipgo.Request) bool {
	levels := privacy(req)
	if slices.ContainsFunc([]string{"id", "user", "header"}, func(l string) bool { return slices.Contains(levels, l) }) {
		return true
	}
	from := &req.From().Address
	host := strings.ToLower(from.Host)
	return strings.EqualFold(from.User, "anonymous") || host == "anonymous.invalid" || strings.HasSuffix(host, ".anonymous.invalid")
}

// privacy are the levels that the caller asks for, in lower case.
func privacy(req *sipgo.Request) []string {
	var levels []string
	for _, h := range headersOf(req, "Privacy") {
		levels = append(levels, strings.FieldsFunc(strings.ToLower(h.Value()), func(r rune) bool { return r == ';' || r == ',' || r == ' ' })...)
	}
	return levels
}

// An address is one value of a header that holds addresses.
type address struct {
	name   string // display name as written, without its quotes
	uri    sipgo.Uri
	params sipgo.HeaderParams
}

// addressesIn are the sound ones among the first values of a header.
func addressesIn(req *sipgo.Request, header string) []address {
	entries := values(req, header)
	var list []address
	for _, entry := range entries[:min(len(entries), maxAddresses)] {
		var a address
		var err error
		if a.name, err = sipgo.ParseAddressValue(entry, &a.uri, &a.params); err == nil {
			list = append(list, a)
		}
	}
	return list
}

// param is a parameter behind the address, unquoted and in lower case.
func (a *address) param(name string) string {
	for _, p := range a.params {
		if strings.EqualFold(strings.TrimSpace(p.K), name) {
			return strings.ToLower(strings.Trim(strings.TrimSpace(p.V), `"`))
		}
	}
	return ""
}

// private says that a Remote-Party-ID or Diversion hides its number.
func (a *address) private() bool {
	return slices.ContainsFunc(a.params, func(p sipgo.HeaderKV) bool {
		value := strings.ToLower(strings.Trim(p.V, `" `))
		return strings.EqualFold(strings.TrimSpace(p.K), "privacy") && (value == "full" || value == "uri")
	})
}

// displayName makes a display name fit to be shown: no escapes, nothing that does not print, not too long.
func displayName(s string) string { return printable(unescape(s), maxName) }

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// printable drops what is not text: control characters, those that turn the direction of writing, broken UTF-8.
func printable(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	for len(s) > limit {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimSpace(s)
}
