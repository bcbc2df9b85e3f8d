package media

import (
	"fmt"
	"io"
	"sync"
	"time"

	"readback/media/g711"
	"readback/media/sdp"
)

// Clip is a piece of sound to play. It is coded once for each codec, when it is first wanted in it, and may be played by
// many calls at once. Use the pointer that made it.
type Clip struct {
	length int // in samples at 8 kHz, and so in bytes of any codec
	read   func() (pcm []int16, rate int, err error)
	pause  bool // nothing but silence
	pcmu   coding
	pcma   coding
	g722   coding
}

// coding is a clip's sound in a codec.
type coding struct {
	once  sync.Once
	bytes []byte
}

// NewClip makes a clip of samples at 8 kHz, which it keeps.
func NewClip(pcm []int16) *Clip { return newClip(pcm, sampleRate) }

// NewWideClip makes a clip of samples at 16 kHz, which it keeps. An odd last one is left out.
func NewWideClip(pcm []int16) *Clip { return newClip(pcm, wideRate) }

func newClip(pcm []int16, rate int) *Clip {
	return &Clip{length: len(pcm) * sampleRate / rate, read: func() ([]int16, int, error) { return pcm, rate, nil }}
}

// LoadClip makes a clip of a file as Decode does. The file is read at once, and again when the clip is first wanted in G722
// or as samples: a clip keeps only what it sends, 8 kB a second and codec. If it cannot be read again, or has become
// another, the clip goes on with the sound that it has at 8 kHz.
func LoadClip(open func() (io.ReadCloser, error)) (*Clip, error) {
	c := &Clip{read: func() ([]int16, int, error) { return readFile(open) }}
	pcm, rate, err := c.read()
	if err != nil {
		return nil, err
	}
	c.length = len(pcm) * sampleRate / rate
	pcm = narrow(pcm, rate)
	c.pcmu.once.Do(func() { c.pcmu.bytes = codedBy(g711.EncodeMu, pcm) })
	c.pcma.once.Do(func() { c.pcma.bytes = codedBy(g711.EncodeA, pcm) })
	return c, nil
}

func readFile(open func() (io.ReadCloser, error)) ([]int16, int, error) {
	file, err := open()
	if err != nil {
		return nil, 0, fmt.Errorf("read a clip: %w", err)
	}
	defer file.Close()
	return DecodePCM(file)
}

// samples are the clip's, at 8 or 16 kHz.
func (c *Clip) samples() (pcm []int16, rate int) {
	pcm, rate, err := c.read()
	if err == nil && len(pcm)*sampleRate/rate == c.length {
		return pcm, rate
	}
	pcm = make([]int16, c.length)
	g711.DecodeMu(pcm, c.pcmu.bytes)
	return pcm, sampleRate
}

// PCM is the sound, 16 bits at 8 kHz; not to be changed.
func (c *Clip) PCM() []int16 { return narrow(c.samples()) }

// Duration is how long it lasts.
func (c *Clip) Duration() time.Duration { return time.Duration(c.length) * sample }

// coded is the clip's sound in a codec's bytes, one for 125 µs. The first time takes a while, so that it is done before
// the packets come to it.
func (c *Clip) coded(codec sdp.Codec) []byte {
	switch codec {
	case sdp.PCMA:
		c.pcma.once.Do(func() { c.pcma.bytes = codedBy(g711.EncodeA, c.PCM()) })
		return c.pcma.bytes
	case sdp.G722:
		c.g722.once.Do(func() { c.g722.bytes = c.wideband() })
		return c.g722.bytes
	default:
		c.pcmu.once.Do(func() { c.pcmu.bytes = codedBy(g711.EncodeMu, c.PCM()) })
		return c.pcmu.bytes
	}
}
