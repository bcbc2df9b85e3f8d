package sip

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestInviteEarlyOfferIsAnswered_RFC3261_13_3_1(t *testing.T) {
	n := &negotiator{}
	var seen *Call
	inBubble(t, func(ctx context.Context, c *Call) {
		seen = c
		if err := c.Ring(ctx); err != nil {
			t.Errorf("Ring: %v", err)
		}
		if err := c.Answer(ctx, n); err != nil {
			t.Errorf("Answer: %v", err)
		}
		<-ctx.Done()
	}, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.headers = "P-Asserted-Identity: \"Ann\" <sip:+14155550123@198.51.100.7>\r\n"
		m.uri = "sip:+18887999666;ext=2@192.0.2.1;user=phone"
		p.send(m)
		ringing := p.expect("SIP/2.0 180 Ringing")
		ok := p.expect("SIP/2.0 200 OK")
		if got := bodyOf(ok); got != "answer to an offer" {
			t.Errorf("the 200 brought %q", got)
		}
		if toTag(ok) == "" || toTag(ok) != toTag(ringing) {
			t.Errorf("To tags %q and %q, want one and the same", toTag(ringing), toTag(ok))
		}
		if got := field(ok, "Contact"); got != "<sip:readback@192.0.2.1:5060>" {
			t.Errorf("Contact: %s", got)
		}
		if got := field(ok, "Via"); !strings.Contains(got, "received=198.51.100.7") {
			t.Errorf("Via without received: %s", got)
		}
		p.send(m.ack(ok))
		p.send(m.inside("BYE", 2, ok))
		p.expect("SIP/2.0 200 OK")
		r.ended(ErrHangup)
		if seen.Caller != "+14155550123" || !seen.CallerVouched || seen.Called != "+18887999666" || seen.Extension != "2" || seen.ID != "call-1" || seen.Trunk.Name != "carrier" || seen.Source.String() != carrier {
			t.Errorf("the handler saw %s (%v) calling %s ext %s as %s on %s from %s", seen.Caller, seen.CallerVouched, seen.Called, seen.Extension, seen.ID, seen.Trunk.Name, seen.Source)
		}
	})
}

func TestInviteDelayedOfferIsAnsweredByTheAck_RFC3261_13_2_1(t *testing.T) {
	for name, tt := range map[string]struct {
		ack  string
		want error
		log  string
	}{
		"accepted":   {"their answer", nil, "offer, accept their answer"},
		"refused":    {"refuse this", ErrNotAcceptable, "offer, accept refuse this"},
		"left empty": {"", ErrNotAcceptable, "offer"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &negotiator{}
			var answered chan error // of the bubble
			inBubble(t, func(ctx context.Context, c *Call) {
				answered <- c.Answer(ctx, n)
				<-ctx.Done()
			}, func(r *rig) {
				answered = make(chan error, 1)
				p := r.peer(carrier)
				m := invite()
				m.body = ""
				p.send(m)
				ok := p.expect("SIP/2.0 200")
				if got := bodyOf(ok); got != "our offer" {
					t.Errorf("the 200 brought %q", got)
				}
				if len(answered) != 0 {
					t.Error("Answer returned before the ACK")
				}
				ack := m.ack(ok)
				ack.kind, ack.body = "application/sdp", tt.ack
				p.send(ack)
				if err := <-answered; !errorsIs(err, tt.want) {
					t.Errorf("Answer: %v, want %v", err, tt.want)
				}
				if tt.want != nil {
					bye := p.expect("BYE ")
					p.send(respond(bye, "200 OK"))
					r.ended(tt.want)
				}
				if got := n.log(); got != tt.log {
					t.Errorf("negotiated %q, want %q", got, tt.log)
				}
			})
		})
	}
}

func TestInviteWithUnacceptableOfferIs488_RFC3261_13_3_1_3(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.body = "refuse me"
		p.send(m)
		res := p.expect("SIP/2.0 488")
		p.send(m.ack(res))
		r.ended(ErrFinished)
		p.quiet(time.Minute)
		if got := r.rules(); got != "offer" {
			t.Errorf("refusals %q", got)
		}
	})
}

func TestInviteIsTriedAfter200ms_RFC3261_17_2_1(t *testing.T) {
	inBubble(t, func(ctx context.Context, _ *Call) { <-ctx.Done() }, func(r *rig) {
		p := r.peer(carrier)
		start := time.Now()
		p.send(invite())
		p.expect("SIP/2.0 100 Trying")
		if got := time.Since(start); got != 200*time.Millisecond {
			t.Errorf("100 after %v", got)
		}
		p.send(invite()) // a retransmission is answered with the last response
		p.expect("SIP/2.0 100 Trying")
	})
}

func TestInviteMultipartBringsItsSession_RFC5621_3_1(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.kind = "multipart/mixed;boundary=x"
		m.body = "--x\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n--x\r\nContent-Type: application/sdp\r\n\r\nthe offer\r\n--x--\r\n"
		if got := bodyOf(p.establish(m)); got != "answer to the offer" {
			t.Errorf("answered %q", got)
		}
	})
}

func TestHandlerThatDoesNotAnswerIs480(t *testing.T) {
	inBubble(t, func(context.Context, *Call) {}, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		p.send(invite().ack(p.expect("SIP/2.0 480")))
		p.quiet(time.Minute)
		if got := r.rules(); got != "unanswered" {
			t.Errorf("refusals %q", got)
		}
	})
}

func TestRefusalByTheHandler(t *testing.T) {
	inBubble(t, func(_ context.Context, c *Call) {
		if err := c.Refuse(200, ""); err == nil {
			t.Error("Refuse(200) is no refusal")
		}
		if err := c.Refuse(503, "no media port"); err != nil {
			t.Errorf("Refuse: %v", err)
		}
		if err := c.Refuse(486, ""); !errorsIs(err, ErrFinished) {
			t.Errorf("a second Refuse: %v", err)
		}
	}, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		res := p.expect("SIP/2.0 503 no media port")
		if field(res, "Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
		p.send(invite().ack(res))
		r.ended(ErrFinished)
		if got := r.rules(); got != "handler" {
			t.Errorf("refusals %q", got)
		}
	})
}

func TestRefusalIsRepeatedUntilItsAck_RFC3261_17_2_1(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.uri, m.to = "sip:+18005550000@192.0.2.1", "<sip:+18005550000@192.0.2.1>"
		start := time.Now()
		p.send(m)
		var res string
		for _, want := range []time.Duration{0, 500, 1500, 3500, 7500} {
			res = p.expect("SIP/2.0 404")
			if got := time.Since(start); got != want*time.Millisecond {
				t.Errorf("404 after %v, want %v", got, want*time.Millisecond)
			}
		}
		p.send(m.ack(res))
		p.quiet(time.Minute)
	})
}

func TestRingTime(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		if c.Ring(ctx) == nil {
			_ = c.Answer(ctx, n)
			<-ctx.Done()
		}
	}, func(r *rig) {
		p := r.peer(carrier)
		start := time.Now()
		p.send(invite())
		p.expect("SIP/2.0 180")
		p.expect("SIP/2.0 200")
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("answered after %v, want 3s", got)
		}
	}, func(c *Config) { c.RingTime = func(string) time.Duration { return 3 * time.Second } })
}

// Who rings for long says so each minute, lest a proxy on the way gives up.
func TestRingingIsRepeated_RFC3261_13_3_1_1(t *testing.T) {
	for name, headers := range map[string]string{"unreliable": "", "reliable": "Require: 100rel\r\n"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, ringsAndAnswers(&negotiator{}), func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				m.headers = headers
				start := time.Now()
				p.send(m)
				for i := range 3 {
					ringing := p.expect("SIP/2.0 180")
					if got := time.Since(start); got != time.Duration(i)*time.Minute {
						t.Errorf("180 number %d after %v", i+1, got)
					}
					if headers != "" {
						p.send(m.prack(2+i, ringing, ""))
						p.expect("SIP/2.0 200")
					}
				}
				p.send(m.ack(p.expect("SIP/2.0 200")))
				if got := time.Since(start); got != 150*time.Second {
					t.Errorf("answered after %v", got)
				}
			}, ringTime(150*time.Second))
		})
	}
}

func TestMaxCallTime(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		start := time.Now()
		p.establish(invite())
		bye := p.expect("BYE sip:sbc@198.51.100.7:5060")
		if got := time.Since(start); got != time.Minute {
			t.Errorf("BYE after %v, want 1m", got)
		}
		p.send(respond(bye, "200 OK"))
		r.ended(ErrTooLong)
	}, func(c *Config) { c.MaxCallTime = time.Minute })
}

func TestPanicEndsItsCallOnly(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		if c.ID == "before" {
			panic("a bug")
		}
		_ = c.Answer(ctx, n)
		if c.ID == "after" {
			panic("a bug")
		}
		<-ctx.Done()
	}, func(r *rig) {
		p := r.peer(carrier)
		good, before, after := invite(), invite(), invite()
		before.callID, before.branch = "before", "z9hG4bK-b"
		after.callID, after.branch = "after", "z9hG4bK-a"
		ok := p.establish(good)
		p.send(before)
		p.send(before.ack(p.expect("SIP/2.0 500")))
		p.send(after)
		p.send(after.ack(p.expect("SIP/2.0 200")))
		p.send(respond(p.expect("BYE "), "200 OK"))
		synctest.Wait()
		if got := r.count(Panicked); got != 2 {
			t.Errorf("%d panics were told, want 2", got)
		}
		p.send(good.inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
	})
}
