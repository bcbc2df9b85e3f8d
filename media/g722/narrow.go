package g722

// DecodeNarrow decodes the lower half of the sound alone to 16-bit samples at 8 kHz, one for each byte, at half the cost:
// for listeners to whom the telephone's band is enough. dst holds at least len(src) samples. A Decoder decodes either way,
// not both in turn.
func (d *Decoder) DecodeNarrow(dst []int16, src []byte) {
	for i, code := range src {
		dst[i] = int16(clip16(2 * d.low.low(code&63)))
	}
}
