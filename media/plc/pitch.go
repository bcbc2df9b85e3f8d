package plc

import "math"

// quiet is the energy, as the sum of squares over what is compared, below which correlations say nothing.
const quiet = 250

// pitch is the period with which the source repeats itself best: first among every second lag, of every second sample,
// then around the best of those. At 16 kHz it is every fourth.
func (c *Concealer) pitch() int {
	coarse := 2 * c.scale
	low, high := minPeriod*c.scale, maxPeriod*c.scale
	best := c.alike(low, high, coarse, coarse)
	return c.alike(max(low, best-coarse+1), min(high, best+coarse-1), 1, 1)
}

// alike is the lag from low to high, in steps, at which the newest sound is most like that before it, by every so many
// samples: the normalized cross-correlation.
func (c *Concealer) alike(low, high, step, every int) int {
	n, length := c.past(), compared*c.scale
	now := c.source[n-length : n]
	best, lag := float32(math.Inf(-1)), high
	for l := low; l <= high; l += step {
		then := c.source[n-length-l : n-l]
		var cross, energy float32
		for i := 0; i < length; i += every {
			cross += now[i] * then[i]
			energy += then[i] * then[i]
		}
		if r := cross / float32(math.Sqrt(float64(max(energy, quiet)))); r > best {
			best, lag = r, l
		}
	}
	return lag
}
