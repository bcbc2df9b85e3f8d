package sip

import (
	"fmt"
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

// validate finds what makes a request impossible to handle as a transaction, whatever its method does
// (RFC 3261 sections 8.1.1 and 8.2). It returns nil for a sound one.
func validate(req *sipgo.Request) *verdict {
	switch {
	case req.SipVersion != "SIP/2.0":
		return &verdict{505, "version", "the version is " + req.SipVersion, nil}
	case req.Via() == nil || req.From() == nil || req.To() == nil || req.CallID() == nil || req.CSeq() == nil:
		return malformed("Via, From, To, Call-ID or CSeq is missing")
	case strings.TrimSpace(req.Via().Host) == "":
		return malformed("the Via names no host")
	}
	for _, name := range []string{"From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type"} {
		if len(req.GetHeaders(name)) > 1 {
			return malformed("there is more than one " + name)
		}
	}
	if method := req.CSeq().MethodName; !strings.EqualFold(strings.TrimSpace(string(method)), string(req.Method)) {
		return malformed(fmt.Sprintf("the CSeq says %s for a request %s", method, req.Method))
	}
	return nil
}

func malformed(text string) *verdict { return &verdict{400, "malformed", text, nil} }

// known are methods that are not done here.
var known = []sipgo.RequestMethod{
	sipgo.REGISTER, sipgo.SUBSCRIBE, sipgo.NOTIFY, sipgo.REFER, sipgo.MESSAGE, sipgo.PUBLISH,
}

// understand finds what this user agent cannot do: method, extensions, body (RFC 3261 sections 8.2.1 to
// 8.2.3), in that order.
func (u *UserAgent) understand(req *sipgo.Request, t *trunk) *verdict {
	extensions := func(req *sipgo.Request) *verdict { return checkRequire(req, u.extensions(&t.Trunk)) }
	for _, check := range []func(*sipgo.Request) *verdict{checkMethod, checkURI, checkHops, extensions, checkBody, checkAccept} {
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

// hasOption says that a header with option tags holds one. Names are the full name and the compact one.
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
	if codings := values(req, "Content-Encoding", "e"); len(codings) > 0 && !strings.EqualFold(codings[0], "identity") {
		return &verdict{415, "body-encoding", "the body is encoded", []sipgo.Header{header("Accept-Encoding", "identity")}}
	}
	if _, ok := sessionOf(req); ok || optionalBody(req) {
		return nil
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
