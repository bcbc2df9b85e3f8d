package media_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
)

func TestACallPlaysAndHearsKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t)
		began := time.Now()
		if err := c.gate.Play(t.Context(), media.Tone(1000, time.Second)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 960*time.Millisecond || took > 1020*time.Millisecond {
			t.Errorf("a tone of 1 s was sent in %v", took)
		}
		go func() {
			if err := c.phone.SendKeys(t.Context(), "12#"); err != nil {
				t.Error(err)
			}
		}()
		for _, want := range "12#" {
			key, err := c.gate.ReadKey(t.Context())
			if err != nil || key != media.Key(want) {
				t.Errorf("read %v, %v; want %c", key, err, want)
			}
		}
		time.Sleep(time.Second)
		st := c.gate.Stats()
		if st.Codec != "PCMU" || st.Lost != 0 || st.Gaps != 0 || st.Received < 100 || st.Sent < 100 {
			t.Errorf("%+v", st)
		}
		cause := errors.New("hung up")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if err := c.gate.Play(ctx, media.Pause(time.Second)); !errors.Is(err, cause) {
			t.Errorf("Play on a call that is over: %v, want %v", err, cause)
		}
	})
}
