package sip

import (
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// allow are the methods that are understood here (RFC 3261 section 20.5).
const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, NOTIFY"

var methods = strings.Split(allow, ", ")

// extensions are the option tags that are understood here, by trunk (RFC 3261 section 20.37).
func (u *UserAgent) extensions(t *Trunk) []string {
	var tags []string
	if t.Reliable != ReliableOff {
		tags = append(tags, option100rel)
	}
	if u.now().SessionExpires > 0 {
		tags = append(tags, optionTimer)
	}
	return tags
}

func (u *UserAgent) supported(t *Trunk) sipgo.Header {
	return header("Supported", strings.Join(u.extensions(t), ", "))
}

func (c *Call) supported() sipgo.Header { return c.ua.supported(c.Trunk) }

// accept are the bodies that are understood in an INVITE and in an INFO.
const (
	acceptInvite = sdpType
	acceptInfo   = "application/dtmf-relay, application/dtmf"
)

// echoed are the header fields of a request that each response to it has (RFC 3261 section 8.2.6.2).
var echoed = []string{"Via", "From", "To", "Call-ID", "CSeq"}

var reasons = map[int]string{
	100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK",
	400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 413: "Request Entity Too Large",
	414: "Request-URI Too Long", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension",
	421: "Extension Required", 422: "Session Interval Too Small", 480: "Temporarily Unavailable",
	481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops", 486: "Busy Here",
	487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending", 493: "Undecipherable", 500: "Server Internal Error",
	501: "Not Implemented", 503: "Service Unavailable", 504: "Server Time-out", 505: "Version Not Supported", 580: "Precondition Failure", 603: "Decline",
}

// response makes an answer to a request (RFC 3261 section 8.2.6) with our To tag, if it has none.
func (u *UserAgent) response(req *sipgo.Request, tag string, status int, headers ...sipgo.Header) *sipgo.Response {
	return u.responseWith(req, tag, status, orDefault(reasons[status], "Refused"), headers...)
}

func (u *UserAgent) responseWith(req *sipgo.Request, tag string, status int, reason string, headers ...sipgo.Header) *sipgo.Response {
	res := sipgo.NewResponse(status, reason)
	if req.Method == sipgo.INVITE && (status > 100 && status < 300) {
		sipgo.CopyHeaders("Record-Route", req, res)
	}
	for _, name := range echoed {
		if name == "To" && status > 100 {
			res.AppendHeader(header("To", withTag(req.GetHeader("To").Value(), tag)))
		} else {
			sipgo.CopyHeaders(name, req, res)
		}
	}
	if status == 100 {
		sipgo.CopyHeaders("Timestamp", req, res)
	}
	for _, h := range headers {
		res.AppendHeader(h)
	}
	res.AppendHeader(header("Server", u.config.UserAgent))
	res.SetBody(nil)
	res.SetTransport(req.Transport())
	return res
}

// withBody adds a session description.
func withBody(res *sipgo.Response, body []byte) *sipgo.Response {
	if len(body) > 0 {
		res.AppendHeader(header("Content-Type", sdpType))
		res.SetBody(body)
	}
	return res
}
