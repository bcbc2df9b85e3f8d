package media

import (
	"bytes"
	"testing"

	"github.com/pion/rtp"
	"pgregory.net/rapid"
)

// TestHeadersAreThoseOfPion holds the hand-written header against another implementation (RFC 3550 section 5.1).
func TestHeadersAreThoseOfPion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rtp.Packet{
			Header: rtp.Header{
				Version: 2, Marker: rapid.Bool().Draw(t, "marker"), PayloadType: rapid.Uint8Range(0, 127).Draw(t, "type"),
				SequenceNumber: rapid.Uint16().Draw(t, "sequence"), Timestamp: rapid.Uint32().Draw(t, "timestamp"), SSRC: rapid.Uint32().Draw(t, "ssrc"),
				CSRC: rapid.SliceOfN(rapid.Uint32(), 0, 15).Draw(t, "sources"),
			},
			Payload: rapid.SliceOfN(rapid.Byte(), 1, 160).Draw(t, "payload"),
		}
		if id := rapid.Uint8Range(0, 14).Draw(t, "extension"); id > 0 {
			if err := want.SetExtension(id, []byte{1, 2, 3}); err != nil {
				t.Fatal(err)
			}
		}
		packet, err := want.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, payload, ok := parseRTP(packet)
		if !ok || !bytes.Equal(payload, want.Payload) || got != ours(want.Header) {
			t.Fatalf("parseRTP gives %+v, %x, %t; pion made it of %+v", got, payload, ok, want)
		}
		var sent [headerSize]byte
		got.put(sent[:])
		var read rtp.Header
		if _, err := read.Unmarshal(sent[:]); err != nil || ours(read) != got {
			t.Fatalf("pion reads %+v (%v) of our %+v", read, err, got)
		}
	})
}

func ours(h rtp.Header) header {
	return header{marker: h.Marker, payloadType: h.PayloadType, sequence: h.SequenceNumber, timestamp: h.Timestamp, ssrc: h.SSRC}
}
