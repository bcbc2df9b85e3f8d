package srtp_test

import (
	"encoding/binary"
	"testing"

	"readback/media/srtp"
)

// packet is an RTP packet of 20 ms of G.711 with room behind it.
func packet(sequence uint16) []byte {
	p := make([]byte, 172, 172+srtp.ReportOverhead)
	p[0] = 0x80
	binary.BigEndian.PutUint16(p[2:], sequence)
	binary.BigEndian.PutUint32(p[8:], 0xCAFEBABE)
	return p
}

// BenchmarkProtect is what a packet costs that is sent.
func BenchmarkProtect(b *testing.B) {
	for _, suite := range srtp.Suites() {
		b.Run(suite.String(), func(b *testing.B) {
			out := outbound(b, srtp.NewKey(suite))
			p := packet(0)
			sequence := uint16(0)
			b.ReportAllocs()
			for b.Loop() {
				sequence++
				binary.BigEndian.PutUint16(p[2:], sequence)
				if _, err := out.Protect(p[:cap(p)], len(p)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkUnprotect is what a packet costs that comes.
func BenchmarkUnprotect(b *testing.B) {
	for _, suite := range srtp.Suites() {
		b.Run(suite.String(), func(b *testing.B) {
			key := srtp.NewKey(suite)
			out := outbound(b, key)
			protected := make([][]byte, 1<<10)
			for i := range protected {
				protected[i] = packet(uint16(i))
				n, err := out.Protect(protected[i][:cap(protected[i])], len(protected[i]))
				if err != nil {
					b.Fatal(err)
				}
				protected[i] = protected[i][:n]
			}
			var opened [1500]byte
			b.ReportAllocs()
			in := inbound(b, key)
			for i := 0; b.Loop(); i++ {
				if i == len(protected) {
					b.StopTimer()
					i, in = 0, inbound(b, key)
					b.StartTimer()
				}
				if _, ok := in.Unprotect(opened[:], protected[i]); !ok {
					b.Fatal("not opened")
				}
			}
		})
	}
}

// BenchmarkForgeries is what a packet costs that was not made under the key, of a stream that is known and of others.
func BenchmarkForgeries(b *testing.B) {
	for _, suite := range []srtp.Suite{srtp.AESGCM128, srtp.AESCM128SHA80} {
		for name, ssrc := range map[string]uint32{"known": 0xCAFEBABE, "unknown": 1} {
			b.Run(suite.String()+"/"+name, func(b *testing.B) {
				key := srtp.NewKey(suite)
				out, in := outbound(b, key), inbound(b, key)
				p := packet(1)
				n, err := out.Protect(p[:cap(p)], len(p))
				if err != nil {
					b.Fatal(err)
				}
				in.Unprotect(make([]byte, 1500), p[:n])
				p = p[:n]
				p[3]++
				binary.BigEndian.PutUint32(p[8:], ssrc)
				b.ReportAllocs()
				for b.Loop() {
					if _, ok := in.Unprotect(p, p); ok {
						b.Fatal("a forgery was opened")
					}
				}
			})
		}
	}
}

func outbound(t testing.TB, key srtp.Key) *srtp.Outbound {
	t.Helper()
	o, err := srtp.NewOutbound(key)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func inbound(t testing.TB, key srtp.Key) *srtp.Inbound {
	t.Helper()
	i, err := srtp.NewInbound(key)
	if err != nil {
		t.Fatal(err)
	}
	return i
}
