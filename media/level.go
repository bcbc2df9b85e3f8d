package media

import (
	"math"
	"time"
)

// Level is how loud a sound is. Levels are in dBov: 0 is a full-scale square wave; silence is -Inf.
type Level struct {
	Active float64 // of the speech in it, pauses not counted (ITU-T P.56 method B)
	Peak   float64 // of the highest sample
	DC     float64 // mean of the samples, as a share of full scale
	// Lead and Tail are the silence before the first and after the last 10 ms above -50 dBov.
	Lead, Tail time.Duration
}

const (
	p56Smoothing = 0.03 // s, of each of two stages
	p56Hangover  = 0.2  // s
	p56Margin    = 15.9 // dB between the level of speech and the threshold that finds it
	p56Bits      = 15   // thresholds: powers of two of a 16-bit sample
)

// Measure measures 16-bit samples at rate Hz.
func Measure(pcm []int16, rate int) Level {
	l := Level{Peak: math.Inf(-1), Active: math.Inf(-1)}
	if len(pcm) == 0 || rate <= 0 {
		return l
	}
	var sum, squares float64
	peak := 0
	for _, s := range pcm {
		sum += float64(s)
		squares += float64(s) * float64(s)
		peak = max(peak, int(s), -int(s))
	}
	l.DC = sum / float64(len(pcm)) / 32768
	l.Peak = 20 * math.Log10(float64(peak)/32768)
	l.Active = activeLevel(pcm, rate, squares)
	l.Lead, l.Tail = edges(pcm, rate)
	return l
}

// activeLevel is ITU-T P.56 method B; squares is the sum over pcm.
func activeLevel(pcm []int16, rate int, squares float64) float64 {
	active := activity(pcm, rate)
	var lastDelta, lastLevel float64
	for j := range active {
		if active[j] == 0 {
			break
		}
		level := 10*math.Log10(squares/float64(active[j])) - 20*math.Log10(32768)
		delta := level - 20*math.Log10(float64(int(1)<<j)/32768)
		if delta <= p56Margin {
			if j == 0 || lastDelta == delta {
				return level
			}
			part := (lastDelta - p56Margin) / (lastDelta - delta)
			return lastLevel + part*(level-lastLevel)
		}
		lastDelta, lastLevel = delta, level
	}
	return math.Inf(-1)
}

// activity counts, for each threshold, the samples at which the envelope is or recently was above it.
func activity(pcm []int16, rate int) (active [p56Bits]int) {
	g := math.Exp(-1 / (float64(rate) * p56Smoothing))
	hold := int(p56Hangover * float64(rate))
	var p, q float64
	var hang [p56Bits]int
	for _, s := range pcm {
		p = g*p + (1-g)*math.Abs(float64(s))
		q = g*q + (1-g)*p
		for j := range active {
			if q >= float64(int(1)<<j) {
				hang[j] = hold
			} else if hang[j] > 0 {
				hang[j]--
			} else {
				break // higher thresholds were left before
			}
			active[j]++
		}
	}
	return active
}

// edges measures the silence before and after the sound.
func edges(pcm []int16, rate int) (lead, tail time.Duration) {
	size := rate / 100
	first, last := -1, 0
	for i := 0; i < len(pcm); i += size {
		var power int64
		part := pcm[i:min(i+size, len(pcm))]
		for _, s := range part {
			power += int64(s) * int64(s)
		}
		if power > quietest*int64(len(part)) {
			if first < 0 {
				first = i
			}
			last = i + len(part)
		}
	}
	in := func(n int) time.Duration { return time.Duration(n) * time.Second / time.Duration(rate) }
	if first < 0 {
		return in(len(pcm)), in(len(pcm))
	}
	return in(first), in(len(pcm) - last)
}
