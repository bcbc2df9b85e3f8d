package sdp

import (
	"fmt"
	"strings"
)

// ours is our stream as we describe it.
type ours struct {
	proto     string
	formats   []Format
	ptime     int
	direction Direction
	mux       bool
	crypto    []cryptoLine
}

// ours describes the stream that was agreed on.
func (a *Agreement) ours(proto string) ours {
	return ours{proto: proto, formats: a.Formats, ptime: a.Ptime, direction: a.Direction, mux: a.Mux}
}

// body is the description after its origin.
func (e *Endpoint) body(o ours) string {
	var b strings.Builder
	fmt.Fprintf(&b, "s=-\r\nc=IN %s %s\r\nt=0 0\r\n", family(e.Local.Addr()), e.Local.Addr())
	for i, line := range e.lines {
		if i == e.audio {
			e.writeAudio(&b, o)
			continue
		}
		fmt.Fprintf(&b, "m=%s 0 %s %s\r\n", line.media, line.proto, line.formats) // refused (RFC 3264 section 6)
	}
	return b.String()
}

func (e *Endpoint) writeAudio(b *strings.Builder, o ours) {
	fmt.Fprintf(b, "m=audio %d %s", e.Local.Port(), o.proto)
	for _, f := range o.formats {
		fmt.Fprintf(b, " %d", f.Number)
	}
	b.WriteString("\r\n")
	for _, f := range o.formats {
		if f.Events {
			fmt.Fprintf(b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", f.Number, f.Number)
			continue
		}
		name := f.Codec.String()
		if f.Noise {
			name = "CN"
		}
		fmt.Fprintf(b, "a=rtpmap:%d %s/8000\r\n", f.Number, name)
	}
	fmt.Fprintf(b, "a=ptime:%d\r\na=%s\r\n", o.ptime, o.direction)
	if o.mux {
		b.WriteString("a=rtcp-mux\r\n")
	}
	for _, line := range o.crypto {
		b.WriteString(line.value())
	}
}
