package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// A drawing is a ladder on a terminal: the carrier on the left, the gateway on the right, an arrow for each message.
type drawing struct {
	b      *strings.Builder
	width  int
	bodies bool
	start  time.Time
	ladder *ladder
}

// Columns beside the arrows: the time on the left, transport and remarks on the right.
const (
	timeColumns   = 9
	remarkColumns = 14
	leastArrow    = 40
)

func (d drawing) draw() {
	if len(d.ladder.Messages) == 0 {
		fmt.Fprintln(d.b, "\nno signalling was kept")
		return
	}
	first := d.ladder.Messages[0]
	d.start = first.At
	fmt.Fprintf(d.b, "\n%*s  %s\n", timeColumns-2, "ms", d.ends("carrier", "gateway"))
	fmt.Fprintf(d.b, "%*s  %s\n", timeColumns-2, "", d.ends(first.Peer.String(), first.Local.String()))
	steps, seen, peer := d.ladder.Steps, map[string]bool{}, first.Peer
	for i, m := range d.ladder.Messages {
		if i == ladderHead && d.ladder.Dropped > 0 {
			fmt.Fprintf(d.b, "%*s  ... %d messages were not kept ...\n", timeColumns-2, "", d.ladder.Dropped)
		}
		for len(steps) > 0 && steps[0].At.Before(m.At) {
			d.step(steps[0])
			steps = steps[1:]
		}
		d.message(m, seen, &peer)
	}
	for _, step := range steps {
		d.step(step)
	}
}

func (d drawing) arrow() int { return max(leastArrow, d.width-timeColumns-remarkColumns) }

// ends puts a text at each end of the arrows.
func (d drawing) ends(left, right string) string {
	return left + strings.Repeat(" ", max(1, d.arrow()-len(left)-len(right))) + right
}

func (d drawing) ms(at time.Time) string {
	return fmt.Sprintf("%*d", timeColumns-2, at.Sub(d.start).Round(time.Millisecond).Milliseconds())
}

func (d drawing) message(m ladderMessage, seen map[string]bool, peer *netip.AddrPort) {
	what := fit(shown(words(m)), d.arrow()-8)
	dashes := strings.Repeat("-", d.arrow()-6-columns(what))
	arrow := "|-- " + what + " " + dashes + ">|"
	if m.Sent {
		arrow = "|<" + dashes + " " + what + " --|"
	}
	fmt.Fprintf(d.b, "%s  %s %s\n", d.ms(m.At), arrow, remark(m, seen))
	if m.Peer != *peer {
		*peer = m.Peer
		fmt.Fprintf(d.b, "%*s  |   %s %s\n", timeColumns-2, "", map[bool]string{true: "to", false: "from"}[m.Sent], m.Peer)
	}
	if d.bodies && m.Text != "" {
		for line := range strings.Lines(m.Text) {
			line = strings.TrimRight(fmt.Sprintf("%*s  |   %s", timeColumns-2, "", shown(strings.TrimRight(line, "\r\n"))), " ")
			fmt.Fprintln(d.b, line)
		}
	}
}

// words name a message: the request line, or the status and what it answers.
func words(m ladderMessage) string {
	body := ""
	if strings.Contains(m.Text, "\n\nv=0") || strings.Contains(m.Text, "\nv=0\n") {
		body = " (SDP)"
	}
	switch line, version := strings.CutPrefix(m.Line, "SIP/2.0 "); {
	case version && m.Method == "":
		return line
	case version:
		return fmt.Sprintf("%s (%s)%s", line, m.Method, body)
	case m.Line == "":
		return "[a message that cannot be read]"
	default:
		return strings.TrimSuffix(m.Line, " SIP/2.0") + body
	}
}

// remark is the transport, and whether the message came before.
func remark(m ladderMessage, seen map[string]bool) string {
	key := fmt.Sprint(m.Sent, m.Line, m.CSeq, m.Method)
	if seen[key] {
		return m.Transport + " again"
	}
	seen[key] = true
	return m.Transport
}

// step puts what happened in the conversation between the messages.
func (d drawing) step(s ladderStep) {
	text := s.What
	if s.Text != "" {
		text += ": " + s.Text
	}
	fmt.Fprintf(d.b, "%s  |%*s%s\n", d.ms(s.At), d.arrow()/3, "", fit(shown("* "+text), 2*d.arrow()/3))
}
