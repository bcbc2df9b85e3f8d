package sip

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// A verdict is why a request is refused, and how.
type verdict struct {
	status  int
	rule    string // short name of the rule, for counting
	text    string // the reason in words
	headers []sipgo.Header
}

// once are the header fields that a message has at most one of and that mean something here. The first four must be there.
var once = []string{
	"From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type", "Expires", "Session-Expires", "Min-SE",
	"RAck", "RSeq", "Refer-To", "Referred-By", "Replaces", "Event",
}

// count finds a field that is missing or there too often (RFC 3261 section 20).
func (h *head) count() (fault string) {
	var counts [32]uint8
	for _, f := range h.fields {
		for i, name := range once {
			if strings.EqualFold(f.name, name) {
				if counts[i]++; counts[i] > 1 {
					return "more than one " + name
				}
			}
		}
	}
	for i := range 4 {
		if counts[i] == 0 {
			return once[i] + " is missing"
		}
	}
	if h.value("Via") == "" {
		return "Via is missing"
	}
	return ""
}

// validate finds what makes a message impossible to handle, whatever its method does (RFC 3261 sections 8.1.1 and
// 8.1.3.3). It returns nil for a sound one.
func validate(m sipgo.Message) *verdict {
	switch {
	case m.From() == nil || emptyTag(m.From().Params):
		return malformed("From")
	case m.To() == nil || emptyTag(m.To().Params):
		return malformed("To")
	case strings.Contains(callIDOf(m), " "):
		return malformed("Call-ID")
	}
	switch m := m.(type) {
	case *sipgo.Request:
		return validateRequest(m)
	case *sipgo.Response:
		if len(headersOf(m, "Via")) > 1 {
			return malformed("a response to another")
		}
	}
	return nil
}

func validateRequest(req *sipgo.Request) *verdict {
	switch hops := req.MaxForwards(); {
	case req.CSeq().MethodName != req.Method:
		return malformed("CSeq names another method")
	case hops != nil && hops.Val() > 255:
		return malformed("Max-Forwards is larger than 255")
	case req.Method != sipgo.INVITE || req.Contact() == nil:
	case len(headersOf(req, "Contact")) > 1:
		return malformed("more than one Contact")
	case req.Contact().Address.Wildcard:
		return malformed("Contact")
	}
	return nil
}

// emptyTag says that a tag is there and is none.
func emptyTag(params sipgo.HeaderParams) bool {
	return slices.ContainsFunc(params, func(p sipgo.HeaderKV) bool { return strings.EqualFold(p.K, "tag") && p.V == "" })
}

// malformed is the verdict on what cannot be read; the text, which names the header field or what is wrong, goes into
// the reason phrase (RFC 3261 section 21.4.1).
func malformed(text string) *verdict { return &verdict{400, "malformed", text, nil} }

// known are methods that are not done here.
var known = []sipgo.RequestMethod{
	sipgo.REGISTER, sipgo.SUBSCRIBE, sipgo.REFER, sipgo.MESSAGE, sipgo.PUBLISH,
}

// understand finds what this user agent cannot do: method, extensions, body (RFC 3261 sections 8.2.1 to
// 8.2.3), in that order.
func (u *UserAgent) understand(req *sipgo.Request, t *trunk) *verdict {
	extensions := func(req *sipgo.Request) *verdict { return checkRequire(req, u.extensions(&t.Trunk)) }
	for _, check := range []func(*sipgo.Request) *verdict{checkMethod, checkURI, checkHops, checkEvent, extensions, checkBody, checkAccept, u.judgeTimer} {
		if v := check(req); v != nil {
			return v
		}
	}
	return nil
}

func checkMethod(req *sipgo.Request) *verdict {
	headers := []sipgo.Header{header("Allow", allow)}
	switch {
	case slices.Contains(methods, string(req.Method)):
		return nil
	case slices.Contains(known, req.Method):
		return &verdict{405, "method", "the method " + string(req.Method) + " is not allowed here", headers}
	}
	return &verdict{501, "method", "the method is unknown", headers}
}

func checkURI(req *sipgo.Request) *verdict {
	if slices.Contains([]string{"sip", "sips", "tel"}, req.Recipient.Scheme) {
		return nil
	}
	return &verdict{416, "uri-scheme", "the Request-URI is neither sip nor tel", nil}
}

// checkHops refuses a new call that has no hops left: it went round in circles. An OPTIONS with none is
// how a path is traced and is answered (RFC 3261 section 11).
func checkHops(req *sipgo.Request) *verdict {
	hops := req.MaxForwards()
	if hops == nil || hops.Val() > 0 || req.Method != sipgo.INVITE {
		return nil
	}
	return &verdict{483, "max-forwards", "Max-Forwards is 0", nil}
}

// checkRequire refuses a request that needs an extension which is not understood here (RFC 3261 section 8.2.2.3).
func checkRequire(req *sipgo.Request, extensions []string) *verdict {
	missing := slices.DeleteFunc(values(req, "Require"), func(tag string) bool { return containsFold(extensions, tag) })
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, ", ")
	return &verdict{420, "require", "these extensions are not supported: " + list, []sipgo.Header{header("Unsupported", list)}}
}

// hasOption says that one of some header fields with option tags holds one.
func hasOption(m sipgo.Message, tag string, names ...string) bool {
	return containsFold(values(m, names...), tag)
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(e string) bool { return strings.EqualFold(e, s) })
}

// checkBody refuses an INVITE, PRACK or UPDATE whose body is not a session description, unless it may be ignored
// (RFC 3261 section 8.2.3, RFC 3204 handling). Other methods judge their bodies themselves.
func checkBody(req *sipgo.Request) *verdict {
	offers := req.Method == sipgo.INVITE || req.Method == sipgo.PRACK || req.Method == sipgo.UPDATE
	if !offers || len(req.Body()) == 0 {
		return nil
	}
	if codings := values(req, "Content-Encoding"); len(codings) > 0 && !strings.EqualFold(codings[0], "identity") {
		return &verdict{415, "body-encoding", "the body is encoded", []sipgo.Header{header("Accept-Encoding", "identity")}}
	}
	if _, ok := sessionOf(req); ok || optionalBody(req) {
		return nil
	}
	if mediaType(req) == "application/pkcs7-mime" { // RFC 3261 section 23.2
		return &verdict{493, "body-encrypted", "the body is encrypted", nil}
	}
	return &verdict{415, "body-type", "the body is no session description", []sipgo.Header{header("Accept", acceptInvite)}}
}

// checkAccept refuses an INVITE whose sender would not take a session description in return.
func checkAccept(req *sipgo.Request) *verdict {
	ranges := values(req, "Accept")
	if req.Method != sipgo.INVITE || len(ranges) == 0 {
		return nil
	}
	for _, r := range ranges {
		kind, _, _ := strings.Cut(r, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case sdpType, "application/*", "*/*", "multipart/mixed":
			return nil
		}
	}
	return &verdict{406, "accept", "the sender does not accept " + sdpType, []sipgo.Header{header("Accept", acceptInvite)}}
}

// retryAfterCap spreads those who met a cap over one to two seconds: a peer sends nothing at all meanwhile.
func retryAfterCap() sipgo.Header { return header("Retry-After", strconv.Itoa(1+rand.IntN(2))) }
