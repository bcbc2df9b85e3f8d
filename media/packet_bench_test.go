package media

import (
	"net/netip"
	"testing"
	"time"

	"readback/media/dtmf"
	"readback/media/sdp"
)

// BenchmarkAdmit is the question whether a packet comes from whom it should: of the latched source, and of a stranger.
func BenchmarkAdmit(b *testing.B) {
	stranger := netip.MustParseAddrPort("203.0.113.9:4000")
	for name, from := range map[string]netip.AddrPort{"peer": peer, "stranger": stranger} {
		b.Run(name, func(b *testing.B) {
			s := sessionOn(b, &outlet{}, 20)
			if !s.admit(peer, true, 1) {
				b.Fatal("the peer is not latched")
			}
			b.ReportAllocs()
			for b.Loop() {
				if s.admit(from, true, 2) != (from == peer) {
					b.Fatalf("admitted %v", from)
				}
			}
		})
	}
}

// BenchmarkReception counts a packet: its order, its jitter, its pace.
func BenchmarkReception(b *testing.B) {
	var r reception
	h, at := header{ssrc: 7}, time.Hour
	b.ReportAllocs()
	for b.Loop() {
		r.packet(h, at, true)
		h.sequence, h.timestamp, at = h.sequence+1, h.timestamp+160, at+20*time.Millisecond+time.Microsecond
	}
	if r.missing() != 0 || r.reordered != 0 {
		b.Errorf("%d missing, %d out of order", r.missing(), r.reordered)
	}
}

// BenchmarkEvent is a packet of a key press; every fifth begins another press.
func BenchmarkEvent(b *testing.B) {
	s := sessionOn(b, &outlet{}, 20)
	h, at := header{ssrc: 7, payloadType: 101}, time.Hour
	var payload [dtmf.PayloadSize]byte
	n := 0
	b.ReportAllocs()
	for ; b.Loop(); n++ {
		if n%5 == 0 {
			h.timestamp += 1600
			s.keys.n = 0
		}
		h.sequence++
		at += 20 * time.Millisecond
		dtmf.Packet{Event: 5, Volume: 10, Duration: uint16(160 * (n%5 + 1)), Timestamp: h.timestamp}.Put(payload[:])
		s.event(h, payload[:], at)
	}
	if s.keys.n != 1 || s.in.invalid != 0 {
		b.Errorf("%d keys in the last press, %d invalid packets", s.keys.n, s.in.invalid)
	}
}

// BenchmarkPacing is what Options.Pacing adds to a packet, and BenchmarkTurns what Options.Reaction does.
func BenchmarkPacing(b *testing.B) {
	var p Pacing
	var a arrivals
	h, at := header{ssrc: 7}, time.Hour
	b.ReportAllocs()
	for b.Loop() {
		a.packet(&p, h, false, at)
		h.sequence, h.timestamp, at = h.sequence+1, h.timestamp+160, at+20*time.Millisecond+time.Duration(h.sequence)*100
	}
	if p.Gaps() != 0 {
		b.Errorf("%d gaps", p.Gaps())
	}
}

func BenchmarkTurns(b *testing.B) {
	for _, codec := range sdp.Codecs() {
		b.Run(codec.String(), func(b *testing.B) {
			var r Reaction
			var t turns
			payload := make([]byte, 160)
			for i := range payload {
				payload[i] = byte(i * 7)
			}
			now := time.Hour
			b.ReportAllocs()
			for b.Loop() {
				now += 20 * time.Millisecond
				t.packet(&r, sdp.Format{Codec: codec}, payload, now, now)
			}
			if !t.spoken {
				b.Error("nothing was heard")
			}
		})
	}
}

// BenchmarkReport is an RTCP report with its name, made and sent: every 5 s, not with every packet.
func BenchmarkReport(b *testing.B) {
	s := sessionOn(b, &outlet{}, 20)
	s.in.packet(header{ssrc: 7, sequence: 1}, time.Hour, true)
	s.out.sent = 1
	b.ReportAllocs()
	for b.Loop() {
		s.sendRTCP(s.report(), s.description())
	}
	if s.out.failed != 0 {
		b.Errorf("%d reports failed", s.out.failed)
	}
}
