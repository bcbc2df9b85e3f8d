package sip

import (
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
	u.answerStateless(req, f, v)
	u.observeRefusal(req, f, v)
}

// answerStateless answers each copy of a request anew, with a tag that the copies share.
func (u *UserAgent) answerStateless(req *sipgo.Request, f *flow, v *verdict) {
	_ = f.WriteMsg(u.responseWith(req, "stateless", v.status, v.reason(), v.headers...)) // lost like any datagram
}

func (u *UserAgent) observeRefusal(req *sipgo.Request, f *flow, v *verdict) {
	u.observe(refusal(req, f, v))
}

func refusal(req *sipgo.Request, f *flow, v *verdict) Event {
	e := f.event(Refused)
	e.CallID, e.Line, e.Method = callIDOf(req), maskLine(req.StartLine()), string(req.Method)
	e.Status, e.Rule, e.Text = v.status, v.rule, v.text
	if req.Method == sipgo.INVITE && req.From() != nil && f.trunk != nil {
		e.Caller = callerNumber(req, &f.trunk.Trunk)
	}
	return e
}

// rejectRaw answers a request that is not read any further.
func (u *UserAgent) rejectRaw(p []byte, f *flow, status int, rule, text string) {
	h, _, _ := readHead(p)
	u.rejectHead(h, p, f, &verdict{status, rule, text, nil})
}

// rejectHead answers a request that cannot be read as a whole, with what can be found of the header fields that every
// response repeats. Responses, ACK, what names no way back, and what is no SIP at all are dropped.
func (u *UserAgent) rejectHead(h head, p []byte, f *flow, v *verdict) {
	if f.trunk == nil || f.trunk.past.Load() {
		u.strangers.add(f.source.Addr())
		return
	}
	u.observeRaw(Received, &h, p, f)
	e := f.event(Refused)
	e.CallID, e.Line, e.Method, e.Rule, e.Text = cut(h.value("Call-ID")), h.line(), h.method(), v.rule, v.text
	answer := h.answer(v, f)
	if f.trunk.messages.take() && answer != "" {
		e.Status = v.status
		line, _, _ := strings.Cut(answer, "\r\n")
		u.observeRaw(Sent, &head{line, h.fields}, []byte(answer), f)
		_ = f.wire.send(parcel{flow: f, bytes: []byte(answer)})
	}
	u.observe(e)
}

// answer is a refusal that repeats the fields as they came; empty when none is due. Without a top Via that can be
// read it goes back to the source.
func (h *head) answer(v *verdict, f *flow) string {
	vias := splitList(h.value("Via"))
	if method := h.method(); method == "" || method == "ACK" || len(vias) == 0 {
		return ""
	}
	if top, ok := readVia(tidy(vias[0], viaSeparators)); ok {
		f.answerTo(top)
		vias[0] = top.Value()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\nVia: %s\r\n", v.status, v.reason(), strings.Join(vias, ", "))
	written := map[string]bool{}
	for _, f := range h.fields {
		name := canonical(f.name)
		switch again := written[name]; {
		case name == "", again && name != "Via":
			continue
		case name == "To":
			f.value = withTag(f.value, "stateless")
		}
		if written[name] || name != "Via" { // the top Via is written
			b.WriteString(name + ": " + f.value + "\r\n")
		}
		written[name] = true
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.String()
}

// canonical is the usual spelling of a name that a response repeats, and empty for others.
func canonical(name string) string {
	for _, known := range echoed {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return ""
}

// withTag adds a tag to a To that can be read and has none (RFC 3261 section 8.2.6.2).
func withTag(to, tag string) string {
	var uri sipgo.Uri
	var params sipgo.HeaderParams
	if _, err := sipgo.ParseAddressValue(tidy(to, addressSeparators), &uri, &params); err != nil || tagOf(params) != "" {
		return to
	}
	return to + ";tag=" + tag
}

// reason is the reason phrase of a refusal. That of a 400 says what is wrong (RFC 3261 section 21.4.1).
func (v *verdict) reason() string {
	usual := orDefault(reasons[v.status], "Refused")
	if v.status == 400 {
		return usual + " (" + v.text + ")"
	}
	return usual
}
