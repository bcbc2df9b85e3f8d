package g722

// An Encoder codes one stream of sound. The zero value is ready, in the state that the Recommendation calls reset.
//
// A half of the sound that passes its 15 bits, as only a full-scale square wave makes it, is limited as in ITU-T G.191;
// FFmpeg and SpanDSP leave it as it is.
type Encoder struct {
	low, high band
	past      [qmfPast]int32
}

// Encode codes 16-bit samples at 16 kHz. len(src) is even (an odd last sample is left out); dst holds at least
// len(src)/2 bytes. The stream goes on from call to call.
func (e *Encoder) Encode(dst []byte, src []int16) {
	var line [qmfPast + 2*chunk]int32
	for n := len(src) / 2; n > 0; n = len(src) / 2 {
		n = min(n, chunk)
		copy(line[:], e.past[:])
		for i, s := range src[:2*n] {
			line[qmfPast+i] = int32(s)
		}
		for i := range n {
			odd, even := qmf(line[2*i:])
			dst[i] = e.high.quantizeHigh(clip15((odd-even)>>14))<<6 | e.low.quantizeLow(clip15((odd+even)>>14))
		}
		copy(e.past[:], line[2*n:])
		dst, src = dst[n:], src[2*n:]
	}
}

// quantizeLow codes a sample of the lower half in six bits: SUBTRA and QUANTL, then what the decoder will do.
func (b *band) quantizeLow(x int32) byte {
	det := lowSteps.at(b.log)
	size, negative := difference(x, b.signal)
	// The levels above zero are 1 to 30: the last whose decision value is not above the difference, by halving.
	level := 0
	for half := 16; half > 0; half /= 2 {
		if decisions[level+half]*det>>12 <= size {
			level += half
		}
	}
	code := lowCode(level+1, negative)
	b.adaptLow(code>>2, det)
	return code
}

// quantizeHigh codes a sample of the higher half in two bits: SUBTRA and QUANTH, then what the decoder will do.
func (b *band) quantizeHigh(x int32) byte {
	det := highSteps.at(b.log)
	size, negative := difference(x, b.signal)
	code := byte(3)
	if size >= 564*det>>12 {
		code = 2
	}
	if negative {
		code -= 2
	}
	b.adaptHigh(code, det)
	return code
}

// difference is by how much x differs from its prediction. Both signs are counted from 0.
func difference(x, prediction int32) (size int32, negative bool) {
	d := clip16(x - prediction)
	if d < 0 {
		return -d - 1, true
	}
	return d, false
}

// lowCode is how the levels 1 to 30 are written in six bits (table 17). Codes 0 to 3 are unused.
func lowCode(level int, negative bool) byte {
	switch {
	case !negative:
		return byte(62 - level)
	case level <= 2:
		return byte(64 - level)
	default:
		return byte(34 - level)
	}
}
