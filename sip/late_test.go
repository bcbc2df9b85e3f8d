package sip

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// hears is a handler whose OnInfo takes its time.
func hears(n Negotiator, takes time.Duration) func(context.Context, *Call) {
	return func(ctx context.Context, c *Call) {
		c.OnInfo(func(string, []byte) bool {
			time.Sleep(takes)
			return true
		})
		answers(n)(ctx, c)
	}
}

func TestAnswersThatTakeTime_RFC4320_4(t *testing.T) {
	for name, tt := range map[string]struct {
		takes time.Duration
		want  map[string]time.Duration
		order []string
	}{
		"soon":               {3 * time.Second, map[string]time.Duration{"SIP/2.0 200": 3 * time.Second}, []string{"SIP/2.0 200"}},
		"after T2":           {20 * time.Second, map[string]time.Duration{"SIP/2.0 100": 3500 * time.Millisecond, "SIP/2.0 200": 20 * time.Second}, []string{"SIP/2.0 100", "SIP/2.0 200"}},
		"too late to matter": {32 * time.Second, map[string]time.Duration{"SIP/2.0 100": 3500 * time.Millisecond}, []string{"SIP/2.0 100"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, hears(&negotiator{}, tt.takes), func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				ok := p.establish(m)
				info := m.inside("INFO", 2, ok)
				info.kind, info.body = "application/dtmf-relay", "Signal=1"
				start := time.Now()
				p.send(info)
				for _, want := range tt.order {
					p.expect(want)
					if got := time.Since(start); got != tt.want[want] {
						t.Errorf("%s after %v, want %v", want, got, tt.want[want])
					}
				}
				p.quiet(time.Minute)
				p.send(m.inside("BYE", 3, ok))
				p.expect("SIP/2.0 200")
				r.ended(ErrHangup)
			})
		})
	}
}

func TestReinviteThatTakesTimeIsTried_RFC3261_17_2_1(t *testing.T) {
	inTalk(t, func(c *talk) {
		again := c.change("INVITE", 2, "hold")
		c.n.block = make(chan struct{})
		start := time.Now()
		c.send(again)
		c.expect("SIP/2.0 100")
		if got := time.Since(start); got != 200*time.Millisecond {
			t.Errorf("100 after %v", got)
		}
		close(c.n.block)
		c.send(again.ack(c.expect("SIP/2.0 200")))
		synctest.Wait()
	})
}
