package media

import (
	"math"
	"testing"
	"time"

	"readback/media/quality"
)

// receivedWithout is the reception of a minute of PCMU, less the packets that drop names.
func receivedWithout(drop func(n int) bool) *reception {
	r := &reception{}
	for n := range 3000 {
		if !drop(n) {
			r.packet(header{sequence: uint16(65000 + n), timestamp: uint32(160 * n), ssrc: 1}, time.Duration(n)*20*time.Millisecond, true)
		}
	}
	return r
}

func TestScoreTellsLossAndItsBursts(t *testing.T) {
	for name, test := range map[string]struct {
		drop  func(n int) bool
		runs  int64
		burst float64
	}{
		"no loss":    {func(int) bool { return false }, 0, 1},
		"scattered":  {func(n int) bool { return n%10 == 5 }, 300, 1},
		"in bursts":  {func(n int) bool { return n%100 >= 40 && n%100 < 50 }, 30, 9},
		"half a gap": {func(n int) bool { return n >= 750 && n < 2250 }, 1, 750},
	} {
		t.Run(name, func(t *testing.T) {
			r := receivedWithout(test.drop)
			if r.runs != test.runs {
				t.Errorf("%d runs of lost packets; want %d", r.runs, test.runs)
			}
			st := Stats{Codec: "PCMU", Received: r.received, Lost: r.missing(), RoundTrip: 100 * time.Millisecond}
			loss := float64(st.Lost) / 3000
			got, want := r.score(st), quality.MOS("PCMU", loss, test.burst, 70*time.Millisecond)
			if math.Abs(got-want) > 0.01 {
				t.Errorf("MOS %.3f; want %.3f: loss %.2f, bursts of %v, half the round trip and a packet", got, want, loss, test.burst)
			}
		})
	}
	if got := new(reception).score(Stats{Codec: "PCMU"}); got != 0 {
		t.Errorf("MOS of a call that heard nothing is %v; want 0", got)
	}
}
