package sip

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"testing"
)

// FuzzFrame: a stream is cut into messages within the bound, and nothing of it is lost or doubled.
func FuzzFrame(f *testing.F) {
	f.Add([]byte(byTCP(tcpInvite()) + byTCP(tcpInvite().with("OPTIONS", 1))))
	f.Add([]byte("X\nl: 3\r\n\r\nabc"))
	f.Add([]byte("X\r\nContent-Length: 99999999999\r\n\r\n"))
	f.Add([]byte(strings.Repeat("a", 300)))
	f.Fuzz(func(t *testing.T, p []byte) {
		const most = 256
		r, taken := bufio.NewReaderSize(bytes.NewReader(p), 16), 0
		for {
			frame, err := readFrame(r, most)
			if err != nil {
				if len(frame) > most+4096 || errors.Is(err, bufio.ErrBufferFull) {
					t.Fatalf("%d bytes, %v", len(frame), err)
				}
				return
			}
			if len(frame) > most || !bytes.Equal(frame, p[taken:taken+len(frame)]) {
				t.Fatalf("%d bytes at %d: %q", len(frame), taken, frame)
			}
			taken += len(frame)
		}
	})
}
