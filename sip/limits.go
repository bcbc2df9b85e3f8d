package sip

import (
	"bytes"
	"fmt"
	"time"
)

const maxMessage = 64 << 10 // bytes of one message, head and body; no datagram is larger

// Limits bound what peers may use. A zero field means the default that stands behind it.
type Limits struct {
	MessageSize          int           // bytes of a message, head and body: 64 kB, which is also the most
	Headers              int           // header fields of a message: 256, which is also the most
	HeaderLine           int           // bytes of one header with its continuation lines: 8 kB
	ConnectionsPerSource int           // TCP, TLS and WebSocket connections with one address: 4
	Connections          int           // in all: 256
	Handshakes           int           // TLS and WebSocket handshakes at once: 64, half of them at most with unknown addresses
	Idle                 time.Duration // without a message, a call or a registration, until a connection is closed: 1 h
	FirstMessage         time.Duration // until the handshake is done, and again until the first message is whole: 5 s
	WholeMessage         time.Duration // from the first byte of a message to its last: 10 s
	Write                time.Duration // until the peer has taken what is sent: 2 s
}

func (l Limits) withDefaults() Limits {
	l.MessageSize = min(orDefault(l.MessageSize, maxMessage), maxMessage)
	l.Headers = min(orDefault(l.Headers, maxFields), maxFields)
	l.HeaderLine = orDefault(l.HeaderLine, 8<<10)
	l.ConnectionsPerSource = orDefault(l.ConnectionsPerSource, 4)
	l.Connections = orDefault(l.Connections, 256)
	l.Handshakes = orDefault(l.Handshakes, 64)
	l.Idle = orDefault(l.Idle, time.Hour)
	l.FirstMessage = orDefault(l.FirstMessage, 5*time.Second)
	l.WholeMessage = orDefault(l.WholeMessage, 10*time.Second)
	l.Write = orDefault(l.Write, 2*time.Second)
	return l
}

func (l Limits) check() error {
	for name, n := range map[string]int64{
		"MessageSize": int64(l.MessageSize), "Headers": int64(l.Headers), "HeaderLine": int64(l.HeaderLine),
		"ConnectionsPerSource": int64(l.ConnectionsPerSource), "Connections": int64(l.Connections), "Handshakes": int64(l.Handshakes),
		"Idle": int64(l.Idle), "FirstMessage": int64(l.FirstMessage), "WholeMessage": int64(l.WholeMessage), "Write": int64(l.Write),
	} {
		if n < 0 {
			return fmt.Errorf("sip: the limit %s is below zero; give 0 for the default", name)
		}
	}
	return nil
}

// judge finds a message that is not worth parsing.
func (l Limits) judge(p []byte) *verdict {
	if len(p) > l.MessageSize {
		return &verdict{413, "too-large", errFrameTooLarge.Error(), nil}
	}
	lines, length := 0, 0
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			end = len(p)
		}
		line := p[:end]
		p = p[end:]
		switch {
		case len(bytes.TrimRight(line, "\r\n")) == 0 && lines > 0:
			return nil // the end of the head
		case line[0] == ' ' || line[0] == '\t':
			length += end
		default:
			lines, length = lines+1, end
		}
		if length > l.HeaderLine {
			return &verdict{400, "header-line", fmt.Sprintf("a header is longer than %d bytes", l.HeaderLine), nil}
		}
		if lines > l.Headers+1 { // and the first line
			return &verdict{400, "header-count", fmt.Sprintf("there are more than %d headers", l.Headers), nil}
		}
	}
	return nil
}
