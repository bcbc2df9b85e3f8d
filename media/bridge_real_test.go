package media_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"readback/media"
)

// Two calls over the kernel's sockets, of which one is encrypted and in wideband, are joined and parted.
func TestABridgeOverRealSockets(t *testing.T) {
	ways(t, func(t *testing.T, io string) {
		caller := realCall(t, io)
		agent := realCallIn(t, io, media.Options{Codecs: []string{"G722"}, Encryption: media.EncryptionRequired})
		ctx, stop := context.WithCancelCause(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- media.Bridge(ctx, caller.gate, agent.gate, media.BridgeOptions{KeepA: "*"})
		}()
		said := babble(4*time.Second, -20)
		var heard [2][]int16
		var mu sync.Mutex
		for i, c := range []*real{caller, agent} {
			c.phone.Tap(func(pcm []int16, _ int) {
				mu.Lock()
				defer mu.Unlock()
				heard[i] = append(heard[i], pcm...)
			})
		}
		var talk sync.WaitGroup
		for _, c := range []*real{caller, agent} {
			talk.Go(func() {
				if err := c.phone.Play(t.Context(), media.NewClip(said)); err != nil {
					t.Error(err)
				}
			})
		}
		talk.Wait()
		for i, c := range []*real{caller, agent} {
			c.phone.Tap(nil)
			mu.Lock()
			if got := level(heard[i]); math.Abs(got-level(said)) > 3 { // the machine may be busy with other things
				t.Errorf("side %d hears %.1f dBov, want %.1f", i, got, level(said))
			}
			mu.Unlock()
		}
		if err := caller.phone.SendKeys(t.Context(), "12*"); err != nil {
			t.Error(err)
		}
		if key, err := caller.gate.ReadKey(t.Context()); err != nil || key != '*' {
			t.Errorf("kept %v, %v; want *", key, err)
		}
		for _, want := range "12" {
			if key, err := agent.phone.ReadKey(t.Context()); err != nil || key != media.Key(want) {
				t.Errorf("the agent read %v, %v; want %c", key, err, want)
			}
		}
		stop(errOver)
		if err := <-ended; !errors.Is(err, errOver) {
			t.Errorf("ended with %v", err)
		}
		caller.press(t, "7", "7")
		agent.press(t, "8", "8")
	})
}

// realCallIn is a call in which phone and gateway have the same options.
func realCallIn(t *testing.T, io string, o media.Options) *real {
	t.Helper()
	c := realCall(t, io)
	c.phone, c.gate = open(t, c.engine, o), open(t, c.engine, o)
	c.connect(t)
	return c
}
