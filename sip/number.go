package sip

import (
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	sipgo "github.com/emiago/sipgo/sip"
)

// maxNumber bounds what is tried as a number, in bytes; E.164 has 15 digits, separators come on top.
const maxNumber = 64

// Number is a telephone number from a URI.
type Number struct {
	E164      string // such as "+18887999666"
	Extension string // digits of ;ext or ;postd, or behind a pause ("…,,2", "…p2"); empty when there are none
}

// ParseNumber reads the number in a sip, sips or tel URI, in any form that carriers send: E.164 with or
// without its plus, with the region's international prefix or 00, national, with visual separators or
// percent escapes, local with ;phone-context (RFC 3966), and with ;npdi, ;rn and the like, which change
// nothing. Region is the country of national numbers, such as "US". Not ok means that it is no valid number.
func ParseNumber(uri, region string) (Number, bool) {
	var u sipgo.Uri
	if sipgo.ParseUri(uri, &u) != nil {
		return Number{}, false
	}
	return parseNumber(&u, region)
}

func parseNumber(uri *sipgo.Uri, region string) (Number, bool) {
	for n := range readings(uri, region) {
		return n, true
	}
	return Number{}, false
}

// readings are the valid numbers that a URI may mean, best first.
func readings(uri *sipgo.Uri, region string) iter.Seq[Number] {
	return func(yield func(Number) bool) {
		digits, params := subscriber(uri)
		for _, form := range forms(digits, params["phone-context"]) {
			n, err := phonenumbers.Parse(form, region)
			if err != nil || !phonenumbers.IsValidNumber(n) {
				continue
			}
			extension := orDefault(extensionOf(params), onlyDigits(n.GetExtension()))
			if !yield(Number{phonenumbers.Format(n, phonenumbers.E164), extension}) {
				return
			}
		}
	}
}

// subscriber is the number in a URI as written, without visual separators, and its parameters in lower case.
// Those of a telephone number stand in the user part of a sip URI (RFC 3261 section 19.1.6); some senders
// put them behind the host.
func subscriber(uri *sipgo.Uri) (digits string, params map[string]string) {
	user := uri.User
	if uri.Scheme == "tel" {
		user, _, _ = strings.Cut(uri.Raw(), "?")
	}
	if plain, err := url.PathUnescape(user); err == nil {
		user = plain
	}
	number, rest, _ := strings.Cut(user, ";")
	number, dialled := cutDialString(number)
	params = map[string]string{}
	for _, p := range uri.UriParams {
		params[strings.ToLower(p.K)] = p.V
	}
	for p := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(p, "=")
		params[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	if dialled != "" && params["postd"] == "" {
		params["postd"] = dialled
	}
	if len(number) > maxNumber {
		return "", params
	}
	return strings.Map(dropSeparator, number), params
}

// cutDialString takes what is to be dialled after the answer off a number: behind a comma, or a p or w for a pause
// (RFC 4967 section 2, RFC 3966 section 3).
func cutDialString(s string) (number, after string) {
	if i := strings.IndexAny(s, ",pPwW"); i > 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// dropSeparator removes the visual separators of RFC 3966 section 3, and blanks.
func dropSeparator(r rune) rune {
	if strings.ContainsRune("-.()  ", r) {
		return -1
	}
	return r
}

// forms are the readings of a number, best first: as the region would dial it, after 00, and as E.164
// without its plus. A phone-context that is a number comes before a local number.
func forms(digits, context string) []string {
	if digits == "" || strings.TrimLeft(digits, "+0123456789") != "" || strings.LastIndexByte(digits, '+') > 0 {
		return nil
	}
	if digits[0] == '+' {
		return []string{digits}
	}
	var list []string
	if strings.HasPrefix(context, "+") {
		list = append(list, strings.Map(dropSeparator, context)+digits)
	}
	list = append(list, digits)
	if international, ok := strings.CutPrefix(digits, "00"); ok {
		list = append(list, "+"+international)
	}
	return append(list, "+"+digits)
}

// extensionOf is the extension that a URI carries: ;ext, or the digits of ;postd without its pauses.
func extensionOf(params map[string]string) string {
	return orDefault(onlyDigits(params["ext"]), onlyDigits(params["postd"]))
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// called finds the number that was dialled and is served. Carriers put it in the Request-URI or, when that is an
// account or a pilot number of the trunk, in To; behind a service or a diversion it is in the headers that say so.
func (u *UserAgent) called(req *sipgo.Request, t *trunk) (id Identity, ok bool) {
	for _, place := range t.Quirks.places() {
		for _, uri := range urisAt(req, place) {
			for n := range readings(t.Quirks.plainCalled(uri), t.Country) {
				if u.now().Numbers(&t.Trunk, n.E164) {
					id.Called, id.Extension, id.CalledFrom = n.E164, n.Extension, place
					return id, true
				}
			}
		}
	}
	return id, false
}

// urisAt are the URIs at one of the places of a called number, the best one first.
func urisAt(req *sipgo.Request, place string) (uris []*sipgo.Uri) {
	switch place {
	case "Request-URI":
		return []*sipgo.Uri{&req.Recipient}
	case "To":
		return []*sipgo.Uri{&req.To().Address}
	case historyHeader:
		for _, e := range slices.Backward(historyOf(req)) {
			uris = append(uris, &e.uri)
		}
	default: // P-Called-Party-ID, RFC 7315 section 4.2; Diversion, RFC 5806
		for _, a := range addressesIn(req, place) {
			uris = append(uris, &a.uri)
		}
	}
	return uris
}
