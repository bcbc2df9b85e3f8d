package media

import (
	"math"
	"time"
)

// Pause is silence.
func Pause(d time.Duration) *Clip {
	c := NewClip(make([]int16, samplesIn(d)))
	c.pause = true
	return c
}

const (
	// toneLevel is the loudness of Tone, as that of speech.
	toneLevel = -22 // dBov
	// toneFade is how long a tone takes to come and to go, so that it does not click.
	toneFade = 10 * time.Millisecond
)

// Tone is a sine of hz Hz at -22 dBov.
func Tone(hz float64, d time.Duration) *Clip {
	pcm := make([]int16, samplesIn(d))
	amplitude := math.Sqrt2 * 32768 * math.Pow(10, toneLevel/20.)
	fade := float64(samplesIn(toneFade))
	for i := range pcm {
		edge := min(1, float64(i)/fade, float64(len(pcm)-1-i)/fade)
		pcm[i] = int16(math.Round(amplitude * edge * math.Sin(2*math.Pi*hz*float64(i)/sampleRate)))
	}
	return NewClip(pcm)
}

// samplesIn is how many samples a time has at 8 kHz.
func samplesIn(d time.Duration) int { return int(max(0, d) / sample) }
