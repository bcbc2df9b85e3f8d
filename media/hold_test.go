package media_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
)

func TestHoldStopsPromptsAndPatience(t *testing.T) {
	for name, hold := range map[string][2]string{
		"sendonly":  {"198.51.100.1:4000", "a=sendonly\n"},
		"inactive":  {"198.51.100.1:4000", "a=inactive\n"},
		"as of old": {"0.0.0.0:4000", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, n := gateway(t, func(c *media.Config) { c.Silence = time.Minute })
				answer(t, s, offer("198.51.100.1:4000", 1, ""))
				phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
				phone.sound()
				rounds(2)
				errPatience := errors.New("nothing was pressed")
				ctx, cancel := s.Patience(t.Context(), 3*time.Second, errPatience)
				defer cancel()
				played := make(chan error, 1)
				go func() { played <- s.Play(t.Context(), media.Tone(500, 2*time.Second)) }()
				time.Sleep(time.Second)

				answer(t, s, offer(hold[0], 2, hold[1]))
				if !s.Held() {
					t.Error("not on hold")
				}
				phone.count()
				time.Sleep(2 * time.Minute)
				if got := phone.count(); got > 0 {
					t.Errorf("%d packets were sent on hold", got)
				}
				select {
				case err := <-played:
					t.Errorf("the prompt ended on hold: %v", err)
				case <-s.Silent():
					t.Error("a held call fell silent")
				default:
				}
				if ctx.Err() != nil {
					t.Error("patience ran out on hold")
				}

				answer(t, s, offer("198.51.100.1:4000", 3, ""))
				resumed := time.Now()
				if err := <-played; err != nil {
					t.Fatal(err)
				}
				if took := time.Since(resumed); took < 950*time.Millisecond || took > 1050*time.Millisecond {
					t.Errorf("the rest of the prompt took %v, want 1 s", took)
				}
				<-ctx.Done()
				if took := time.Since(resumed); took < 1950*time.Millisecond || took > 2050*time.Millisecond || !errors.Is(context.Cause(ctx), errPatience) {
					t.Errorf("patience ran out %v after the hold with %v; want 2 s", took, context.Cause(ctx))
				}
			})
		})
	}
}

func TestPatienceIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := gateway(t)
		ctx, cancel := s.Patience(t.Context(), time.Second, errors.New("too late"))
		cancel()
		time.Sleep(time.Minute)
		if !errors.Is(context.Cause(ctx), context.Canceled) {
			t.Errorf("ended by %v", context.Cause(ctx))
		}
	})
}

func TestSilenceIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		answer(t, s, offer("198.51.100.1:4000", 1, "a=rtcp-mux\n"))
		phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		phone.sound()
		time.Sleep(20 * time.Second)
		empty := []byte{0x80, 201, 0, 1, 1, 2, 3, 4} // RTCP counts as life
		if _, err := phone.WriteToAddrPort(empty, s.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		heard := time.Now()
		<-s.Silent()
		if took := time.Since(heard); took < 30*time.Second || took > 30100*time.Millisecond {
			t.Errorf("told after %v, want 30 s", took)
		}
	})
}

// Sound of a call of ours that was agreed on while it rang is waited for anew once it is answered, even after the watch has ended.
func TestSilenceBeforeTheAnswerDoesNotCount(t *testing.T) {
	for _, rang := range []time.Duration{29 * time.Second, 45 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s, _ := gateway(t)
			answer(t, s, offer("198.51.100.1:4000", 1, ""))
			time.Sleep(rang)
			s.Answered()
			answered := time.Now()
			<-s.Silent()
			if took := time.Since(answered) - 30*time.Second; took.Abs() > 100*time.Millisecond {
				t.Errorf("rang for %v: told %v later than 30 s after the answer", rang, took)
			}
		})
	}
}
