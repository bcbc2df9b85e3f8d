package media_test

import (
	"context"
	"errors"
	"math"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/media/g711"
)

// Whenever a call is over, so is its bridge; the other call can go into another one.
func TestABridgeEndsWithEitherCall(t *testing.T) {
	tests := map[string]struct {
		happen func(j *joined)
		leg    func(j *joined) *media.Session
		want   error
	}{
		"the caller hangs up":  {func(j *joined) { j.caller.gate.Close() }, func(j *joined) *media.Session { return j.caller.gate }, media.ErrClosed},
		"the agent hangs up":   {func(j *joined) { j.agent.gate.Close() }, func(j *joined) *media.Session { return j.agent.gate }, media.ErrClosed},
		"the caller is silent": {func(j *joined) { j.caller.phone.Close() }, func(j *joined) *media.Session { return j.caller.gate }, media.ErrSilent},
		"the agent is silent":  {func(j *joined) { j.agent.phone.Close() }, func(j *joined) *media.Session { return j.agent.gate }, media.ErrSilent},
	}
	for name, test := range tests {
		for _, at := range []time.Duration{0, time.Millisecond, 17 * time.Millisecond, 300 * time.Millisecond, 5 * time.Second} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					j := &joined{caller: callOf(t, side{codec: "PCMU"}), agent: callOf(t, side{codec: "G722"})}
					ctx, hush := context.WithCancel(t.Context())
					var talks sync.WaitGroup
					talks.Go(func() { _ = j.caller.phone.Play(ctx, media.NewClip(babble(time.Minute, -20))) })
					talks.Go(func() { _ = j.caller.phone.SendKeys(ctx, "1234567890") })
					j.bridge(t, media.BridgeOptions{Music: media.Tone(400, time.Second)})
					time.Sleep(at)
					test.happen(j)
					err := <-j.ended
					hush()
					talks.Wait()
					var leg *media.LegError
					if !errors.Is(err, test.want) || !errors.As(err, &leg) || leg.Leg != test.leg(j) {
						t.Errorf("after %v: ended with %v", at, err)
					}
					if errors.Is(err, media.ErrClosed) { // the other one can be joined to somebody else
						next := &joined{caller: callOf(t, side{codec: "PCMA"}), agent: j.agent}
						if leg.Leg == j.agent.gate {
							next.agent = j.caller
						}
						next.bridge(t, media.BridgeOptions{})
						next.settle(t)
						crosses(t, next.caller.phone, next.agent.phone, 0.9)
						next.stop(errOver)
						if err := <-next.ended; !errors.Is(err, errOver) {
							t.Errorf("the next bridge ended with %v", err)
						}
					}
				})
			})
		}
	}
}

func TestBridgesThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := join(t, side{codec: "PCMU"}, side{codec: "PCMU"}, media.BridgeOptions{})
		third := callOf(t, side{codec: "PCMU"})
		for name, pair := range map[string][2]*media.Session{
			"one in another bridge": {third.gate, j.agent.gate},
			"one with itself":       {third.gate, third.gate},
		} {
			if err := media.Bridge(t.Context(), pair[0], pair[1], media.BridgeOptions{}); !errors.Is(err, media.ErrBusy) {
				t.Errorf("%s: %v", name, err)
			}
		}
		j.ends(t)
		third.gate.Close()
		if err := media.Bridge(t.Context(), j.caller.gate, third.gate, media.BridgeOptions{}); !errors.Is(err, media.ErrClosed) {
			t.Errorf("one that is closed: %v", err)
		}
		j.usable(t)
	})
}

// Both sides are recorded while they talk; what one of them presses goes across, and ends no recording.
func TestBothSidesOfABridgeAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := join(t, side{codec: "PCMU"}, side{codec: "PCMA"}, media.BridgeOptions{})
		ctx, stop := context.WithCancelCause(t.Context())
		files := [2]*os.File{tape(t), tape(t)}
		var recordings sync.WaitGroup
		for i, c := range []*call{j.caller, j.agent} {
			recordings.Go(func() {
				if r, err := c.gate.Record(ctx, files[i], media.RecordLimit{}); !errors.Is(err, errGone) || r.EndedBy != media.EndCall {
					t.Errorf("side %d: ended by %v, %v", i, r.EndedBy, err)
				}
			})
		}
		said := [2][]int16{babble(2*time.Second, -20), babble(2*time.Second, -26)}
		var talk sync.WaitGroup
		talk.Go(func() { _ = j.caller.phone.Play(t.Context(), media.NewClip(said[0])) })
		talk.Go(func() { _ = j.agent.phone.Play(t.Context(), media.NewClip(said[1])) })
		talk.Wait()
		if err := j.caller.phone.SendKeys(t.Context(), "#"); err != nil {
			t.Error(err)
		}
		time.Sleep(500 * time.Millisecond)
		stop(errGone)
		recordings.Wait()
		for i, f := range files {
			pcm := played(t, f)
			if got, want := level(pcm[2000:14000]), level(said[i][2000:14000]); math.Abs(got-want) > 1 {
				t.Errorf("side %d is recorded at %.1f dBov, want %.1f", i, got, want)
			}
		}
		if got := waiting(t, j.agent.phone); got != "#" {
			t.Errorf("the agent heard %q, want #", got)
		}
	})
}

// Who comes late into a bridge hears nothing of what was said before.
func TestWhoComesLateHearsNothingOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateA, na := gateway(t)
		a := handsetAt(t, na, "198.51.100.1:4000", gateA.LocalAddr())
		answer(t, gateA, offer("198.51.100.1:4000", 1, ""))
		gateB, nb := gateway(t)
		b := handsetAt(t, nb, "198.51.100.2:4000", gateB.LocalAddr())
		go func() { _ = media.Bridge(t.Context(), gateA, gateB, media.BridgeOptions{}) }()
		tone, silence := make([]byte, 160), make([]byte, 160)
		g711.EncodeMu(tone, toneOf(700, 160))
		g711.EncodeMu(silence, make([]int16, 160))
		var e ear
		for i := range 200 {
			switch {
			case i < 100:
				a.send(0, tone)
			case i == 100:
				answer(t, gateB, offer("198.51.100.2:4000", 1, ""))
				fallthrough
			default:
				a.send(0, silence)
			}
			rounds(1)
			e.listen(b)
		}
		if got := level(e.pcm); len(e.pcm) < 80*160 || got > -60 {
			t.Errorf("%d samples of %.1f dBov are heard", len(e.pcm), got)
		}
	})
}
