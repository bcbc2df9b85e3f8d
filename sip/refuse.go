package sip

import (
	"bytes"
	"fmt"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// reject answers a request that gets no transaction. An ACK is never answered.
func (u *UserAgent) reject(req *sipgo.Request, f *flow, v *verdict) {
	if req.Method == sipgo.ACK {
		u.observe(refusal(req, f, &verdict{0, v.rule, v.text, nil}))
		return
	}
	u.answerStateless(req, f, v.status, v.headers...)
	u.observeRefusal(req, f, v)
}

// answerStateless answers each copy of a request anew, with a tag that the copies share.
func (u *UserAgent) answerStateless(req *sipgo.Request, f *flow, status int, headers ...sipgo.Header) {
	_ = f.WriteMsg(u.response(req, "stateless", status, headers...)) // lost like any datagram
}

func (u *UserAgent) observeRefusal(req *sipgo.Request, f *flow, v *verdict) {
	u.observe(refusal(req, f, v))
}

func refusal(req *sipgo.Request, f *flow, v *verdict) Event {
	e := f.event(Refused)
	e.CallID, e.Line, e.Method = callIDOf(req), maskLine(req.StartLine()), string(req.Method)
	e.Status, e.Rule, e.Text = v.status, v.rule, v.text
	if req.Method == sipgo.INVITE && req.From() != nil && f.trunk != nil {
		e.Caller, _ = caller(req, &f.trunk.Trunk)
	}
	return e
}

// rejectRaw answers a request that could not be parsed, with what can be found of the headers that every
// response repeats. Responses, ACK and what is no SIP at all are dropped.
func (u *UserAgent) rejectRaw(p []byte, f *flow, status int, rule, text string) {
	u.observeRaw(Received, p, f)
	e := f.event(Refused)
	e.CallID, e.Line, e.Rule, e.Text, e.Status = rawCallID(p), rawLine(p), rule, "the message cannot be parsed", status
	if status != 400 {
		e.Text = text
	}
	answer := rawResponse(p, f, status)
	if !f.trunk.messages.take() || answer == nil {
		e.Status = 0
	} else {
		u.observeRaw(Sent, answer, f)
		_ = f.wire.send(answer, f.peer)
	}
	u.observe(e)
}

// rawResponse repeats Via, From, To, Call-ID and CSeq as they came; nil when one of them is not there,
// or when the message is no request.
func rawResponse(p []byte, f *flow, status int) []byte {
	head, _, _ := bytes.Cut(p, []byte("\r\n\r\n"))
	lines := strings.Split(strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(string(head)), "\r\n")
	method, rest, _ := strings.Cut(lines[0], " ")
	if !strings.Contains(rest, "SIP/") || strings.HasPrefix(lines[0], "SIP/") || method == "ACK" {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", status, reasons[status])
	found := map[string]bool{}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		full := rawName(name)
		if full == "" || found[full] && full != "Via" {
			continue
		}
		value = strings.TrimSpace(value)
		if full == "Via" && !found[full] {
			value = rawVia(value, f)
		}
		found[full] = true
		b.WriteString(full + ": " + value + "\r\n")
	}
	if len(found) != 5 {
		return nil
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return []byte(b.String())
}

// rawName is the full name of a header that a response repeats, or empty.
func rawName(name string) string {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "via", "v":
		return "Via"
	case "from", "f":
		return "From"
	case "to", "t":
		return "To"
	case "call-id", "i":
		return "Call-ID"
	case "cseq":
		return "CSeq"
	}
	return ""
}

// rawVia adds where the request came from to the first of the Vias on a line.
func rawVia(value string, f *flow) string {
	first, others, more := strings.Cut(value, ",")
	first = strings.TrimSpace(first) + ";received=" + f.peer.Addr().String()
	if more {
		return first + "," + others
	}
	return first
}
