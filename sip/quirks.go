package sip

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	sipgo "github.com/emiago/sipgo/sip"
)

// Quirks are what a peer does or wants other than most. The zero value is a peer without any.
type Quirks struct {
	// ForceRport answers to the port that a request came from, asked or not (RFC 3581): for peers behind a NAT that do
	// not ask.
	ForceRport bool
	// StickToSource sends requests inside a call to where its INVITE came from: for SBCs whose Contact or Record-Route
	// has an address that is not to be used from outside.
	StickToSource bool
	// AlwaysTCP sends by TCP where Address would be reached by UDP: for carriers whose answers do not fit a datagram.
	AlwaysTCP bool

	// CalledFrom are the places of the called number, the first one to try first, of "Request-URI", "To",
	// "P-Called-Party-ID", "Diversion" and "History-Info"; empty is all of them in this order. It is for trunks whose
	// Request-URI is a pilot number that is served too.
	CalledFrom []string
	// CalledPrefix is taken off the front of the called number: for carriers that route by a technical prefix, such as
	// "9901#".
	CalledPrefix string
	// InternationalPrefixes stand for the plus of a number, beside 00 and that of Country: for carriers that send the
	// prefix of a third country, such as "0011" or "011".
	InternationalPrefixes []string
	// IgnorePrivacy names the caller although Privacy asks for the opposite (RFC 3323): for a trunk of your own PBX,
	// which marks every call so. It is no way to unmask the callers of a carrier.
	IgnorePrivacy bool

	// NumberFormat is how we write numbers: for carriers that want no plus. Empty is FormatE164.
	NumberFormat NumberFormat
	// NoUserPhone leaves ;user=phone off the numbers that we call (RFC 3261 section 19.1.1): for registrars that take
	// it for another user.
	NoUserPhone bool
	// FromDomain is the host of From in our calls, and of P-Asserted-Identity: for carriers that know a customer by it.
	FromDomain string
	// AssertCaller adds P-Asserted-Identity with the number that calls (RFC 3325): for carriers that show no other.
	AssertCaller bool
	// DropHeaders are not sent: for peers that stumble over them, or must not learn them, such as "Server".
	DropHeaders []string
}

// NumberFormat is a way to write a number.
type NumberFormat string

// The formats, for +44 20 3890 5445.
const (
	FormatE164     NumberFormat = "e164"     // +442038905445
	FormatBare     NumberFormat = "bare"     // 442038905445
	FormatZeroZero NumberFormat = "00"       // 00442038905445
	FormatNational NumberFormat = "national" // 02038905445 in the trunk's country, 00442038905445 elsewhere
)

// calledPlaces are the places of a called number in their usual order.
var calledPlaces = [...]string{"Request-URI", "To", "P-Called-Party-ID", diversionHeader, historyHeader}

// needed are the headers without which a message is none.
var needed = [...]string{
	"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Route", "Record-Route", "Content-Type", "Content-Length",
	"Require", "Authorization", "Proxy-Authorization",
}

func (q *Quirks) check(trunk string) error {
	var problems []error
	for _, place := range q.CalledFrom {
		if q.placeOf(place) == "" {
			problems = append(problems, fmt.Errorf("sip: trunk %s: no called number is in %q; give some of %s", trunk, place, strings.Join(calledPlaces[:], ", ")))
		}
	}
	for _, name := range q.DropHeaders {
		if slices.ContainsFunc(needed[:], func(n string) bool { return strings.EqualFold(n, name) }) {
			problems = append(problems, fmt.Errorf("sip: trunk %s: a message needs its header %s", trunk, name))
		}
	}
	switch q.NumberFormat {
	case "", FormatE164, FormatBare, FormatZeroZero, FormatNational:
	default:
		problems = append(problems, fmt.Errorf("sip: trunk %s: number format %q is neither e164 nor bare, 00, national", trunk, q.NumberFormat))
	}
	if strings.Trim(strings.ToLower(q.FromDomain), "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		problems = append(problems, fmt.Errorf("sip: trunk %s: %q is no domain", trunk, q.FromDomain))
	}
	return errors.Join(problems...)
}

func (*Quirks) placeOf(name string) string {
	for _, place := range calledPlaces {
		if strings.EqualFold(place, name) {
			return place
		}
	}
	return ""
}

// places are where the called number may be.
func (q *Quirks) places() []string {
	if len(q.CalledFrom) == 0 {
		return calledPlaces[:]
	}
	places := make([]string, len(q.CalledFrom))
	for i, name := range q.CalledFrom {
		places[i] = q.placeOf(name)
	}
	return places
}

// plain is a URI whose number has its international prefix as a plus.
func (q *Quirks) plain(uri *sipgo.Uri) *sipgo.Uri {
	return q.replace(uri, q.InternationalPrefixes, "+")
}

// plainCalled is so for a called number, without the technical prefix.
func (q *Quirks) plainCalled(uri *sipgo.Uri) *sipgo.Uri {
	if q.CalledPrefix != "" {
		uri = q.replace(uri, []string{q.CalledPrefix, strings.ReplaceAll(q.CalledPrefix, "#", "%23")}, "")
	}
	return q.plain(uri)
}

func (*Quirks) replace(uri *sipgo.Uri, prefixes []string, by string) *sipgo.Uri {
	user := uri.User
	if uri.Scheme == "tel" {
		user = uri.Raw()
	}
	for _, prefix := range prefixes {
		rest, ok := strings.CutPrefix(user, prefix)
		if !ok {
			continue
		}
		changed := uri.Clone()
		changed.Scheme, changed.User = "sip", by+rest // a tel URI keeps its number elsewhere
		return changed
	}
	return uri
}

// write is a number as the peer wants it; what is none stays as it is.
func (q *Quirks) write(number, country string) string {
	digits, ok := strings.CutPrefix(number, "+")
	if !ok {
		return number
	}
	switch q.NumberFormat {
	case FormatBare:
		return digits
	case FormatZeroZero:
		return "00" + digits
	case FormatNational:
		if n, err := phonenumbers.Parse(number, country); err == nil && phonenumbers.GetRegionCodeForNumber(n) == country {
			return onlyDigits(phonenumbers.Format(n, phonenumbers.NATIONAL))
		}
		return "00" + digits
	}
	return number
}

// address makes the Request-URI of a number that we call.
func (q *Quirks) address(uri *sipgo.Uri, country string) {
	uri.User = q.write(uri.User, country)
	if q.NoUserPhone {
		uri.UriParams.Remove("user")
	}
}

// assert names the caller of an INVITE of ours in P-Asserted-Identity.
func (q *Quirks) assert(req *sipgo.Request, from string) {
	if q.AssertCaller && from != "" && req.GetHeader(AssertedIdentity) == nil {
		uri := req.From().Address
		req.AppendHeader(header(AssertedIdentity, "<"+uri.String()+">"))
	}
}

// by changes the transport of targets.
func (q *Quirks) by(targets []Target) []Target {
	for i := range targets {
		if q.AlwaysTCP && targets[i].Network == "udp" {
			targets[i].Network = "tcp"
		}
	}
	return targets
}

// drop takes the headers off a message that is ready to go.
func (q *Quirks) drop(m interface {
	GetHeaders(name string) []sipgo.Header
	RemoveHeader(name string) bool
},
) {
	for _, name := range q.DropHeaders {
		for _, h := range m.GetHeaders(name) {
			m.RemoveHeader(h.Name())
		}
	}
}
