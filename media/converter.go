package media

// piece is how much sound is worked on at once: 10 ms, in samples of 8 kHz.
const piece = sampleRate / 100

// converter takes a stream from 16 to 8 kHz or from 8 to 16 kHz, 3 ms late. The zero value is ready, for one of the two.
type converter struct {
	line [2*reach + 2*piece]float64 // the last 2*reach samples, and those that follow
}

// extend adds at most 2*piece samples of input, and gives back the line with them.
func (c *converter) extend(in []int16) []float64 {
	for i, s := range in {
		c.line[2*reach+i] = float64(s)
	}
	return c.line[:2*reach+len(in)]
}

// narrow makes len(in)/2 samples of an even number.
func (c *converter) narrow(out, in []int16) {
	line, h := c.extend(in), halfBand()
	for i := range out {
		near := line[2*i : 2*i+2*reach+1]
		sum := 0.5 * near[reach]
		for k, v := range h {
			sum += v * (near[reach-1-2*k] + near[reach+1+2*k])
		}
		out[i] = rounded(sum)
	}
	copy(c.line[:], line[len(in):])
}

// widen makes 2*len(in) samples.
func (c *converter) widen(out, in []int16) {
	line, h := c.extend(in), halfBand()
	for i := range in {
		near := line[i+2*reach+1-2*len(h) : i+2*reach+1]
		sum := 0.0
		for k, v := range h {
			sum += 2 * v * (near[len(h)-1-k] + near[len(h)+k])
		}
		out[2*i], out[2*i+1] = rounded(near[len(h)-1]), rounded(sum)
	}
	copy(c.line[:], line[len(in):])
}
