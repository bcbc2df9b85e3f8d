package media_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
)

// Two ends that speak comfort noise hear each other's silence as noise of the level that was said, and speech between as
// it is.
func TestComfortNoiseBothWays(t *testing.T) {
	for _, codec := range []string{"PCMU", "PCMA", "G722"} {
		synctest.Test(t, func(t *testing.T) {
			c := dialIn(t, codec)
			ends := map[string]struct{ speaks, hears *media.Session }{"phone": {c.phone, c.gate}, "gateway": {c.gate, c.phone}}
			said := babble(time.Second, -20)
			for name, end := range ends {
				silence := heardDuring(end.hears, func() { time.Sleep(2 * time.Second) })
				if got := level(silence[4000:14000]); math.Abs(got+70) > 2 {
					t.Errorf("%s, %s: silence is heard at %.1f dBov, want −70", codec, name, got)
				}
				heard := heardDuring(end.hears, func() {
					if err := end.speaks.Play(t.Context(), media.NewClip(said)); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Second)
				})
				if like := likeness(said, heard); like < 0.9 { // the tap is at 8 kHz, half a sample late from G722
					t.Errorf("%s, %s: what is heard is %.2f like what was said", codec, name, like)
				}
				if st := end.hears.Stats(); st.Lost != 0 || st.Invalid != 0 || st.Codec != codec {
					t.Errorf("%s, %s: %+v", codec, name, st)
				}
			}
		})
	}
}

// heardDuring is what comes to a session while something happens.
func heardDuring(s *media.Session, happen func()) (heard []int16) {
	s.Tap(func(pcm []int16, _ int) { heard = append(heard, pcm...) })
	happen()
	s.Tap(nil)
	return heard
}
