package media_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/testdata/memnet"
)

// TestMeasuredCall has a phone measure a gateway that says something and then answers each key.
func TestMeasuredCall(t *testing.T) {
	for _, codec := range []string{"PCMU", "PCMA"} {
		t.Run(codec, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { measuredCall(t, codec) }) })
	}
}

func measuredCall(t *testing.T, codec string) {
	var pacing media.Pacing
	var reaction media.Reaction
	n := memnet.New()
	c := &call{net: n}
	c.phone = open(t, engineAt(t, n, "192.0.2.1"), media.Options{Codecs: []string{codec}, Pacing: &pacing, Reaction: &reaction})
	c.gate = open(t, engineAt(t, n, "192.0.2.2"), media.Options{})
	c.connect(t)
	ctx, hangUp := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		prompt := media.NewClip(babble(2*time.Second, -22))
		for ctx.Err() == nil {
			_ = c.gate.Play(ctx, prompt)
			_, _ = c.gate.ReadKey(ctx)
		}
	}()
	const keys = 5
	for range keys {
		if err := c.phone.Hush(ctx, 600*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if err := c.phone.SendKeys(ctx, "2"); err != nil {
			t.Fatal(err)
		}
	}
	hangUp()
	<-over
	if n := reaction.Count(); n < keys-1 || n > keys {
		t.Errorf("%d of %d keys were answered", n, keys)
	}
	if least, most := reaction.Quantile(0), reaction.Max(); least < 5*time.Millisecond || most > 40*time.Millisecond {
		t.Errorf("the answers began %v to %v after the keys", least, most)
	}
	if p := &pacing; p.Deviation.Count() < keys*100 || p.Gaps() != 0 || p.Restarts() != 0 {
		t.Errorf("%d packets measured, %d gaps, %d restarts", p.Deviation.Count(), p.Gaps(), p.Restarts())
	}
}

func TestHushEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.ErrUnsupported)
		defer cancel()
		if err := c.phone.Hush(ctx, time.Millisecond); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("waiting for somebody who says nothing ended with %v", err)
		}
		go func() {
			time.Sleep(time.Second)
			c.phone.Close()
		}()
		if err := c.phone.Hush(t.Context(), time.Millisecond); !errors.Is(err, media.ErrClosed) {
			t.Errorf("waiting on a call that is closed ended with %v", err)
		}
	})
}
