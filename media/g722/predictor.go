package g722

// predictor is block 4: it predicts a sample from two samples before (poles) and six differences before (zeros), and
// learns how by the signs of both.
type predictor struct {
	signal int32    // the prediction: SL, SH
	zeros  int32    // its part from the differences: SZL, SZH
	a1, a2 int32    // weights of the samples, in 2^-14
	b      [6]int32 // weights of the differences, in 2^-14
	r1     int32    // the sample before, doubled
	p1, p2 int32    // the sums of PARREC before, of which the signs count
	d      [6]int32 // the differences before, doubled, newest first
}

// adapt takes the difference of the sample that was predicted and predicts the next.
func (p *predictor) adapt(d int32) {
	r := clip16(2 * clip16(p.signal+d)) // RECONS
	partial := clip16(p.zeros + d)      // PARREC
	p.learnPoles(partial)
	p.learnZeros(d)
	p.predict(r)
}

// learnPoles is UPPOL2 and UPPOL1.
func (p *predictor) learnPoles(partial int32) {
	toward, step := clip16(4*p.a1), int32(-192)
	if partial^p.p1 >= 0 {
		toward, step = clip16(-toward), 192
	}
	lean := int32(-128)
	if partial^p.p2 >= 0 {
		lean = 128
	}
	p.a2 = max(-12288, min(12288, toward>>7+lean+p.a2*127>>7))
	limit := 15360 - p.a2
	p.a1 = max(-limit, min(limit, step+p.a1*255>>8))
	p.p1, p.p2 = partial, p.p1
}

// learnZeros is UPZERO: each weight leaks and goes a step towards the difference's having the sign of one before.
func (p *predictor) learnZeros(d int32) {
	step := int32(128)
	if d == 0 {
		step = 0
	}
	for i := range p.b {
		against := (d ^ p.d[i]) >> 31 // 0 or -1
		p.b[i] = p.b[i]*255>>8 + (step ^ against) - against
	}
	copy(p.d[1:], p.d[:])
	p.d[0] = clip16(2 * d)
}

// predict is FILTEZ, FILTEP and PREDIC.
func (p *predictor) predict(r int32) {
	p.zeros = 0
	for i := len(p.b) - 1; i >= 0; i-- {
		p.zeros = clip16(p.zeros + p.b[i]*p.d[i]>>15)
	}
	poles := clip16(p.a1*r>>15 + p.a2*p.r1>>15)
	p.r1 = r
	p.signal = clip16(poles + p.zeros)
}
