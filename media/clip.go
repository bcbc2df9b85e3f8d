package media

import (
	"math"
	"sync"
	"time"

	"readback/media/g711"
	"readback/media/sdp"
)

// Clip is a piece of sound to play: 8 kHz mono. It is coded once for each codec and may be played by many calls at
// once. Use the pointer that made it.
type Clip struct {
	pcm  []int16
	mu   sync.Once
	a    sync.Once
	muOf []byte
	aOf  []byte
}

// NewClip makes a clip of samples at 8 kHz, which it keeps.
func NewClip(pcm []int16) *Clip { return &Clip{pcm: pcm} }

// PCM is the sound, 16 bits at 8 kHz; not to be changed.
func (c *Clip) PCM() []int16 { return c.pcm }

// Duration is how long it lasts.
func (c *Clip) Duration() time.Duration { return time.Duration(len(c.pcm)) * sample }

// coded is the clip's sound in a codec's bytes, one a sample.
func (c *Clip) coded(codec sdp.Codec) []byte {
	if codec == sdp.PCMA {
		c.a.Do(func() {
			c.aOf = make([]byte, len(c.pcm))
			g711.EncodeA(c.aOf, c.pcm)
		})
		return c.aOf
	}
	c.mu.Do(func() {
		c.muOf = make([]byte, len(c.pcm))
		g711.EncodeMu(c.muOf, c.pcm)
	})
	return c.muOf
}

// Pause is silence.
func Pause(d time.Duration) *Clip { return NewClip(make([]int16, samplesIn(d))) }

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
