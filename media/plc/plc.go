// Package plc conceals lost packets in the manner of ITU-T G.711 Appendix I: the last pitch period of what was heard is
// repeated, after 10 and 20 ms the last two and three, fading from 10 ms on to silence at 60 ms. What comes after is faded
// in over what would have been repeated.
//
// Unlike in the Appendix the sound is not delayed. In place of overlapping the end of what was heard, which by then has
// been given out, the first repetition starts from its last sample and bends to the waveform within a quarter of a period.
package plc

const (
	// The pitch is sought from 66 to 267 Hz, that of the Appendix only to 200 Hz, by the sound of the last 10 ms, that of
	// the Appendix by 20 ms: both bring the shipped voices nearer to what they say. Times below are in samples at 8 kHz,
	// of which a Concealer at 16 kHz takes twice as many.
	minPeriod = 30
	maxPeriod = 120
	compared  = 80            // stretch of sound that is compared with that a period before
	reserve   = maxPeriod / 4 // overlap of one repetition with the next
	past      = 3*maxPeriod + reserve
	// whole is how long concealment is at full level, and faded when it is silent.
	whole = 80
	faded = 480
	// blend is how long what comes after is faded in, at least a quarter of a period; longer after a longer loss, by more
	// for each 10 ms, up to most.
	more = 32
	most = 80
	// maxScale is that of 16 kHz.
	maxScale = 2
)

// Concealer repairs one stream of sound. It is not for several goroutines at once.
type Concealer struct {
	scale   int                      // rate / 8 kHz
	heard   [maxScale * past]int16   // what was given out last, the newest at the end
	source  [maxScale * past]float32 // what was heard before the loss
	lost    int                      // samples concealed in a row
	period  int
	periods int // in the cycle that is repeated
	phase   int // in that cycle
	bend    float32
	blend   int // samples over which sound is faded in after a loss
	blended int // of them so far
}

// New makes a concealer for 16-bit sound of 8000 or 16000 Hz.
func New(rate int) *Concealer { return &Concealer{scale: max(1, min(rate/8000, maxScale))} }

// Good takes sound that has come, in order, and after a loss fades it in, in place.
func (c *Concealer) Good(pcm []int16) {
	if len(pcm) == 0 {
		return
	}
	if c.lost > 0 && c.blend == 0 {
		late := (c.lost-1)/(whole*c.scale)*more + c.period/4/c.scale
		c.blend, c.blended = c.scale*min(late, most), 0
	}
	for i := 0; i < len(pcm) && c.blended < c.blend; i++ {
		c.blended++
		w := float32(c.blended) / float32(c.blend+1)
		pcm[i] = clip((1-w)*c.next() + w*float32(pcm[i]))
	}
	if c.blended == c.blend {
		c.lost, c.blend, c.blended = 0, 0, 0
	}
	c.remember(pcm)
}

// Mending reports whether sound that comes now is changed by Good: a loss is not over.
func (c *Concealer) Mending() bool { return c.lost > 0 }

// Faded reports whether a loss has lasted so long that nothing is made up for it any more.
func (c *Concealer) Faded() bool { return c.lost >= faded*c.scale }

// Lost fills pcm with what might have been there.
func (c *Concealer) Lost(pcm []int16) {
	if len(pcm) == 0 {
		return
	}
	if c.lost == 0 || c.blend > 0 {
		c.begin()
	}
	for i := range pcm {
		pcm[i] = clip(c.next())
	}
	c.remember(pcm)
}

// begin looks at what was heard last.
func (c *Concealer) begin() {
	for i, s := range c.history() {
		c.source[i] = float32(s)
	}
	c.period = c.pitch()
	c.lost, c.blend, c.blended = 0, 0, 0
	c.periods, c.phase = 1, 0
	n := c.past()
	c.bend = c.source[n-1] - c.source[n-1-c.period]
}

// next is the next sample of the concealment.
func (c *Concealer) next() float32 {
	if c.lost >= faded*c.scale {
		c.lost++
		return 0
	}
	if c.lost == c.periods*whole*c.scale && c.periods < 3 {
		c.periods++
	}
	v := c.sample(c.periods, c.phase)
	quarter := c.period / 4
	if since := c.lost - (c.periods-1)*whole*c.scale; since < quarter {
		w := float32(since+1) / float32(quarter+1)
		if c.periods == 1 {
			v += (1 - w) * c.bend
		} else { // the cycle has just become longer
			v = w*v + (1-w)*c.sample(c.periods-1, c.phase%((c.periods-1)*c.period))
		}
	}
	v *= c.gain()
	c.lost++
	if c.phase++; c.phase == c.periods*c.period {
		c.phase = 0
	}
	return v
}

// sample is one of the cycle of so many periods. The end of the cycle goes over into what came before its beginning.
func (c *Concealer) sample(periods, phase int) float32 {
	n, length, quarter := c.past(), periods*c.period, c.period/4
	v := c.source[n-length+phase]
	if i := phase - (length - quarter); i >= 0 {
		w := float32(i+1) / float32(quarter+1)
		v = (1-w)*v + w*c.source[n-length-quarter+i]
	}
	return v
}

func (c *Concealer) gain() float32 {
	return min(1, float32(faded*c.scale-c.lost)/float32((faded-whole)*c.scale))
}

func (c *Concealer) past() int { return past * c.scale }

func (c *Concealer) history() []int16 { return c.heard[:c.past()] }

// remember keeps the newest of what was given out.
func (c *Concealer) remember(pcm []int16) {
	h := c.history()
	n := min(len(pcm), len(h))
	copy(h, h[n:])
	copy(h[len(h)-n:], pcm[len(pcm)-n:])
}

func clip(v float32) int16 { return int16(max(-32768, min(v, 32767))) }
