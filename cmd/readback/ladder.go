package main

import (
	"net/netip"
	"slices"
	"time"

	"readback/sip"
)

// Bounds of what is kept of one call: of its signalling, and of its conversation.
const (
	ladderMessages = 100
	ladderBytes    = 64 << 10
	ladderHead     = 20 // messages at the beginning that stay when those after them are dropped
	ladderSteps    = 300
)

// A ladder is the signalling of one call and the steps of its conversation, as they may be shown.
type ladder struct {
	Messages []ladderMessage `json:"messages"`
	Dropped  int             `json:"dropped_messages,omitempty"` // after the first ladderHead
	Steps    []ladderStep    `json:"steps,omitempty"`
	bytes    int
}

// A ladderMessage is one SIP message.
type ladderMessage struct {
	At        time.Time      `json:"at"`
	Sent      bool           `json:"sent"` // by the gateway
	Transport string         `json:"transport"`
	Peer      netip.AddrPort `json:"peer"`
	Local     netip.AddrPort `json:"local"`
	Line      string         `json:"line"`
	Method    string         `json:"method"`
	CSeq      uint32         `json:"cseq"`
	Status    int            `json:"status,omitempty"`
	Text      string         `json:"message,omitempty"` // masked
}

// A ladderStep is something that happened in the call beside its messages: a key, a prompt, a refused request.
type ladderStep struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	Text string    `json:"text,omitempty"`
}

func messageOf(e sip.Event) ladderMessage {
	return ladderMessage{
		At: e.At, Sent: e.Kind == sip.Sent, Transport: e.Transport, Peer: e.Peer, Local: e.Local,
		Line: e.Line, Method: e.Method, CSeq: e.CSeq, Status: e.Status, Text: string(e.Message),
	}
}

// add keeps a message. When there are too many, or they are too large, the oldest after the first ones go.
func (l *ladder) add(m ladderMessage) {
	l.Messages = append(l.Messages, m)
	l.bytes += len(m.Text) + len(m.Line)
	for len(l.Messages) > ladderMessages || l.bytes > ladderBytes && len(l.Messages) > 1 {
		oldest := min(ladderHead, len(l.Messages)-2)
		l.bytes -= len(l.Messages[oldest].Text) + len(l.Messages[oldest].Line)
		l.Messages = slices.Delete(l.Messages, oldest, oldest+1)
		l.Dropped++
	}
}

func (l *ladder) note(s ladderStep) {
	if len(l.Steps) < ladderSteps {
		l.Steps = append(l.Steps, s)
	}
}

// copy is the ladder as it is now.
func (l *ladder) copy() ladder {
	c := *l
	c.Messages, c.Steps = slices.Clone(l.Messages), slices.Clone(l.Steps)
	return c
}
