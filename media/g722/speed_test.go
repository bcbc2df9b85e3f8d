package g722_test

import (
	"math/rand/v2"
	"testing"

	"readback/media/g722"
)

// FuzzDecoder decodes any bytes, cut anywhere, and codes what comes out.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte{g722.Silence, 0, 1, 2, 3, 255}, uint8(2))
	f.Add(encode(square()[:400]), uint8(160))
	f.Fuzz(func(t *testing.T, codes []byte, at uint8) {
		cut := min(int(at), len(codes))
		whole, pieces := decode(codes), make([]int16, 2*len(codes))
		var d g722.Decoder
		d.Decode(pieces, codes[:cut])
		d.Decode(pieces[2*cut:], codes[cut:])
		if apart(whole, pieces) != 0 {
			t.Error("in two pieces it decodes differently")
		}
		e := g722.AtRest()
		again := make([]byte, len(codes))
		e.Encode(again, whole)
		e.Settle(again[:min(len(again), 80)])
	})
}

// packet is 20 ms of sound.
func packet() []int16 { return speech(rand.New(rand.NewPCG(1, 2)), 0.5)[1600:1920] }

func BenchmarkEncode(b *testing.B) {
	var e g722.Encoder
	pcm, codes := packet(), make([]byte, 160)
	b.ReportAllocs()
	for b.Loop() {
		e.Encode(codes, pcm)
	}
}

func BenchmarkDecode(b *testing.B) {
	var d g722.Decoder
	codes, pcm := encode(packet()), make([]int16, 320)
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(pcm, codes)
	}
}
