package main

import (
	"strings"
	"testing"

	"readback/sip"
)

func TestLadderIsBounded(t *testing.T) {
	for name, test := range map[string]struct {
		messages, bytes int
		kept, dropped   int
	}{
		"few":           {10, 500, 10, 0},
		"many":          {250, 10, 100, 150},
		"large":         {20, 8 << 10, 8, 12},
		"one too large": {1, 100 << 10, 1, 0},
		"many, large":   {250, 4 << 10, 16, 234},
	} {
		t.Run(name, func(t *testing.T) {
			var l ladder
			for i := range test.messages {
				l.add(ladderMessage{CSeq: uint32(i), Text: strings.Repeat("x", test.bytes)})
			}
			if len(l.Messages) != test.kept || l.Dropped != test.dropped {
				t.Errorf("%d messages are kept and %d dropped; want %d and %d", len(l.Messages), l.Dropped, test.kept, test.dropped)
			}
			if first, last := l.Messages[0].CSeq, l.Messages[len(l.Messages)-1].CSeq; first != 0 || last != uint32(test.messages-1) {
				t.Errorf("it goes from message %d to %d; want the first and the last", first, last)
			}
		})
	}
	var l ladder
	for range 1000 {
		l.note(ladderStep{What: "pressed"})
	}
	if len(l.Steps) != ladderSteps {
		t.Errorf("%d steps are kept; want %d", len(l.Steps), ladderSteps)
	}
}

func TestMessagesAreWhatWasObserved(t *testing.T) {
	m := messageOf(sip.Event{Kind: sip.Sent, Line: "SIP/2.0 200 OK", Method: "BYE", Status: 200, CSeq: 3, Message: []byte("SIP/2.0 200 OK\n"), Transport: "tcp"})
	if !m.Sent || m.Method != "BYE" || m.Status != 200 || m.CSeq != 3 || m.Text != "SIP/2.0 200 OK\n" || m.Transport != "tcp" {
		t.Errorf("got %+v", m)
	}
}
