package doctor

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// note learns from a message what later ones need, and does what no step should have to say: refusals are
// acknowledged, so are reliable provisional answers unless the check does so itself, and the gateway's BYE is answered.
func (s *player) note(m *message) {
	if s.to.Observe != nil {
		s.to.Observe(false, m.raw)
	}
	if _, media, ok := strings.Cut(m.body, "m=audio "); ok {
		port, _, _ := strings.Cut(media, " ")
		s.soundFrom, _ = strconv.Atoi(port)
	}
	if m.status == "" {
		if m.method == "BYE" {
			s.ended = true
			_ = s.reply(m, &Step{Status: []string{"200"}})
		}
		return
	}
	s.seen[key(m.method, m.sequence())] = true
	if m.method != "INVITE" || m.sequence() != s.inviteSequence {
		return
	}
	switch {
	case m.status == "100":
	case m.branch() != s.inviteBranch:
		if m.status >= "300" {
			s.acknowledge(m)
		}
	case m.status[0] == '1':
		s.learn(m)
		if m.get("RSeq") != "" {
			s.rack = m.get("RSeq") + " " + m.get("CSeq")
			if !s.manual {
				_ = s.send(&Step{Method: "PRACK"})
				s.last, s.lastSequence = "INVITE", s.inviteSequence
			}
		}
	case m.status[0] == '2':
		s.inviting, s.answered, s.confirmed = false, true, true
		s.learn(m)
	default:
		s.refused(m)
	}
}

// learn takes the dialog of a response (RFC 3261 section 12.1.2).
func (s *player) learn(m *message) {
	s.remoteTag = m.tag("To")
	if contact := m.get("Contact"); contact != "" {
		s.target = uri(contact)
	}
	if s.routes != nil {
		return
	}
	for _, value := range m.all("Record-Route") {
		for _, route := range strings.Split(value, ",") {
			s.routes = append(s.routes, strings.TrimSpace(route))
		}
	}
	slices.Reverse(s.routes)
}

// refused ends an INVITE.
func (s *player) refused(m *message) {
	s.inviting = false
	s.acknowledge(m)
	if !s.confirmed { // the next INVITE begins anew
		s.remoteTag, s.target, s.routes = "", "", nil
	}
}

// acknowledge answers a refusal in the transaction of its INVITE (RFC 3261 section 17.1.1.3).
func (s *player) acknowledge(m *message) {
	own := []Header{{Name: "Via", Value: strings.Replace(s.via(), s.branch, m.branch(), 1)}, {Name: "Max-Forwards", Value: "69"}}
	for _, name := range []string{"From", "To", "Call-ID"} {
		own = append(own, Header{Name: name, Value: m.get(name)})
	}
	number, _, _ := strings.Cut(m.get("CSeq"), " ")
	own = append(own, Header{Name: "CSeq", Value: number + " ACK"})
	for _, route := range s.routes {
		own = append(own, Header{Name: "Route", Value: route})
	}
	_ = s.transmit(build("ACK "+s.inviteURI+" SIP/2.0", own, nil, "", "", false))
}

// end leaves no call behind, whatever has happened.
func (s *player) end() {
	deadline := time.Now().Add(endTime)
	if s.inviting {
		_ = s.send(&Step{Method: "CANCEL"})
		s.settle(deadline, func() bool { return !s.inviting })
	}
	if s.answered && !s.acked && !s.ended {
		_ = s.send(&Step{Method: "ACK"})
	}
	if s.confirmed && !s.ended {
		_ = s.send(&Step{Method: "BYE"})
		bye := key("BYE", s.lastSequence)
		s.settle(deadline, func() bool { return s.seen[bye] })
	}
}

// settle looks at what comes until something is done, sending what is lost again.
func (s *player) settle(deadline time.Time, done func() bool) {
	limit := time.NewTimer(time.Until(deadline))
	defer limit.Stop()
	repeat := time.NewTicker(t1)
	defer repeat.Stop()
	for !done() {
		select {
		case m := <-s.wire.came:
			s.note(m)
		case <-repeat.C:
			if s.persona.Transport == "udp" {
				_ = s.again(s.last)
			}
		case err := <-s.wire.bad:
			if !errors.Is(err, errNoMessage) {
				return
			}
		case <-limit.C:
			return
		}
	}
}
