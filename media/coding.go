package media

import (
	"time"

	"readback/media/g722"
	"readback/media/sdp"
)

const (
	// faint is the amplitude below which the end of a clip is as good as silence: −50 dBov.
	faint = 104
	// settling is how much of that silence G.722 is given to come to rest.
	settling = 40 * time.Millisecond
)

func codedBy(encode func([]byte, []int16), pcm []int16) []byte {
	b := make([]byte, len(pcm))
	encode(b, pcm)
	return b
}

// wideband codes the clip in G.722, from rest to rest, so that clips can follow one another in any order. One that ends
// loud is not brought to rest: what follows it begins a little rough.
func (c *Clip) wideband() []byte {
	b := make([]byte, c.length)
	if c.pause {
		silence(b, sdp.G722)
		return b
	}
	pcm := wide(c.samples())
	end := len(b)
	for end > max(0, len(b)-samplesIn(settling)) && isFaint(pcm[2*end-2]) && isFaint(pcm[2*end-1]) {
		end--
	}
	e := g722.AtRest()
	e.Encode(b, pcm[:2*end])
	e.Settle(b[end:])
	return b
}

func isFaint(s int16) bool { return -faint < s && s < faint }
