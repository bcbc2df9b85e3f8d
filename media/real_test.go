package media_test

import (
	"bytes"
	"context"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"readback/media"
)

// real is a call between two sessions over the kernel's sockets.
type real struct {
	call
	engine *media.Engine
}

func realCall(t *testing.T, io string, mend ...func(*media.Config)) *real {
	t.Helper()
	return realCallAt(t, "127.0.0.1", io, mend...)
}

func realCallAt(t *testing.T, host, io string, mend ...func(*media.Config)) *real {
	t.Helper()
	config := media.Config{Address: netip.MustParseAddr(host), PortMin: 30000, PortMax: 34999, IO: io}
	for _, m := range mend {
		m(&config)
	}
	e, err := media.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	c := &real{engine: e}
	c.phone, c.gate = open(t, e, media.Options{}), open(t, e, media.Options{})
	c.connect(t)
	return c
}

// ways are those of packets to the kernel, by each of which everything is to work.
func ways(t *testing.T, test func(t *testing.T, io string)) {
	t.Parallel()
	for _, io := range []string{"io_uring", "plain"} {
		t.Run(io, func(t *testing.T) {
			t.Parallel()
			test(t, io)
		})
	}
}

func TestACallOverRealSockets(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		for _, io := range []string{"io_uring", "plain"} {
			t.Run(host+" "+io, func(t *testing.T) {
				before := runtime.GOMAXPROCS(0)
				c := realCallAt(t, host, io)
				if c.engine.IO() != io {
					t.Errorf("packets go by %s", c.engine.IO())
				}
				c.talks(t)
				c.engine.Close()
				if after := runtime.GOMAXPROCS(0); after != before {
					t.Errorf("GOMAXPROCS is %d after Close, was %d", after, before)
				}
			})
		}
	}
}

// talks has the phone speak and press keys, and the gateway record and read them, before and after a re-INVITE.
func (c *real) talks(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f := tape(t)
	recorded := make(chan media.Recording, 1)
	go func() {
		r, err := c.gate.Record(ctx, f, media.RecordLimit{})
		if err != nil {
			t.Error(err)
		}
		recorded <- r
	}()
	if err := c.phone.Play(ctx, media.NewClip(babble(time.Second, -20))); err != nil {
		t.Error(err)
	}
	c.press(t, "1#2", "12")
	if r := <-recorded; r.EndedBy != media.EndKey || r.Speech < 500*time.Millisecond {
		t.Errorf("recorded %+v", r)
	}
	if st := c.gate.Stats(); st.Source != c.phone.LocalAddr() || st.Received < 60 || st.Strays != 0 {
		t.Errorf("%+v", st)
	}
	c.connect(t) // a re-INVITE
	c.press(t, "7", "7")
}

// press presses keys, of which the gateway is to read some.
func (c *real) press(t *testing.T, keys, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.phone.SendKeys(ctx, keys); err != nil {
		t.Error(err)
	}
	for _, want := range want {
		if key, err := c.gate.ReadKey(ctx); err != nil || key != media.Key(want) {
			t.Errorf("read %v, %v; want %c", key, err, want)
		}
	}
}

// until waits for something to become true of the gateway's side.
func (c *real) until(t *testing.T, what string, is func(media.Stats) bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(c.gate.Stats()); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen: %+v", what, c.gate.Stats())
		}
	}
}

func TestHoldOverRealSockets(t *testing.T) {
	ways(t, func(t *testing.T, io string) {
		c := realCall(t, io)
		c.press(t, "1", "1")
		c.reoffer(t, "a=sendrecv", "a=inactive")
		if !c.gate.Held() {
			t.Error("not on hold")
		}
		held := c.gate.Stats().Sent
		played := make(chan error, 1)
		go func() { played <- c.gate.Play(t.Context(), media.Tone(500, 100*time.Millisecond)) }()
		select {
		case err := <-played:
			t.Errorf("the prompt was played on hold: %v", err)
		case <-time.After(300 * time.Millisecond):
		}
		if sent := c.gate.Stats().Sent; sent != held {
			t.Errorf("%d packets were sent on hold", sent-held)
		}
		c.connect(t)
		if err := <-played; err != nil {
			t.Error(err)
		}
		c.press(t, "2", "2")
	})
}

// reoffer sends an offer of the phone's with a change.
func (c *real) reoffer(t *testing.T, old, changed string) {
	t.Helper()
	offer, err := c.phone.Offer()
	if err != nil {
		t.Fatal(err)
	}
	if offer = bytes.ReplaceAll(offer, []byte(old), []byte(changed)); !bytes.Contains(offer, []byte(changed)) {
		t.Fatalf("no %s in the offer\n%s", old, offer)
	}
	if _, err := c.gate.Answer(offer); err != nil {
		t.Fatal(err)
	}
}

func TestAnotherPhoneTakesOverRealSockets(t *testing.T) {
	ways(t, func(t *testing.T, io string) {
		c := realCall(t, io)
		c.press(t, "1", "1")
		first := c.phone
		c.phone = open(t, c.engine, media.Options{})
		c.connect(t)
		c.until(t, "the new source", func(st media.Stats) bool { return st.Source == c.phone.LocalAddr() })
		c.press(t, "2", "2")
		if err := first.SendKeys(t.Context(), "3"); err != nil { // it goes on sending, to a gateway that no longer listens
			t.Error(err)
		}
		c.press(t, "4", "4")
	})
}

func TestReportsOverRealSockets(t *testing.T) {
	ways(t, func(t *testing.T, io string) {
		c := realCall(t, io)
		c.until(t, "a report with a round trip", func(st media.Stats) bool { return st.RoundTrip > 0 })
		if st := c.gate.Stats(); st.RemoteLost != 0 || st.RoundTrip > time.Second {
			t.Errorf("%+v", st)
		}
	})
}

func TestSilenceOverRealSockets(t *testing.T) {
	ways(t, func(t *testing.T, io string) {
		c := realCall(t, io, func(c *media.Config) { c.Silence = 300 * time.Millisecond })
		c.press(t, "1", "1")
		c.phone.Close()
		select {
		case <-c.gate.Silent():
		case <-time.After(20 * time.Second):
			t.Error("nobody noticed that nothing came")
		}
	})
}
