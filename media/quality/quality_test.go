package quality

import (
	"math"
	"testing"
	"time"
)

const ms = time.Millisecond

// G.107 gives 93.2 for the default values, and annex B the score.
func TestDefaultValues_G107(t *testing.T) {
	r := Rating(G711, 0, 1, 0)
	if math.Abs(r-93.2) > 0.05 {
		t.Errorf("R = %.3f, want 93.2", r)
	}
	for codec, want := range map[string]float64{"PCMU": 4.41, "PCMA": 4.41, "G722": 4.41, "pcmu": 4.41, "none": 0, "opus": 0} {
		if got := MOS(codec, 0, 1, 0); math.Abs(got-want) > 0.005 {
			t.Errorf("MOS of %s = %.3f, want %.2f", codec, got, want)
		}
	}
}

// G.107 table B.1, which is rounded, and the ends of the scale.
func TestScore_G107_AnnexB(t *testing.T) {
	for _, test := range []struct{ r, want float64 }{
		{-20, 1}, {0, 1}, {3, 1}, {50, 2.58}, {60, 3.10}, {70, 3.60}, {80, 4.03}, {90, 4.34}, {93.2, 4.41}, {100, 4.5}, {130, 4.5},
	} {
		if got := Score(test.r); math.Abs(got-test.want) > 0.007 {
			t.Errorf("Score(%v) = %.3f, want %v", test.r, got, test.want)
		}
	}
}

// G.113 appendix I gives these impairments for G.711 with concealment under random loss (table I.2), which its Ie
// and Bpl reproduce to within 2.
func TestLoss_G113_AppendixI(t *testing.T) {
	for _, test := range []struct{ percent, want float64 }{{0, 0}, {1, 5}, {2, 7}, {3, 10}, {5, 15}, {7, 20}, {10, 25}} {
		if got := G711Concealed.impaired(test.percent/100, 1); math.Abs(got-test.want) > 2.2 {
			t.Errorf("Ie,eff at %v %% = %.1f, want %v", test.percent, got, test.want)
		}
	}
}

// The effective impairment as its equation has it: worked by hand.
func TestLossAndBursts_G107_7_5(t *testing.T) {
	for _, test := range []struct {
		coding            Coding
		loss, burst, want float64
	}{
		{G711, .01, 1, 95 / 5.3},
		{G711, .05, 1, 95 * 5 / 9.3},
		{G711Concealed, .05, 1, 95 * 5 / 30.1},
		{G711Concealed, .05, 2, 95 * 5 / 27.6},
		{G711Concealed, .05, .5, 95 * 5 / 30.1}, // sparser than random is random
		{G711Concealed, -1, 1, 0},
		{G711Concealed, 7, 1, 95 * 100 / 125.1},          // all of it
		{Coding{Ie: 11, Bpl: 19}, .02, 1, 11 + 84*2/21.}, // G.729A with VAD, table I.4
	} {
		if got := test.coding.impaired(test.loss, test.burst); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%+v at loss %v, burst %v: %.3f, want %.3f", test.coding, test.loss, test.burst, got, test.want)
		}
	}
}

func TestBurst(t *testing.T) {
	for _, test := range []struct {
		loss       float64
		lost, runs int64
		want       float64
	}{{0, 0, 0, 1}, {.1, 10, 9, 1}, {.1, 10, 5, 1.8}, {.5, 100, 1, 50}, {.1, 10, 20, 1}} {
		if got := Burst(test.loss, test.lost, test.runs); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("Burst(%v, %d, %d) = %v, want %v", test.loss, test.lost, test.runs, got, test.want)
		}
	}
}

// Delay costs what Cole and Rosenbluth found the E-model to charge at these defaults (Voice over IP Performance
// Monitoring, 2001): 0.024 a ms, and 0.11 more from 177.3 ms on, which is a line through a curve.
func TestDelay(t *testing.T) {
	still := Rating(G711, 0, 1, 0)
	for _, delay := range []time.Duration{50 * ms, 100 * ms, 150 * ms, 200 * ms, 250 * ms, 300 * ms, 400 * ms} {
		d := delay.Seconds() * 1e3
		want := 0.024*d + 0.11*max(0, d-177.3)
		if got := still - Rating(G711, 0, 1, delay); math.Abs(got-want) > 3.5 {
			t.Errorf("a delay of %v costs %.1f, want %.1f", delay, got, want)
		}
	}
}

// More loss, longer bursts and more delay never sound better, and no figure leaves the scale.
func TestWorseIsNeverBetter(t *testing.T) {
	before := 5.0
	for loss := 0.0; loss <= 1; loss += 0.01 {
		got := MOS("PCMU", loss, 1, 80*ms)
		if got > before || got < 1 || MOS("PCMU", loss, 3, 80*ms) > got || MOS("PCMU", loss, 1, 300*ms) > got {
			t.Fatalf("at loss %.2f the score is %v after %v, or bursts and delay better it", loss, got, before)
		}
		before = got
	}
	for _, odd := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got := MOS("PCMU", odd, odd, -time.Hour); got < 1 || got > 4.5 {
			t.Errorf("MOS of %v is %v", odd, got)
		}
	}
}
