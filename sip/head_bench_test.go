package sip

import "testing"

// BenchmarkRead is what reading an INVITE costs.
func BenchmarkRead(b *testing.B) {
	p := []byte(invite().String())
	b.ReportAllocs()
	for b.Loop() {
		h, body, _ := readHead(p)
		if _, v := h.read(body); v != nil {
			b.Fatal("the INVITE is refused")
		}
	}
}
