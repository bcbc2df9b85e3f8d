package g722

// A Decoder decodes one stream of sound. The zero value is ready, in the state that the Recommendation calls reset.
type Decoder struct {
	low, high band
	past      [qmfPast]int32
}

// Decode decodes bytes to 16-bit samples at 16 kHz. dst holds at least 2*len(src) samples. The stream goes on from
// call to call. Any bytes are a sound.
func (d *Decoder) Decode(dst []int16, src []byte) {
	var line [qmfPast + 2*chunk]int32
	for len(src) > 0 {
		n := min(len(src), chunk)
		copy(line[:], d.past[:])
		for i, code := range src[:n] {
			low, high := d.low.low(code&63), d.high.high(code>>6)
			line[qmfPast+2*i] = low + high
			line[qmfPast+2*i+1] = low - high
		}
		for i := range n {
			odd, even := qmf(line[2*i:])
			dst[2*i] = int16(clip16(odd >> 11))
			dst[2*i+1] = int16(clip16(even >> 11))
		}
		copy(d.past[:], line[2*n:])
		dst, src = dst[2*n:], src[n:]
	}
}

// Encoder is one that goes on where the decoder is, for a listener who has heard the same: heard is the end of what was
// decoded.
func (d *Decoder) Encoder(heard []int16) Encoder {
	e := Encoder{low: d.low, high: d.high}
	heard = heard[max(0, len(heard)-qmfPast):]
	for i, s := range heard {
		e.past[qmfPast-len(heard)+i] = int32(s)
	}
	return e
}

// low decodes six bits to a sample of the lower half: INVQBL, RECONS and LIMIT.
func (b *band) low(code byte) int32 {
	det := lowSteps.at(b.log)
	y := clip15(b.signal + det*low6[code&63]>>15)
	b.adaptLow(code>>2, det)
	return y
}

// high decodes two bits to a sample of the higher half: INVQAH, RECONS and LIMIT.
func (b *band) high(code byte) int32 {
	det := highSteps.at(b.log)
	y := clip15(b.signal + det*high2[code&3]>>15)
	b.adaptHigh(code, det)
	return y
}
