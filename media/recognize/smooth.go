package recognize

// smooth takes the treble from sound as it comes: above 2 kHz a clock that is half a sample off turns likeness into
// chance. Clips and streams are smoothed alike. The zero value is ready.
type smooth struct{ a, b float32 }

// run filters 16-bit samples to values from -1 to 1, one sample late.
func (s *smooth) run(pcm []int16) []float32 {
	out := make([]float32, len(pcm))
	for i, v := range pcm {
		x := float32(v) / 32768
		out[i] = (s.a + 2*s.b + x) / 4
		s.a, s.b = s.b, x
	}
	return out
}
