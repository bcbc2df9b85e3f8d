package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// requestURI is how the Request-URI is changed as if it were a header.
const requestURI = "Request-URI"

// send sends a request, as the step changes it.
func (s *player) send(step *Step) error {
	start, own := s.outline(step)
	if s.cseqOf(step) == 0 {
		s.lastSequence = s.sequence
	}
	kind, body := s.body(step)
	changes := slices.Clone(step.Headers)
	if step.Method == "INVITE" && s.remoteTag == "" {
		changes = slices.Concat(s.persona.Headers, changes)
	}
	for i := range changes {
		changes[i].Value = s.expand(changes[i].Value)
	}
	for i, h := range changes {
		if h.Name == requestURI {
			start = step.Method + " " + h.Value + " SIP/2.0"
			changes = slices.Delete(changes, i, i+1)
			break
		}
	}
	message := build(start, own, changes, kind, body, s.persona.Compact)
	s.sent[step.Method] = message
	switch step.Method {
	case "ACK":
		s.acked = true
	case "INVITE":
		s.inviting, s.last = true, step.Method
	default:
		s.last = step.Method
	}
	if step.Method == "BYE" {
		s.ended = true
	}
	return s.transmit(message)
}

// body is what a step sends, as the next version of the session.
func (s *player) body(step *Step) (kind, text string) {
	if step.Body == "" {
		return "", ""
	}
	s.version++
	b := s.persona.Bodies[step.Body]
	return b.Type, s.expand(b.Text)
}

// cseqOf is the sequence number that a step writes itself; 0 when it does not.
func (s *player) cseqOf(step *Step) int {
	for _, h := range step.Headers {
		if strings.EqualFold(h.Name, "CSeq") {
			number, _, _ := strings.Cut(s.expand(h.Value), " ")
			if n, err := strconv.Atoi(number); err == nil && h.How != '-' {
				s.lastSequence = n
				return n
			}
		}
	}
	return 0
}

// outline is a request as a phone would send it.
func (s *player) outline(step *Step) (start string, own []Header) {
	method, sequence := step.Method, 0
	switch method {
	case "CANCEL":
		s.branch, sequence = cmp.Or(s.inviteBranch, "z9hG4bK"+token(8)), cmp.Or(s.inviteSequence, s.sequence)
	case "ACK":
		s.branch, sequence = "z9hG4bK"+token(8), s.inviteSequence
	default:
		s.sequence++
		s.branch, sequence = "z9hG4bK"+token(8), s.sequence
		if s.cseqOf(step) != 0 {
			s.sequence--
		}
	}
	target := s.gatewayURI()
	if s.target != "" && method != "CANCEL" {
		target = s.target
	}
	if method == "INVITE" {
		s.inviteBranch, s.inviteSequence, s.inviteURI = s.branch, sequence, target
		s.answered, s.acked = false, false
	}
	if method == "CANCEL" && s.inviteURI != "" {
		target = s.inviteURI
	}
	to := "<" + s.gatewayURI() + ">"
	if s.remoteTag != "" {
		to += ";tag=" + s.remoteTag
	}
	switch method {
	case "INVITE":
		s.inviteTo = to
	case "CANCEL":
		to = cmp.Or(s.inviteTo, to)
	}
	own = []Header{
		{Name: "Via", Value: s.via()},
		{Name: "Max-Forwards", Value: "69"},
		{Name: "From", Value: fmt.Sprintf("<sip:%s@%s>;tag=%s", s.persona.Caller, s.host(), s.tag)},
		{Name: "To", Value: to},
		{Name: "Call-ID", Value: s.callID},
		{Name: "CSeq", Value: strconv.Itoa(sequence) + " " + method},
	}
	if method != "CANCEL" {
		for _, route := range s.routes {
			own = append(own, Header{Name: "Route", Value: route})
		}
		own = append(own, Header{Name: "Contact", Value: s.contact()})
	}
	if method == "PRACK" {
		own = append(own, Header{Name: "RAck", Value: s.rack})
	}
	return method + " " + target + " SIP/2.0", own
}

func (s *player) gatewayURI() string {
	return fmt.Sprintf("sip:%s@%s", s.to.Number, s.to.Address)
}

func (s *player) via() string {
	return fmt.Sprintf("SIP/2.0/%s %s;branch=%s", strings.ToUpper(s.persona.Transport), s.wire.local(), s.branch)
}

func (s *player) host() string {
	if ip := s.wire.local().Addr(); ip.Is6() {
		return "[" + ip.String() + "]"
	}
	return s.wire.local().Addr().String()
}

func (s *player) contact() string {
	contact := fmt.Sprintf("sip:%s@%s", s.persona.Caller, s.wire.local())
	if s.persona.Transport != "udp" {
		contact += ";transport=" + s.persona.Transport
	}
	return "<" + contact + ">"
}

// respond answers the last request that came.
func (s *player) respond(step *Step) error {
	if s.request == nil {
		return errors.New("no request came that could be answered")
	}
	return s.reply(s.request, step)
}

func (s *player) reply(to *message, step *Step) error {
	var own []Header
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq", "Record-Route"} {
		for _, value := range to.all(name) {
			own = append(own, Header{Name: name, Value: value})
		}
	}
	own = append(own, Header{Name: "Contact", Value: s.contact()})
	kind, body := s.body(step)
	changes := slices.Clone(step.Headers)
	for i := range changes {
		changes[i].Value = s.expand(changes[i].Value)
	}
	return s.transmit(build("SIP/2.0 "+step.Status[0]+" Doctor", own, changes, kind, body, s.persona.Compact))
}

// expand fills in the variables of a text.
func (s *player) expand(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	family := "IP4"
	if s.wire.local().Addr().Is6() {
		family = "IP6"
	}
	known := map[string]string{
		"number": s.to.Number, "digits": s.to.Digits, "caller": s.persona.Caller, "host": s.host(), "port": strconv.Itoa(int(s.wire.local().Port())),
		"gateway": s.to.Address.String(), "callid": s.callID, "tag": s.tag, "remotetag": s.remoteTag, "target": s.target,
		"cseq": strconv.Itoa(s.sequence), "branch": s.branch, "rtp": strconv.Itoa(s.ear.port()), "version": strconv.Itoa(s.version),
		"ip": s.wire.local().Addr().String(), "family": family, "rack": s.rack, "transport": strings.ToUpper(s.persona.Transport),
	}
	return variableForm.ReplaceAllStringFunc(text, func(v string) string {
		name, times, repeated := strings.Cut(v[1:len(v)-1], "*")
		if n, err := strconv.Atoi(times); repeated && err == nil {
			return strings.Repeat(name, n)
		}
		return known[name]
	})
}
