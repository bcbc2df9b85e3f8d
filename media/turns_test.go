package media

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"readback/media/sdp"
)

func TestReactionIsFromKeyToNextUtterance(t *testing.T) {
	var (
		mu      = sdp.Format{Codec: sdp.PCMU}
		silence = packets(mu, 0xFF, 30)
		speech  = packets(mu, 0x90, 30)
		noise   = slices.Repeat(slices.Concat(packets(mu, 0xF8, 1), packets(mu, 0x79, 1)), 15) // -55 dBov
		comfort = packets(sdp.Format{Noise: true}, 30, 30)
		nothing = slices.Repeat([]frame20{{none: true}}, 20)
		key     = []frame20{{press: true}}
		a       = sdp.Format{Codec: sdp.PCMA}
	)
	const none = -1
	for name, test := range map[string]struct {
		heard []frame20
		want  time.Duration // each packet is 20 ms after the last; a key goes out 5 ms before one
	}{
		"a prompt after silence":          {slices.Concat(speech, silence, key, silence[:2], speech), 45 * time.Millisecond},
		"a prompt that begins softly":     {slices.Concat(speech, silence, key, silence[:1], packets(mu, 0xFC, 1), speech), 25 * time.Millisecond},
		"a prompt after noise":            {slices.Concat(speech, noise, key, noise[:3], speech), 65 * time.Millisecond},
		"a prompt after comfort noise":    {slices.Concat(speech, comfort, key, comfort[:1], silence, speech), 25 * time.Millisecond},
		"a prompt after nothing":          {slices.Concat(speech, nothing, key, silence, speech), 5 * time.Millisecond},
		"A-law":                           {slices.Concat(packets(a, 0x2A, 9), packets(a, 0xD5, 30), key, packets(a, 0x55, 1), packets(a, 0x2A, 9)), 25 * time.Millisecond},
		"the last of several keys counts": {slices.Concat(speech, silence, key, silence, key, speech), 5 * time.Millisecond},
		"it spoke when the key was down":  {slices.Concat(speech, silence[:3], key, silence, speech), none},
		"it never answers":                {slices.Concat(speech, silence, key, silence), none},
		"noise is no answer":              {slices.Concat(speech, noise, key, noise), none},
		"too late to be the answer":       {slices.Concat(speech, silence, key, slices.Repeat(silence, 6), speech), none},
	} {
		t.Run(name, func(t *testing.T) {
			var r Reaction
			var s turns
			now := time.Hour
			for _, f := range test.heard {
				if f.press {
					s.press(now+15*time.Millisecond, now+15*time.Millisecond)
					continue
				}
				if now += 20 * time.Millisecond; !f.none {
					s.packet(&r, f.format, bytes.Repeat([]byte{f.sound}, 160), now, now)
				}
			}
			got := time.Duration(none)
			if r.Count() > 0 {
				got = r.Max()
			}
			if got != test.want || r.Count() > 1 {
				t.Errorf("%d reactions, the longest after %v; want %v", r.Count(), got, test.want)
			}
		})
	}
}

// frame20 is the next 20 ms of a call: a packet of one byte over and over, none, or our key.
type frame20 struct {
	format      sdp.Format
	sound       byte
	none, press bool
}

func packets(f sdp.Format, sound byte, n int) []frame20 {
	return slices.Repeat([]frame20{{format: f, sound: sound}}, n)
}

func TestAnAnswerThatCameBeforeTheKeyIsNone(t *testing.T) {
	var r Reaction
	var s turns
	s.press(time.Minute, time.Hour)
	s.packet(&r, sdp.Format{Codec: sdp.PCMU}, []byte{0x80}, time.Minute, time.Hour-time.Millisecond)
	s.packet(&r, sdp.Format{Codec: sdp.PCMU}, []byte{0x80}, time.Minute, time.Hour+time.Second)
	if r.Count() != 0 {
		t.Errorf("%d reactions to a prompt that was under way", r.Count())
	}
}

func TestLoudness(t *testing.T) {
	coder := bytes.Repeat([]byte{0xFA, 0xDB}, 80)
	talk := make([]byte, 160)
	for i := range talk {
		talk[i] = byte(i * 7)
	}
	for name, test := range map[string]struct {
		codec   sdp.Codec
		payload []byte
		want    uint8
	}{
		"silence in PCMU":      {sdp.PCMU, []byte{0xFF, 0x7F}, 0},
		"silence in PCMA":      {sdp.PCMA, []byte{0xD5, 0x55}, 0},
		"full scale in PCMU":   {sdp.PCMU, []byte{0xFF, 0x00}, 127},
		"full scale in PCMA":   {sdp.PCMA, []byte{0xD5, 0x2A}, 254},
		"-48 dBov in PCMU":     {sdp.PCMU, []byte{0xF0}, maxQuiet},
		"-48 dBov in PCMA":     {sdp.PCMA, []byte{0xD5 ^ 0x07}, maxQuiet - 1},
		"a G.722 coder idling": {sdp.G722, coder, 0},
		"speech in G.722":      {sdp.G722, talk, 255},
	} {
		if got := loudness(test.codec, test.payload); got != test.want {
			t.Errorf("%s: %d; want %d", name, got, test.want)
		}
	}
}
