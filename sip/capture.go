package sip

import (
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

const maxReason = 200 // bytes of a Reason header in an Event

// observeMessage tells of a message that came in or goes out; raw is how it looks on the wire.
func (u *UserAgent) observeMessage(kind Kind, m sipgo.Message, f *flow, raw []byte) {
	if u.config.Observe == nil {
		return
	}
	line, method, status := firstLine(m)
	e := f.event(kind)
	e.CallID, e.Line, e.Method, e.Status = callIDOf(m), maskLine(line), method, status
	if h := m.CSeq(); h != nil {
		e.CSeq = h.SeqNo
	}
	if h := headersOf(m, "Reason"); len(h) > 0 {
		e.Reason = h[0].Value()[:min(len(h[0].Value()), maxReason)]
	}
	u.capture(&e, raw)
	u.observe(e)
}

// observeRaw tells of a message that cannot be read as a whole, or of our answer to it.
func (u *UserAgent) observeRaw(kind Kind, h *head, p []byte, f *flow) {
	if u.config.Observe == nil {
		return
	}
	e := f.event(kind)
	e.CallID, e.Line, e.Method = cut(h.value("Call-ID")), h.line(), h.method()
	u.capture(&e, p)
	u.observe(e)
}

func (u *UserAgent) capture(e *Event, raw []byte) {
	if u.config.Trace && e.Trunk != "" { // a stranger's is never kept
		e.Message = mask(raw)
	}
}

// event is a fact about the flow's peer.
func (f *flow) event(kind Kind) Event {
	return Event{Kind: kind, Trunk: f.trunkName(), Peer: f.peer, Local: f.wire.local(), Transport: f.wire.network()}
}

// line is the first line as it may be shown, when it is one of SIP.
func (h *head) line() string {
	if !strings.Contains(h.start, "SIP/") || broken([]byte(h.start)) {
		return ""
	}
	return maskLine(h.start)
}
