package media_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
)

// A loop goes on without a seam, and ends without a click, in every codec; then there is silence and the next prompt.
func TestALoopHasNoSeamAndNoEnd(t *testing.T) {
	for _, codec := range []string{"PCMU", "PCMA", "G722"} {
		synctest.Test(t, func(t *testing.T) {
			c := dialIn(t, codec)
			tone := media.Tone(400, 105*time.Millisecond).PCM()[80 : 80+740] // whole periods, loud at both ends
			if codec == "G722" {                                             // whose coder needs quiet ends
				tone = media.Tone(400, 10*time.Second).PCM()
			}
			ctx, stop := context.WithCancelCause(t.Context())
			heard := heardDuring(c.phone, func() {
				time.AfterFunc(2*time.Second+7*time.Millisecond, func() { stop(errGone) })
				began := time.Now()
				if err := c.gate.Loop(ctx, media.NewClip(nil), media.NewClip(tone)); !errors.Is(err, errGone) {
					t.Errorf("%s: ended with %v", codec, err)
				}
				if took := time.Since(began); took > 2050*time.Millisecond {
					t.Errorf("%s: ended after %v", codec, took)
				}
				if err := c.gate.Play(t.Context(), media.Tone(500, 200*time.Millisecond)); err != nil {
					t.Error(err)
				}
				time.Sleep(400 * time.Millisecond)
			})
			loop := heard[4000:16000]
			if got := level(loop); math.Abs(got+22) > 0.5 {
				t.Errorf("%s: the loop is heard at %.1f dBov, want -22", codec, got)
			}
			// A tone of 400 Hz has steps of 0.31 of its amplitude of 3680 at most; a click has more.
			for i := range loop[1:] {
				if step := int(loop[i+1]) - int(loop[i]); step > 1500 || step < -1500 {
					t.Errorf("%s: a step of %d at %v", codec, step, time.Duration(i)*125*time.Microsecond)
				}
			}
			for i := range heard[16000:17200] {
				if step := int(heard[16000+i+1]) - int(heard[16000+i]); step > 1700 || step < -1700 {
					t.Errorf("%s: a step of %d at the end", codec, step)
				}
			}
		})
	}
}

func TestALoopEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t)
		if err := c.gate.Loop(t.Context(), media.NewClip(nil)); !errors.Is(err, media.ErrClip) {
			t.Errorf("of nothing: %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.gate.Loop(ctx, media.Tone(400, time.Second)) }()
		time.Sleep(100 * time.Millisecond)
		if err := c.gate.Loop(t.Context(), media.Tone(400, time.Second)); !errors.Is(err, media.ErrBusy) {
			t.Errorf("a second one: %v", err)
		}
		c.offers(t, side{codec: "PCMU"}, "inactive")
		time.Sleep(time.Minute)
		stopped := time.Now()
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) || time.Since(stopped) != 0 {
			t.Errorf("on hold it ended with %v after %v", err, time.Since(stopped))
		}
		c.offers(t, side{codec: "PCMU"}, "")
		go func() { ended <- c.gate.Loop(t.Context(), media.Tone(400, time.Second)) }()
		time.Sleep(time.Second)
		c.gate.Close()
		if err := <-ended; !errors.Is(err, media.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}
