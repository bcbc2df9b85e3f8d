package media_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/testdata/memnet"
)

// side is how one side of a bridge is set up.
type side struct {
	codec      string
	ptime      int // 20 when 0
	tones      bool
	encryption media.Encryption
}

// joined are two calls in a bridge, each of a gateway's engine of its own: they are on two workers.
type joined struct {
	caller, agent *call
	stop          context.CancelCauseFunc
	ended         chan error
	events        bool // the agent takes telephone-events
}

// callOf sets up a call of a side.
func callOf(t *testing.T, x side, mend ...func(*media.Config)) *call {
	t.Helper()
	n := memnet.New()
	c := &call{net: n}
	o := media.Options{Encryption: x.encryption}
	c.gate = open(t, engineAt(t, n, "192.0.2.2", mend...), o)
	o.Codecs = []string{x.codec}
	c.phone = open(t, engineAt(t, n, "192.0.2.1"), o)
	c.offers(t, x, "")
	return c
}

// offers has the phone offer what a side says, with another direction than sendrecv.
func (c *call) offers(t *testing.T, x side, direction string) {
	t.Helper()
	body, err := c.phone.Offer()
	if err != nil {
		t.Fatal(err)
	}
	offer := string(body)
	if x.ptime != 0 {
		offer = strings.Replace(offer, "a=ptime:20", fmt.Sprintf("a=ptime:%d", x.ptime), 1)
	}
	if x.tones {
		offer = aboutEvents.ReplaceAllString(offer, "")
	}
	if direction != "" {
		offer = strings.Replace(offer, "a=sendrecv", "a="+direction, 1)
	}
	answer, err := c.gate.Answer([]byte(offer))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.phone.Accept(answer); err != nil {
		t.Fatal(err)
	}
}

func join(t *testing.T, a, b side, o media.BridgeOptions, mend ...func(*media.Config)) *joined {
	t.Helper()
	j := &joined{caller: callOf(t, a, mend...), agent: callOf(t, b, mend...), events: !b.tones}
	time.Sleep(200 * time.Millisecond)
	j.bridge(t, o)
	time.Sleep(200 * time.Millisecond)
	return j
}

func (j *joined) bridge(t *testing.T, o media.BridgeOptions) {
	ctx, stop := context.WithCancelCause(t.Context())
	j.stop, j.ended = stop, make(chan error, 1)
	go func() { j.ended <- media.Bridge(ctx, j.caller.gate, j.agent.gate, o) }()
	synctest.Wait()
}

// settle lets both directions find their delays, and G.722 a quiet moment.
func (j *joined) settle(t *testing.T) {
	t.Helper()
	go func() { _ = j.caller.phone.Play(t.Context(), media.NewClip(babble(3*time.Second, -20))) }()
	if err := j.agent.phone.Play(t.Context(), media.NewClip(babble(3*time.Second, -20))); err != nil {
		t.Error(err)
	}
	time.Sleep(500 * time.Millisecond)
}

// crosses has one phone say something while the other listens, and compares all but the first burst: in G.722 sound is
// coded anew up to the first quiet, and 1.4 ms later for it.
func crosses(t *testing.T, from, to *media.Session, least float64) {
	t.Helper()
	said := babble(2*time.Second, -20)
	heard := heardDuring(to, func() {
		if err := from.Play(t.Context(), media.NewClip(said)); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
	})
	if like := likeness(said[3200:9600], heard[3200:]); like < least {
		t.Errorf("what is heard is %.3f like what was said, want %.2f", like, least)
	}
	if was, is := level(said), level(heard[:2*8000]); math.Abs(was-is) > 1 {
		t.Errorf("said at %.1f dBov, heard at %.1f", was, is)
	}
}

func TestABridgeCarriesSoundBothWays(t *testing.T) {
	type test struct {
		a, b  side
		least float64
	}
	tests := map[string]test{
		"encrypted":             {side{codec: "PCMU", encryption: media.EncryptionRequired}, side{codec: "PCMU"}, 0.99},
		"encrypted on both":     {side{codec: "PCMA", encryption: media.EncryptionRequired}, side{codec: "G722", encryption: media.EncryptionRequired}, 0.9},
		"10 ms to 60 ms":        {side{codec: "PCMU", ptime: 10}, side{codec: "PCMU", ptime: 60}, 0.99},
		"30 ms to 20 ms":        {side{codec: "PCMA", ptime: 30}, side{codec: "PCMU", ptime: 20}, 0.99},
		"50 ms to 40 ms, G.722": {side{codec: "G722", ptime: 50}, side{codec: "G722", ptime: 40}, 0.9},
	}
	for _, a := range []string{"PCMU", "PCMA", "G722"} {
		for _, b := range []string{"PCMU", "PCMA", "G722"} {
			least := 0.99
			if a == "G722" || b == "G722" { // half a sample late
				least = 0.9
			}
			tests[a+" to "+b] = test{side{codec: a}, side{codec: b}, least}
		}
	}
	for name, x := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := join(t, x.a, x.b, media.BridgeOptions{})
				j.settle(t)
				crosses(t, j.caller.phone, j.agent.phone, x.least)
				crosses(t, j.agent.phone, j.caller.phone, x.least)
				for name, s := range map[string]*media.Session{"caller": j.caller.phone, "agent": j.agent.phone} {
					if st := s.Stats(); st.Lost != 0 || st.Reordered != 0 || st.Invalid != 0 {
						t.Errorf("the %s has %+v", name, st)
					}
				}
				j.ends(t)
			})
		})
	}
}

var errOver = errors.New("the caller goes back")

// ends ends the bridge; both sides are as they were.
func (j *joined) ends(t *testing.T) {
	t.Helper()
	j.stop(errOver)
	if err := <-j.ended; !errors.Is(err, errOver) {
		t.Errorf("the bridge ended with %v", err)
	}
	j.usable(t)
}

// usable has prompts and keys go between each phone and the gateway, and nothing from phone to phone.
func (j *joined) usable(t *testing.T) {
	t.Helper()
	time.Sleep(time.Second)
	for name, c := range map[string]*call{"caller": j.caller, "agent": j.agent} {
		said := babble(time.Second, -20)
		heard := heardDuring(c.phone, func() {
			if err := c.gate.Play(t.Context(), media.NewClip(said)); err != nil {
				t.Error(err)
			}
			time.Sleep(500 * time.Millisecond)
		})
		if like := likeness(said, heard); like < 0.9 {
			t.Errorf("a prompt to the %s is %.2f like itself", name, like)
		}
		if err := c.phone.SendKeys(t.Context(), "42"); err != nil {
			t.Error(err)
		}
		time.Sleep(300 * time.Millisecond)
		if got := waiting(t, c.gate); got != "42" {
			t.Errorf("of the %s's 42 the gateway has %q", name, got)
		}
	}
	silence := heardDuring(j.agent.phone, func() {
		_ = j.caller.phone.Play(t.Context(), media.Tone(500, time.Second))
	})
	if got := level(silence[2000:]); got > -60 {
		t.Errorf("after the bridge the agent hears the caller at %.1f dBov", got)
	}
}

// rawJoined are two handsets in a bridge, whose packets are the test's.
func rawJoined(t *testing.T, o media.BridgeOptions, attributes ...string) (a, b *handset, ended chan error, gates [2]*media.Session) {
	t.Helper()
	var ends [2]*handset
	for i := range ends {
		s, n := gateway(t)
		at := fmt.Sprintf("198.51.100.%d:4000", i+1)
		ends[i] = handsetAt(t, n, at, s.LocalAddr())
		answer(t, s, offer(at, 1, strings.Join(attributes, "")))
		gates[i] = s
	}
	ended = make(chan error, 1)
	go func() { ended <- media.Bridge(t.Context(), gates[0], gates[1], o) }()
	return ends[0], ends[1], ended, gates
}

// A packet reaches the other side within 45 ms, whenever it comes.
func TestABridgeDelaysLittle(t *testing.T) {
	var least, most, sum time.Duration = time.Hour, 0, 0
	for phase := range 20 {
		synctest.Test(t, func(t *testing.T) {
			a, b, _, _ := rawJoined(t, media.BridgeOptions{})
			time.Sleep(100*time.Millisecond + time.Duration(phase)*time.Millisecond + 300*time.Microsecond)
			var sent time.Time
			quiet, mark := make([]byte, 160), make([]byte, 160)
			for i := range quiet {
				quiet[i], mark[i] = 0xFF, 0x80
			}
			var p [1500]byte
			for i := range 600 { // one every ms
				if i%20 == 0 {
					if i == 400 {
						sent = time.Now()
						a.send(0, mark)
					} else {
						a.send(0, quiet)
					}
				}
				time.Sleep(time.Millisecond)
				for {
					n, _, ok := b.TryRead(p[:])
					if !ok {
						break
					}
					if first := strings.IndexByte(string(p[12:n]), 0x80); first >= 0 && !sent.IsZero() {
						late := time.Since(sent) + time.Duration(first)*125*time.Microsecond
						least, most, sum = min(least, late), max(most, late), sum+late
						sent = time.Time{}
						return
					}
				}
			}
			t.Error("it did not come")
		})
	}
	t.Logf("delay %v to %v, mean %v", least, most, sum/20)
	if most > 46*time.Millisecond || least < 5*time.Millisecond {
		t.Errorf("delays from %v to %v, want 5 to 46 ms", least, most)
	}
}
