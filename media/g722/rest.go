package g722

// Silence is the byte of no sound. A stream of it decodes to zeros; 20 ms after a sound, to a constant at −50 dBov or
// below. (0xFA, the first byte that an encoder makes of zeros and then mixes with others, grows to one of −44 dBov.)
//
// It leads a decoder to rest: all memory is gone but the predictor's weights on what was decoded, which go to where
// silence drives them. The weights on differences fade slowest, by half in 22 ms.
const Silence = 0xFD

// rest is where Silence leads, in each band.
var rest = band{predictor: predictor{a1: 27648, a2: -12288}}

// AtRest is the encoder of a sound that follows [Silence], or another that was coded so and ended by Settle: such
// sounds can be coded apart, each once, and sent in any order. A decoder that was led to rest decodes each as if it
// had never heard another.
func AtRest() Encoder { return Encoder{low: rest, high: rest} }

// Settle codes silence that leads a decoder to rest, as Silence does, but sooner: 40 ms will do after speech. On the
// way the decoder murmurs at some −60 to −46 dBov. What follows is Silence, or begins with another encoder at rest.
func (e *Encoder) Settle(dst []byte) {
	for i := range dst {
		dst[i] = e.high.settle((*band).high, 3, 1)<<6 | e.low.settle((*band).low, 61, 58, 31)
	}
	e.past = [qmfPast]int32{}
}

// settle takes the one of some quiet codes that leaves the weights on differences smallest. The sign of a code decides
// which way each of them goes: with the code before that many samples, or against it.
func (b *band) settle(decode func(*band, byte) int32, codes ...byte) (best byte) {
	from, least := *b, int64(-1)
	for _, code := range codes {
		next := from
		decode(&next, code)
		var size int64
		for _, w := range next.b {
			size += int64(w) * int64(w)
		}
		if least < 0 || size < least {
			best, least, *b = code, size, next
		}
	}
	return best
}
