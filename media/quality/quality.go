// Package quality estimates how a call sounds to people, from what the network did to its packets: the E-model of
// ITU-T G.107 (06/2015) with all its parameters at their defaults (table 2) but loss, its bursts, and delay.
//
// The figures of G.722 are on the same narrowband scale, whose top is 4.41: a gateway compares its calls, and an
// operator its trunks, so that one scale for all of them is worth more than credit for the wider band (G.107.1).
package quality

import (
	"math"
	"strings"
	"time"
)

// Coding is what a codec does to speech (ITU-T G.113 appendix I).
type Coding struct {
	Ie  float64 // equipment impairment without loss
	Bpl float64 // robustness to loss; more is better
}

// The codings of G.113 tables I.1 and I.2. G.722 at 64 kbit/s carries all of what G.711 does, sample by sample, so
// that on the narrowband scale loss does to it what it does to G.711.
var (
	G711          = Coding{Ie: 0, Bpl: 4.3}  // lost packets are silence
	G711Concealed = Coding{Ie: 0, Bpl: 25.1} // as by G.711 appendix I
	G722          = G711
	G722Concealed = G711Concealed
)

// codings are those of the encoding names (RFC 3551) that we speak. What a call's listeners hear is concealed.
var codings = map[string]Coding{"PCMU": G711Concealed, "PCMA": G711Concealed, "G722": G722Concealed}

// MOS is the mean opinion score, 1 to 4.41, of sound in a codec (an encoding name of RFC 3551) of which a share was
// lost, 0 to 1, with one-way delay from mouth to ear. Burst is by how much longer the runs of lost packets were than
// those of random loss: 1 is random, less counts as 1. It is 0 for a codec that is not known.
func MOS(codec string, loss, burst float64, delay time.Duration) float64 {
	coding, ok := codings[strings.ToUpper(codec)]
	if !ok {
		return 0
	}
	return Score(Rating(coding, loss, burst, delay))
}

// Score maps a rating to the mean opinion score (G.107 annex B).
func Score(rating float64) float64 {
	switch r := rating; {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	default:
		return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6) // which dips below 1 next to 0
	}
}

// impaired is the effective equipment impairment of a coding under loss (G.107 section 7.5).
func (c Coding) impaired(loss, burst float64) float64 {
	percent := 100 * min(max(loss, 0), 1)
	return c.Ie + (95-c.Ie)*percent/(percent/max(burst, 1)+c.Bpl)
}

// Burst is the burst ratio of losses that came in runs, as MOS wants it: the mean run against 1/(1−loss), which is
// that of random loss (G.107 section 7.5).
func Burst(loss float64, lost, runs int64) float64 {
	if runs == 0 {
		return 1
	}
	return max(1, float64(lost)/float64(runs)*(1-loss))
}

// finite makes a rating that is no number the worst one: the arguments were none.
func finite(r float64) float64 {
	if math.IsNaN(r) {
		return 0
	}
	return r
}
