package quality

import (
	"math"
	"time"
)

// The parameters of the E-model at their defaults (G.107 table 2): loudness, sidetone and echo in dB, noise in dBm0p
// and dB(A).
const (
	slr, rlr   = 8.0, 2.0  // send and receive loudness
	olr        = slr + rlr // overall
	stmr, lstr = 15.0, 18.0
	ds         = 3.0          // D-value of the telephone at the send side
	telr, wepl = 65.0, 110.0  // talker's and listener's echo
	nc, nfor   = -70.0, -64.0 // noise of circuit and of floor
	ps, pr     = 35.0, 35.0   // noise of the rooms
	qdu        = 1.0          // quantizing distortion
	delayed    = 100.0        // ms below which delay alone disturbs nobody
)

// Rating is the transmission rating R (G.107 section 7.1), about 93.2 for a perfect call and 0 for one that nobody
// can use. The delay is from mouth to ear, one way.
func Rating(c Coding, loss, burst float64, delay time.Duration) float64 {
	ms := max(delay, 0).Seconds() * 1e3
	return finite(clear - echoed(ms) - late(ms) - c.impaired(loss, burst))
}

// The parts of R that parameters at their defaults decide.
var (
	noise = total(nc, sender(), receiver(), nfor+rlr)
	ratio = 15 - 1.5*(slr+noise)
	clear = ratio - loud() - quantized()
)

// total adds up powers in dB.
func total(levels ...float64) float64 {
	sum := 0.0
	for _, level := range levels {
		sum += math.Pow(10, level/10)
	}
	return 10 * math.Log10(sum)
}

// sender and receiver are the rooms' noise at both sides, at the 0 dBr point (section 7.2).
func sender() float64 {
	return ps - slr - ds - 100 + 0.004*square(ps-olr-ds-14)
}

func receiver() float64 {
	effective := pr + 10*math.Log10(1+math.Pow(10, (10-lstr)/10))
	return rlr - 121 + effective + 0.008*square(effective-35)
}

// loud is the impairment by loudness and sidetone, Iolr + Ist (section 7.3). The echo that reaches the
// sidetone is so much weaker that its delay does not matter.
func loud() float64 {
	x := olr + 0.2*(64+noise-rlr)
	level := 20 * (root(1+math.Pow(x/8, 8), 8) - x/8)
	side := -total(-stmr, -telr)
	return level + 12*root(1+math.Pow((side-13)/6, 8), 8) - 28*root(1+math.Pow((side+1)/19.4, 35), 35) -
		13*root(1+math.Pow((side-3)/33, 13), 13) + 29
}

// quantized is the impairment by quantizing distortion, Iq (section 7.3).
func quantized() float64 {
	q := 37 - 15*math.Log10(qdu)
	g := 1.07 + 0.258*q + 0.0602*q*q
	y := (ratio-100)/15 + 46/8.4 - g/9
	z := 46.0/30 - g/40
	return 15 * math.Log10(1+math.Pow(10, y)+math.Pow(10, z))
}

// echoed is the impairment by echo of a one-way delay in ms, Idte + Idle (section 7.4).
func echoed(ms float64) float64 {
	talker := telr - 40*math.Log10((1+ms/10)/(1+ms/150)) + 6*math.Exp(-0.3*ms*ms)
	own := hyperbola(-1.5*(noise-rlr), 80+2.5*(talker-14), 100) - 1
	back := hyperbola(ratio, 10.5*(wepl+7)*math.Pow(2*ms+1, -0.25), 169)
	return own*(1-math.Exp(-ms)) + back
}

// late is the impairment by delay itself, Idd (section 7.4).
func late(ms float64) float64 {
	if ms <= delayed {
		return 0
	}
	x := math.Log2(ms / delayed)
	return 25 * (root(1+math.Pow(x, 6), 6) - 3*root(1+math.Pow(x/3, 6), 6) + 2)
}

// hyperbola falls from a−b towards 0 as b outgrows a.
func hyperbola(a, b, bend float64) float64 {
	half := (a - b) / 2
	return half + math.Sqrt(half*half+bend)
}

func root(x, n float64) float64 { return math.Pow(x, 1/n) }

func square(x float64) float64 { return x * x }
