package g722

// band is the state that coding and decoding share for one half of the sound: the same in both, or the decoder would
// not follow.
type band struct {
	predictor
	log int32 // of the quantizer's step: NBL, NBH
}

// adaptLow learns from a lower code, without its last two bits: INVQAL, LOGSCL and block 4L.
func (b *band) adaptLow(code byte, det int32) {
	code &= 15
	b.log = max(0, min(lowLimit, b.log*127>>7+low4Log[code]))
	b.adapt(det * low4[code] >> 15)
}

// adaptHigh learns from a higher code: INVQAH, LOGSCH and block 4H.
func (b *band) adaptHigh(code byte, det int32) {
	code &= 3
	b.log = max(0, min(highLimit, b.log*127>>7+high2Log[code]))
	b.adapt(det * high2[code] >> 15)
}
