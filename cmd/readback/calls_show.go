package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"readback/tickets"
)

type callsShowCommand struct {
	configFlag
	ID     string `arg:"" help:"The beginning of the call's id, its SIP Call-ID, or the number of its ticket."`
	Bodies bool   `help:"Print the messages too; what is secret in them was masked when they came."`
	JSON   bool   `help:"Print JSON."`
}

func (s *callsShowCommand) Run(ctx context.Context, console *console) error {
	reference := s.ID
	if number, err := tickets.ParseNumber(strings.ReplaceAll(s.ID, " ", "")); err == nil {
		reference = string(number)
	}
	return s.withCalls(ctx, console, func(calls callSource) error {
		d, err := calls.show(ctx, reference)
		if err != nil {
			return err
		}
		if s.JSON {
			return printJSON(console.out, d)
		}
		return d.print(console.out, s.Bodies, time.Now())
	})
}

// defaultWidth is how wide a ladder is where nobody looks: as wide as a mail.
const defaultWidth = 100

func (d *callDetail) print(w io.Writer, bodies bool, now time.Time) error {
	width := terminalWidth(w)
	if width == 0 {
		width = defaultWidth
	}
	var b strings.Builder
	d.facts(&b, width, now)
	d.judge(&b, width)
	if d.Missing != "" {
		fmt.Fprintf(&b, "\n%s\n", wrap(shown(d.Missing), width, ""))
	} else {
		drawing{b: &b, width: width, bodies: bodies, ladder: &d.ladder}.draw()
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// facts are what is known of the call, a line each; what is not known has none.
func (d *callDetail) facts(b *strings.Builder, width int, now time.Time) {
	for _, row := range [][2]string{
		{"call", joinWords(d.CallKey, ofOurs[d.Direction])},
		{"SIP Call-ID", d.SIPCallID},
		{"trunk", joinWords(d.Trunk, prefixed("from ", d.Source)+prefixed(" by ", d.Transport))},
		{"from", joinWords(cmp.Or(d.From, "withheld, or no number"), prefixed("attestation ", d.Attestation), d.AttestationReason)},
		{"called", joinWords(d.number(), prefixed("asked for ", d.Dialled), prefixed("originally ", d.OriginalCalled))},
		{"began", stamp(d.Started)},
		{"length", d.length(now)},
		{"outcome", joinWords(d.outcome(), d.Step)},
		{"ended by", joinWords(d.EndedBy, reasonWords(d.EndReason))},
		{"ticket", ticketWords(d.CallRecord)},
		{"keys", d.Keys},
		{"sound", soundWords(d.Sound)},
		{"other side", remoteWords(d.Sound)},
		{"node", d.Node},
	} {
		if row[1] != "" {
			fmt.Fprintf(b, "%-12s %s\n", row[0], wrap(shown(row[1]), width, strings.Repeat(" ", 13)))
		}
	}
}

// ofOurs tells a call that we made.
var ofOurs = map[string]string{tickets.DirectionOutgoing: "made by the gateway"}

func joinWords(words ...string) string {
	var some []string
	for _, word := range words {
		if word != "" {
			some = append(some, word)
		}
	}
	return strings.Join(some, ", ")
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func (d *callDetail) length(now time.Time) string {
	length := d.seconds(now) + " s"
	switch {
	case !d.Answered.IsZero():
		return fmt.Sprintf("%s, answered after %.3f s", length, d.Answered.Sub(d.Started).Seconds())
	case d.State == stateEnded:
		return length + ", never answered"
	}
	return length + " so far"
}

func ticketWords(r tickets.CallRecord) string {
	if r.Ticket == "" {
		return prefixed("none; account ", r.Account)
	}
	if len(r.Ticket) < 8 {
		return string(r.Ticket)
	}
	return joinWords(spaced(r.Ticket), prefixed("account ", r.Account))
}

func soundWords(s tickets.Sound) string {
	if s.Codec == "" {
		return ""
	}
	words := fmt.Sprintf("%s, %s, MOS %s; %d packets received, %d lost, jitter %.1f ms; %d sent", s.Codec,
		cmp.Or(s.Encryption, "not encrypted"), mos(s.MOS), s.Received, s.Lost, inMS(s.Jitter), s.Sent)
	if s.Gaps > 0 {
		words += fmt.Sprintf(", %d over 20 ms late", s.Gaps)
	}
	if s.OneWay {
		words += "; NOTHING CAME FROM THE CALLER"
	}
	return words
}

func remoteWords(s tickets.Sound) string {
	if s.Codec == "" || s.RemoteLost < 0 {
		return ""
	}
	return fmt.Sprintf("reports %d of our packets lost, jitter %.1f ms, round trip %.1f ms", s.RemoteLost, inMS(s.RemoteJitter), inMS(s.RoundTrip))
}

// judge says in words why the call ended and what can be done.
func (d *callDetail) judge(b *strings.Builder, width int) {
	if d.State != stateEnded {
		return
	}
	why := d.Reason
	if d.Rule != "" {
		why = fmt.Sprintf("rule %s: %s", d.Rule, cmp.Or(d.Reason, "no reason was kept"))
	}
	if why != "" {
		fmt.Fprintf(b, "\n%-12s %s\n", "why", wrap(shown(why), width, strings.Repeat(" ", 13)))
	}
	if hint := hintFor(d.CallRecord); hint != "" {
		fmt.Fprintf(b, "%-12s %s\n", "what to do", wrap(hint, width, strings.Repeat(" ", 13)))
	}
}
