package sip

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestByeBeforeTheAckEndsTheCall_RFC3261_15_1_2(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		ok := p.expect("SIP/2.0 200")
		p.send(invite().inside("BYE", 2, ok))
		if got := field(p.expect("SIP/2.0 200"), "CSeq"); got != "2 BYE" {
			t.Errorf("CSeq %s", got)
		}
		r.ended(ErrHangup)
		p.quiet(time.Minute)
		p.send(invite().ack(ok)) // late, and for nothing
		p.quiet(time.Minute)
	})
}

func TestByeOfARingingCall_RFC3261_15(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		ringing := p.expect("SIP/2.0 180")
		p.send(invite().inside("BYE", 2, ringing))
		p.expect("SIP/2.0 200")
		p.send(invite().ack(p.expect("SIP/2.0 487")))
		r.ended(ErrHangup)
	})
}

func TestByeIsRepeatedAndItsAnswerToo_RFC3261_17_2_2(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		for range 3 {
			p.send(invite().inside("BYE", 2, ok))
			p.expect("SIP/2.0 200")
		}
		r.ended(ErrHangup)
	})
}

func TestOptionsOfACallThatIsOverIs481_RFC3261_12_2_2(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		p.send(invite().inside("OPTIONS", 2, ok))
		p.expect("SIP/2.0 200")
		p.send(invite().inside("BYE", 3, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
		p.send(invite().inside("OPTIONS", 4, ok))
		p.expect("SIP/2.0 481")
	})
}

func TestByesCross_RFC3261_15_1(t *testing.T) {
	var hangup chan struct{} // of the bubble
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		<-hangup
		_ = c.Hangup(context.Background())
	}, func(r *rig) {
		hangup = make(chan struct{})
		p := r.peer(carrier)
		ok := p.establish(invite())
		close(hangup)
		ours := p.expect("BYE ")
		p.send(invite().inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
		p.send(respond(ours, "481 Gone"))
		r.ended(ErrFinished)
		p.quiet(time.Minute)
	})
}

func TestByeIsGivenUpAfter64T1_RFC3261_17_1_2_2(t *testing.T) {
	var done chan time.Duration // of the bubble
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		time.Sleep(time.Second)
		start := time.Now()
		_ = c.Hangup(context.Background())
		done <- time.Since(start)
	}, func(r *rig) {
		done = make(chan time.Duration, 1)
		p := r.peer(carrier)
		p.establish(invite())
		if got := <-done; got != 32*time.Second {
			t.Errorf("Hangup took %v, want 32s", got)
		}
		r.ended(ErrFinished)
	})
}

func TestHangupReturnsWithItsContext(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		time.Sleep(time.Second)
		short, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := c.Hangup(short); !errorsIs(err, context.DeadlineExceeded) {
			t.Errorf("Hangup: %v", err)
		}
	}, func(r *rig) {
		p := r.peer(carrier)
		p.establish(invite())
		time.Sleep(5 * time.Second)
		p.send(respond(p.expect("BYE "), "200 OK"))
		synctest.Wait()
		p.skip()
	})
}

// B17: routes, strict routers and a target that moves.
func TestByeTakesTheRoute_RFC3261_12_2_1_1(t *testing.T) {
	for name, tt := range map[string]struct {
		contact, recorded string
		at                string // where the BYE arrives
		line, route       string
	}{
		"no route": {
			contact: "<sip:sbc@198.51.100.8:5060>", at: carrier2, line: "BYE sip:sbc@198.51.100.8:5060 SIP/2.0",
		},
		"loose routers": {
			contact: "<sip:sbc@198.51.100.99>", recorded: "Record-Route: <sip:198.51.100.8;lr>, <sip:198.51.100.98;lr;x=y>\r\n", at: carrier2,
			line: "BYE sip:sbc@198.51.100.99 SIP/2.0", route: "<sip:198.51.100.8;lr>, <sip:198.51.100.98;lr;x=y>",
		},
		"a strict router first": {
			contact: "<sip:sbc@198.51.100.99>", recorded: "Record-Route: <sip:198.51.100.8>\r\nRecord-Route: <sip:198.51.100.98;lr>\r\n", at: carrier2,
			line: "BYE sip:198.51.100.8 SIP/2.0", route: "<sip:198.51.100.98;lr>, <sip:sbc@198.51.100.99>",
		},
		"a target outside the trunk goes to the source": {
			contact: "<sip:victim@233.252.0.66>", at: carrier, line: "BYE sip:victim@233.252.0.66 SIP/2.0",
		},
		"a target with a name goes to the source": {
			contact: "<sip:sbc.example.com>", at: carrier, line: "BYE sip:sbc.example.com SIP/2.0",
		},
		"a route outside the trunk goes to the source": {
			contact: "<sip:sbc@10.0.0.1>", recorded: "Record-Route: <sip:10.0.0.2;lr>\r\n", at: carrier,
			line: "BYE sip:sbc@10.0.0.1 SIP/2.0", route: "<sip:10.0.0.2;lr>",
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := &negotiator{}
			inBubble(t, func(ctx context.Context, c *Call) {
				_ = c.Answer(ctx, n)
				time.Sleep(time.Second)
			}, func(r *rig) {
				p, target := r.peer(carrier), (*peer)(nil)
				if target = p; tt.at != carrier {
					target = r.peer(tt.at)
				}
				m := invite()
				m.contact, m.headers = tt.contact, tt.recorded
				p.establish(m)
				bye := target.expect("BYE ")
				if got := firstLineOf(bye); got != tt.line {
					t.Errorf("got %q, want %q", got, tt.line)
				}
				if got := field(bye, "Route"); got != tt.route {
					t.Errorf("Route %q, want %q", got, tt.route)
				}
				target.send(respond(bye, "200 OK"))
				r.ended(ErrFinished)
			})
		})
	}
}

func TestRecordRouteIsEchoed_RFC3261_12_1_1(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Ring(ctx)
		answers(n)(ctx, c)
	}, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.headers = "Record-Route: <sip:198.51.100.8;lr;ftag=1>;vendor=\"x, y\"\r\n"
		p.send(m)
		for _, start := range []string{"SIP/2.0 180", "SIP/2.0 200"} {
			if got := field(p.expect(start), "Record-Route"); got != `<sip:198.51.100.8;lr;ftag=1>;vendor="x, y"` {
				t.Errorf("%s: Record-Route %s", start, got)
			}
		}
	})
}

func TestRequestsOfWrongDialogsAre481_RFC3261_12_2_2(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		wrong := []msg{invite().inside("BYE", 2, ok), invite().inside("INFO", 3, ok), invite().inside("INVITE", 4, ok), invite().inside("OPTIONS", 5, ok)}
		wrong[0].to += "x"
		wrong[1].callID = "another"
		wrong[2].from = "<sip:a@b>;tag=other"
		wrong[3].to += "x"
		outside := invite().with("BYE", 6)
		for _, m := range append(wrong, outside) {
			p.send(m)
			p.expect("SIP/2.0 481")
		}
		p.skip()
		p.send(invite().inside("BYE", 7, ok))
		p.expect("SIP/2.0 200")
	})
}

func TestCallOfAnotherTrunkIsOutOfReach(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p, other := r.peer(carrier), r.peer(rival)
		ok := p.establish(invite())
		m := invite().inside("BYE", 2, ok)
		m.via = rival
		other.send(m)
		other.expect("SIP/2.0 481")
		p.send(invite().inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	})
}

func TestCSeqMustGrow_RFC3261_12_2_2(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.cseq = 10
		ok := p.establish(m)
		p.send(m.inside("OPTIONS", 9, ok))
		p.expect("SIP/2.0 500")
		p.send(m.inside("OPTIONS", 15, ok)) // gaps are allowed
		p.expect("SIP/2.0 200")
		p.send(m.inside("BYE", 12, ok))
		p.expect("SIP/2.0 500")
		p.send(m.inside("BYE", 16, ok))
		p.expect("SIP/2.0 200")
		if got := r.rules(); got != "cseq cseq" {
			t.Errorf("refusals %q", got)
		}
	})
}

// The call's own work may outlast it; to the peer there is no dialog any more.
func TestASecondByeIs481_RFC3261_15_1_2(t *testing.T) {
	inBubble(t, func(ctx context.Context, c *Call) {
		answers(&negotiator{})(ctx, c)
		time.Sleep(time.Minute)
	}, func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		p.send(invite().inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
		p.send(invite().inside("BYE", 3, ok))
		p.expect("SIP/2.0 481")
		r.ended(ErrHangup)
	})
}
