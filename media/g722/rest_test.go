package g722_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"readback/media/g722"
)

func TestSilenceIsSilent(t *testing.T) {
	for i, s := range decode(bytes.Repeat([]byte{g722.Silence}, 16000)) {
		if s != 0 {
			t.Fatalf("sample %d of silence is %d", i, s)
		}
	}
}

// What follows a sound that is cut off is hardly louder than that, and calms down within 20 ms.
func TestSilenceAfterACutCalmsDown(t *testing.T) {
	for name, pcm := range sounds() {
		worst, codes := 0, encode(pcm)
		for cut := 2000; cut < 5000; cut += 211 {
			heard := decode(slices.Concat(codes[:cut], bytes.Repeat([]byte{g722.Silence}, 400)))
			before, after := peak(heard[2*cut-1600:2*cut]), peak(heard[2*cut:2*cut+640])
			if after > before*3/2+50 {
				t.Errorf("%s cut at %d: a peak of %d, and then of %d", name, cut, before, after)
			}
			worst = max(worst, peak(heard[2*cut+320:]))
		}
		if worst > 80 {
			t.Errorf("%s: a peak of %d 20 ms after a cut", name, worst)
		}
	}
}

// Sounds coded apart from rest and settled at their end decode, one after the other, as each does alone.
func TestSettledSoundsFollowOneAnother(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	loud, soft := speech(r, 0.5)[:24000+2*7], speech(r, 0.1)[:20000]
	sounds := [][]int16{loud, soft, loud, soft}
	apartOf := func(settle int) (most int) {
		stream := bytes.Repeat([]byte{g722.Silence}, 800)
		for _, pcm := range sounds {
			stream = append(stream, settled(pcm, settle)...)
		}
		heard := decode(stream)[1600:]
		for _, pcm := range sounds {
			alone := decode(append(bytes.Repeat([]byte{g722.Silence}, 800), settled(pcm, settle)...))[1600:]
			most = max(most, apart(heard, alone))
			heard = heard[len(alone):]
		}
		return most
	}
	if most := apartOf(320); most > 1000 { // -30 dBov
		t.Errorf("settled for 40 ms, a sound is up to %d apart from itself alone", most)
	}
	if most := apartOf(0); most < 5000 {
		t.Errorf("cut off, a sound is only %d apart from itself alone: what is Settle for?", most)
	}
}

// settled is a sound coded from rest to rest.
func settled(pcm []int16, settle int) []byte {
	codes := make([]byte, len(pcm)/2+settle)
	e := g722.AtRest()
	e.Encode(codes, pcm)
	e.Settle(codes[len(pcm)/2:])
	return codes
}
