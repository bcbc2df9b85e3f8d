package sip

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestUpdateOfAnAnsweredCall_RFC3311_5_2(t *testing.T) {
	inTalk(t, func(c *talk) {
		for i, tt := range []struct{ session, want, answer string }{
			{"hold", "SIP/2.0 200", "answer to hold"},
			{"refuse", "SIP/2.0 488", ""},
			{"", "SIP/2.0 200", ""},
		} {
			c.send(c.change("UPDATE", 2+i, tt.session))
			res := c.expect(tt.want)
			if got := bodyOf(res); got != tt.answer {
				t.Errorf("%q was answered %q, want %q", tt.session, got, tt.answer)
			}
			if tt.want == "SIP/2.0 200" && (field(res, "Contact") == "" || field(res, "Allow") != allow) {
				t.Errorf("Contact %q, Allow %q", field(res, "Contact"), field(res, "Allow"))
			}
		}
		bad := c.change("UPDATE", 6, "x")
		bad.kind = "text/plain"
		c.send(bad)
		c.expect("SIP/2.0 415")
		c.hangsUp(7)
		c.negotiated("answer an offer, answer hold, answer refuse")
	})
}

func TestUpdateMovesTheTarget_RFC3311_5_2(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		time.Sleep(time.Second)
	}, func(r *rig) {
		p, moved := r.peer(carrier), r.peer(carrier2)
		m := invite()
		ok := p.establish(m)
		update := m.update(2, ok, "")
		update.contact = "<sip:sbc@198.51.100.8:5060>"
		p.send(update)
		p.expect("SIP/2.0 200")
		moved.send(respond(moved.expect("BYE sip:sbc@198.51.100.8:5060"), "200 OK"))
		r.ended(ErrFinished)
	})
}

func TestUpdateOfARingingCall_RFC3311_5_2(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		if c.Progress(ctx, n) != nil || c.Ring(ctx) != nil {
			return
		}
		answers(n)(ctx, c)
	}, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.headers = "Supported: 100rel\r\n"
		p.send(m)
		progress := p.expect("SIP/2.0 183")
		p.send(m.prack(2, progress, ""))
		p.expect("SIP/2.0 200")
		p.expect("SIP/2.0 180") // unreliable: nothing in it
		p.send(m.update(3, progress, "another port"))
		if got := bodyOf(p.expect("SIP/2.0 200")); got != "answer to another port" {
			t.Errorf("answered %q", got)
		}
		ok := p.expect("SIP/2.0 200")
		if got := bodyOf(ok); got != "" {
			t.Errorf("the 200 to the INVITE brought %q", got)
		}
		p.send(m.ack(ok))
		p.quiet(time.Minute)
	}, ringTime(5*time.Second))
}

func TestUpdateBeforeOurFirstAnswerIs500_RFC3311_5_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		p.send(m)
		ringing := p.expect("SIP/2.0 180")
		p.send(m.update(2, ringing, "another offer"))
		pausing(t, p.expect("SIP/2.0 500"))
		p.send(m.update(3, ringing, "")) // says where the caller is, no more
		p.expect("SIP/2.0 200")
	})
}

func TestUpdatesCross_RFC3311_5_2(t *testing.T) {
	inTalk(t, func(c *talk) {
		c.waits(c.change("UPDATE", 2, "hold"))
		c.send(c.change("UPDATE", 3, "resume"))
		c.expect("SIP/2.0 500")
		c.send(c.change("UPDATE", 4, ""))
		c.expect("SIP/2.0 500")
		again := c.change("INVITE", 5, "resume")
		c.send(again)
		c.send(again.ack(c.expect("SIP/2.0 500")))
		close(c.n.block)
		if got := field(c.expect("SIP/2.0 200"), "CSeq"); got != "2 UPDATE" {
			t.Errorf("CSeq %s", got)
		}
	})
}

func TestUpdateOutsideADialogIs481_RFC3311_5_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite().with("UPDATE", 1))
		p.expect("SIP/2.0 481")
		p.send(invite().with("PRACK", 2))
		p.expect("SIP/2.0 481")
	})
}

func TestUpdateOfOurs_RFC3311_5_1(t *testing.T) {
	type step struct {
		expect string // a request of ours
		status string
		with   string // session of the answer
	}
	for name, tt := range map[string]struct {
		steps []step
		want  error
		cause error
	}{
		"accepted":                          {[]step{{"UPDATE ", "200 OK", "theirs"}}, nil, nil},
		"glare, then accepted":              {[]step{{"UPDATE ", "491 Request Pending", ""}, {"UPDATE ", "200 OK", "theirs"}}, nil, nil},
		"refused":                           {[]step{{"UPDATE ", "488 No", ""}}, &StatusError{Status: 488, Reason: "No"}, nil},
		"without an answer":                 {[]step{{"UPDATE ", "200 OK", ""}}, ErrNotAcceptable, nil},
		"who is asked first gets re-INVITE": {[]step{{"UPDATE ", "504 Later", ""}, {"INVITE ", "200 OK", "theirs"}}, nil, nil},
		"the peer knows no such call":       {[]step{{"UPDATE ", "481 Gone", ""}, {"BYE ", "481 Gone", ""}}, &StatusError{Status: 481, Reason: "Gone"}, ErrGone},
		"the peer times out":                {[]step{{"UPDATE ", "408 Timeout", ""}, {"BYE ", "200 OK", ""}}, &StatusError{Status: 408, Reason: "Timeout"}, ErrGone},
	} {
		t.Run(name, func(t *testing.T) {
			var result chan error // of the bubble
			n := &negotiator{}
			inBubble(t, answersThen(n, func(ctx context.Context, c *Call) { result <- c.Update(ctx) }), func(r *rig) {
				result = make(chan error, 1)
				p := r.peer(carrier)
				m := invite()
				ok := p.establish(m)
				for _, s := range tt.steps {
					req := p.expect(s.expect)
					res := respond(req, s.status, "Contact: <sip:sbc@198.51.100.7:5060>")
					if s.with != "" {
						res = withSession(res, s.with)
					}
					p.send(res)
					if s.expect == "INVITE " {
						p.expect("ACK ")
					}
				}
				err := <-result
				var status *StatusError
				if errors.As(tt.want, &status) {
					if !hasStatus(err, status.Status) {
						t.Errorf("Update: %v, want %v", err, tt.want)
					}
				} else if !errorsIs(err, tt.want) {
					t.Errorf("Update: %v, want %v", err, tt.want)
				}
				if tt.cause != nil {
					r.ended(tt.cause)
					return
				}
				p.send(m.inside("BYE", 9, ok))
				p.expect("SIP/2.0 200")
				r.ended(ErrHangup)
			})
		})
	}
}

func TestUpdateOfOursNeedsASession_RFC3311_5_1(t *testing.T) {
	var result chan error // of the bubble
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		result <- c.Update(ctx) // nothing was agreed on
		if c.Progress(ctx, n) != nil {
			return
		}
		result <- c.Update(ctx)
		<-ctx.Done()
	}, func(r *rig) {
		result = make(chan error, 2)
		p := r.peer(carrier)
		m := needs100rel("an offer")
		p.send(m)
		if err := <-result; !errors.Is(err, ErrNotAnswered) {
			t.Errorf("Update: %v, want %v", err, ErrNotAnswered)
		}
		p.send(m.prack(2, p.expect("SIP/2.0 183"), ""))
		p.expect("SIP/2.0 200")
		update := p.expect("UPDATE sip:sbc@198.51.100.7:5060")
		if got := bodyOf(update); got != "our offer" {
			t.Errorf("offered %q", got)
		}
		glare := m.update(3, respond(update, "200 OK"), "theirs")
		glare.to = field(update, "From")
		p.send(glare)
		p.expect("SIP/2.0 491")
		p.send(withSession(respond(update, "200 OK"), "theirs"))
		if err := <-result; err != nil {
			t.Errorf("Update: %v", err)
		}
	})
}

// The side that made the Call-ID waits longer after a glare, so that only one tries again at a time.
func TestGlarePauses_RFC3261_14_1(t *testing.T) {
	for range 200 {
		if got := (&Call{}).glarePause(); got < 2100*time.Millisecond || got > 4*time.Second {
			t.Errorf("the owner of the Call-ID waits %v, want 2.1s to 4s", got)
		}
		if got := (&Call{invite: &serverTx{}}).glarePause(); got < 0 || got > 2*time.Second {
			t.Errorf("the other side waits %v, want 0 to 2s", got)
		}
	}
}

func TestGlareIsGivenUp_RFC3261_14_1(t *testing.T) {
	var result chan error // of the bubble
	n := &negotiator{}
	inBubble(t, answersThen(n, func(ctx context.Context, c *Call) { result <- c.Reinvite(ctx) }), func(r *rig) {
		result = make(chan error, 1)
		p := r.peer(carrier)
		p.establish(invite())
		for range changeTries {
			p.send(respond(p.expect("INVITE "), "491 Request Pending"))
			p.expect("ACK ")
		}
		if err := <-result; !hasStatus(err, 491) {
			t.Errorf("Reinvite: %v, want 491", err)
		}
	})
}

func TestChangesOfOursAnswerChallenges_RFC3261_22(t *testing.T) {
	for method, change := range map[string]func(*Call, context.Context) error{
		"INVITE": (*Call).Reinvite, "UPDATE": (*Call).Update,
	} {
		var result chan error // of the bubble
		n := &negotiator{}
		inBubble(t, answersThen(n, func(ctx context.Context, c *Call) { result <- change(c, ctx) }), func(r *rig) {
			result = make(chan error, 1)
			p := r.peer(carrier)
			p.establish(invite())
			challenge := challengedBy("example.com", "n1", `, qop="auth"`)
			p.send(respond(p.expect(method), "407 Proxy Authentication Required", "Proxy-Authenticate: "+challenge))
			if method == "INVITE" {
				p.expect("ACK ")
			}
			signed := p.expect(method)
			proves(t, signed, "Proxy-Authorization", challenge, method, 1)
			if got := field(signed, "CSeq"); got != "2 "+method {
				t.Errorf("CSeq %s", got)
			}
			p.send(withSession(respond(signed, "200 OK"), "theirs"))
			if method == "INVITE" {
				if ack := p.expect("ACK "); field(ack, "Proxy-Authorization") != field(signed, "Proxy-Authorization") {
					t.Error("the ACK has other credentials than its INVITE")
				}
			}
			if err := <-result; err != nil {
				t.Errorf("%s: %v", method, err)
			}
		}, func(c *Config) { withCredentials(&c.Trunks[0]) })
	}
}
