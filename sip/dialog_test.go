package sip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAllowAndSupportedAreTrueEverywhere_RFC3261_20_5(t *testing.T) {
	for name, tt := range map[string]struct {
		change    func(*Config)
		supported string
	}{
		"as it comes": {func(*Config) {}, "100rel, timer"},
		"all off":     {func(c *Config) { c.Trunks[0].Reliable, c.SessionExpires = ReliableOff, -1 }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := &negotiator{}
			inBubble(t, ringsAndAnswers(n), func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				check := func(res string) string {
					t.Helper()
					if got := field(res, "Allow"); got != allow {
						t.Errorf("%s: Allow %q, want %q", firstLineOf(res), got, allow)
					}
					if got := field(res, "Supported"); got != tt.supported {
						t.Errorf("%s: Supported %q, want %q", firstLineOf(res), got, tt.supported)
					}
					return res
				}
				p.send(m)
				check(p.expect("SIP/2.0 180"))
				ok := check(p.expect("SIP/2.0 200"))
				p.send(m.ack(ok))
				p.send(m.inside("OPTIONS", 2, ok))
				check(p.expect("SIP/2.0 200"))
				p.send(m.inside("UPDATE", 3, ok))
				check(p.expect("SIP/2.0 200"))
				options := m.with("OPTIONS", 4)
				options.callID = "another"
				p.send(options)
				check(p.expect("SIP/2.0 200"))
			}, tt.change)
		})
	}
	for _, method := range methods { // what is allowed is understood
		inBubble(t, rings, func(r *rig) {
			p := r.peer(carrier)
			m := invite().with(method, 1)
			p.send(m)
			if method == "ACK" {
				p.quiet(time.Second)
				return
			}
			if res := p.expect("SIP/2.0 "); strings.HasPrefix(res, "SIP/2.0 405") || strings.HasPrefix(res, "SIP/2.0 501") {
				t.Errorf("%s: %s", method, firstLineOf(res))
			}
		})
	}
}

func TestRequireInAckAndCancelIsIgnored_RFC3261_8_2_2_3(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		p.send(m)
		ack := m.ack(p.expect("SIP/2.0 200"))
		ack.headers = "Require: foo\r\n"
		p.send(ack)
		p.quiet(time.Minute)
	})
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		p.send(m)
		p.expect("SIP/2.0 180")
		cancel := m.cancel()
		cancel.headers = "Require: foo\r\n"
		p.send(cancel)
		p.expect("SIP/2.0 200")
		p.send(m.ack(p.expect("SIP/2.0 487")))
		r.ended(ErrCancelled)
	})
}

func TestMaxBreadthIsNoMatterOfAUserAgent_RFC5393_5(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.headers = "Max-Breadth: 0\r\n"
		p.send(m)
		p.expect("SIP/2.0 180")
		looped := m // came round, by another Via
		looped.branch = "z9hG4bK-round"
		p.send(looped)
		p.send(looped.ack(p.expect("SIP/2.0 482")))
	})
}

// A copy of the INVITE that was under way when the call ended makes no second one.
func TestRepeatedInviteOfAFinishedCall_RFC6026_7_1(t *testing.T) {
	calls := 0
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		calls++
		answers(n)(ctx, c)
	}, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		p.send(m.inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
		time.Sleep(20 * time.Second)
		p.send(m)
		p.send(m.ack(ok))
		p.quiet(time.Minute)
		if calls != 1 {
			t.Errorf("one INVITE made %d calls", calls)
		}
	})
}

func TestDialogOfOursTakesAStrictRoute_RFC3261_12_2_1_1(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		calls, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
		req := p.expect("INVITE ")
		p.send(withSession(respond(req, "200 OK", "Contact: <sip:phone@198.51.100.99>",
			"Record-Route: <sip:198.51.100.98;lr>, <sip:198.51.100.7>"), "theirs"))
		ack := p.expect("ACK sip:198.51.100.7 SIP/2.0") // a strict router gets it in its own name
		if got := field(ack, "Route"); got != "<sip:198.51.100.98;lr>, <sip:phone@198.51.100.99>" {
			t.Errorf("Route: %s", got)
		}
		c, err := <-calls, <-errs
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = c.Hangup(context.Background()) }()
		p.send(respond(p.expect("BYE sip:198.51.100.7 SIP/2.0"), "200 OK"))
	})
}

func TestRecordRouteIsEchoedInReliableAnswers_RFC3261_12_1_1(t *testing.T) {
	const route = "<sip:198.51.100.8;lr>"
	inBubble(t, progresses(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("an offer")
		m.headers += "Record-Route: " + route + "\r\n"
		p.send(m)
		progress := p.expect("SIP/2.0 183")
		p.send(m.prack(2, progress, ""))
		if got := field(p.expect("SIP/2.0 200"), "Record-Route"); got != "" {
			t.Errorf("the 200 to PRACK has Record-Route %s", got)
		}
		ok := p.expect("SIP/2.0 200")
		if field(progress, "Record-Route") != route || field(ok, "Record-Route") != route {
			t.Errorf("Record-Route %s, then %s", field(progress, "Record-Route"), field(ok, "Record-Route"))
		}
		p.send(m.ack(ok))
	})
}

func TestMultipartBodiesInsideADialog_RFC5621_3_1(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		for i, method := range []string{"UPDATE", "INVITE"} {
			again := m.inside(method, 2+i, ok)
			again.kind = "multipart/mixed; boundary=\"x\""
			again.body = "--x\r\nContent-Type: application/isup\r\n\r\n\x01\r\n--x\r\nContent-Type: application/sdp\r\n\r\nthe offer\r\n--x--\r\n"
			p.send(again)
			res := p.expect("SIP/2.0 200")
			if got := bodyOf(res); got != "answer to the offer" {
				t.Errorf("%s answered %q", method, got)
			}
			if method == "INVITE" {
				p.send(again.ack(res))
			}
		}
	})
}

func TestReinviteOfOursWaitsForTheAck_RFC3261_14_1(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		_ = c.Reinvite(ctx)
		<-ctx.Done()
	}, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		p.send(m)
		ok := p.expect("SIP/2.0 200")
		synctest.Wait()
		if len(p.got) > 0 {
			t.Errorf("got %s before the ACK", firstLineOf(<-p.got))
		}
		p.send(m.ack(ok))
		p.send(withSession(respond(p.expect("INVITE "), "200 OK"), "theirs"))
		p.expect("ACK ")
	})
}

// A re-INVITE of ours is cancelled when its caller does not wait; a 200 that crosses counts.
func TestReinviteIsTakenBack_RFC3261_9_1_14_1(t *testing.T) {
	for name, tt := range map[string]struct {
		crosses bool
		want    string
	}{
		"487":                {false, "answer an offer, offer"},
		"a 200 that crosses": {true, "answer an offer, offer, accept theirs"},
	} {
		t.Run(name, func(t *testing.T) {
			var result chan error // of the bubble
			n := &negotiator{}
			inBubble(t, answersThen(n, func(ctx context.Context, c *Call) {
				short, stop := context.WithTimeout(ctx, time.Second)
				defer stop()
				result <- c.Reinvite(short)
			}), func(r *rig) {
				result = make(chan error, 1)
				p := r.peer(carrier)
				m := invite()
				ok := p.establish(m)
				ours := p.expect("INVITE ")
				if err := <-result; !errorsIs(err, context.DeadlineExceeded) {
					t.Errorf("Reinvite: %v", err)
				}
				p.skip()
				p.send(respond(ours, "100 Trying")) // CANCEL waits for the first answer
				stop := p.expect("CANCEL ")
				if field(stop, "Via") != field(ours, "Via") || field(stop, "CSeq") != strings.Replace(field(ours, "CSeq"), "INVITE", "CANCEL", 1) {
					t.Errorf("CANCEL %q", stop)
				}
				p.send(respond(stop, "200 OK"))
				if tt.crosses {
					p.send(withSession(respond(ours, "200 OK"), "theirs"))
				} else {
					p.send(respond(ours, "487 Request Terminated"))
				}
				p.expect("ACK ")
				synctest.Wait()
				if got := n.log(); got != tt.want {
					t.Errorf("negotiated %q, want %q", got, tt.want)
				}
				p.send(m.inside("BYE", 2, ok)) // the call was up
				p.expect("SIP/2.0 200")
				r.ended(ErrHangup)
			})
		})
	}
}

// A re-INVITE that is under way when the call ends has its final answer acknowledged.
func TestReinviteOfACallThatEndsIsAcknowledged_RFC3261_15_1_2(t *testing.T) {
	for _, final := range []string{"487 Request Terminated", "200 OK"} {
		t.Run(final, func(t *testing.T) {
			inBubble(t, answersThen(&negotiator{}, func(ctx context.Context, c *Call) { _ = c.Reinvite(ctx) }), func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				ok := p.establish(m)
				ours := p.expect("INVITE ")
				p.send(respond(ours, "100 Trying"))
				p.send(m.inside("BYE", 2, ok))
				p.expect("SIP/2.0 200")
				p.send(respond(p.expect("CANCEL "), "200 OK"))
				p.send(respond(ours, final))
				if ack := p.expect("ACK "); field(ack, "CSeq") != strings.Replace(field(ours, "CSeq"), "INVITE", "ACK", 1) {
					t.Errorf("ACK %q", ack)
				}
				r.ended(ErrHangup)
				p.leavesNothing()
			})
		})
	}
}

// The peer may ask us to come back while a change of its own is under way.
func TestReinviteComesBackAfterRetryAfter_RFC3261_14_2(t *testing.T) {
	var result chan error // of the bubble
	n := &negotiator{}
	inBubble(t, answersThen(n, func(ctx context.Context, c *Call) {
		result <- c.Reinvite(ctx)
		result <- c.Reinvite(ctx)
	}), func(r *rig) {
		result = make(chan error, 2)
		p := r.peer(carrier)
		p.establish(invite())
		p.send(respond(p.expect("INVITE "), "500 Later", "Retry-After: 7"))
		p.expect("ACK ")
		start := time.Now()
		ours := p.expect("INVITE ")
		if got := time.Since(start); got != 7*time.Second {
			t.Errorf("tried again after %v, want 7s", got)
		}
		p.send(withSession(respond(ours, "200 OK"), "theirs"))
		p.expect("ACK ")
		if err := <-result; err != nil {
			t.Errorf("Reinvite: %v", err)
		}
		p.send(respond(p.expect("INVITE "), "500 Much later", "Retry-After: 3600"))
		p.expect("ACK ")
		if err := <-result; !hasStatus(err, 500) {
			t.Errorf("Reinvite: %v, want 500", err)
		}
	})
}

// TestReliableRaces: whatever the moment of a CANCEL, of the PRACKs and of the answer, a call of a caller that
// requires reliable answers ends with 200 and BYE, or with 487, and leaves nothing behind.
func TestReliableRaces_RFC3262_3(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 2))
			pause := func() time.Duration { return time.Duration(random.Int64N(int64(20 * time.Millisecond))) }
			early, beforeAnswer := random.IntN(2) == 0, pause()
			n := &negotiator{}
			inBubble(t, func(ctx context.Context, c *Call) {
				c.Prepare(n)
				if c.Ring(ctx) != nil || early && c.Progress(ctx, n) != nil {
					return
				}
				time.Sleep(beforeAnswer)
				answers(n)(ctx, c)
			}, func(r *rig) { raceReliable(r, random, pause) })
		})
	}
}

func raceReliable(r *rig, random *rand.Rand, pause func() time.Duration) {
	p := r.peer(carrier)
	m := needs100rel([]string{"an offer", ""}[random.IntN(2)])
	p.send(m)
	if random.IntN(2) == 0 {
		go func(after time.Duration) {
			time.Sleep(after)
			p.send(m.cancel())
		}(3 * pause())
	}
	cseq, final := 1, ""
	acknowledged := map[string]bool{}
	for final == "" {
		res := p.expect("SIP/2.0 ")
		switch seq := field(res, "RSeq"); {
		case seq != "" && !acknowledged[seq] && random.IntN(4) > 0: // else it is lost, and comes again
			acknowledged[seq] = true
			time.Sleep(pause())
			cseq++
			prack := m.prack(cseq, res, "")
			if strings.HasSuffix(bodyOf(res), "our offer") {
				prack.body = "theirs"
			}
			p.send(prack)
		case field(res, "CSeq") == "1 INVITE" && !strings.HasPrefix(res, "SIP/2.0 1"):
			final = res
		}
	}
	p.send(m.ack(final))
	switch {
	case strings.HasPrefix(final, "SIP/2.0 487"):
	case strings.HasPrefix(final, "SIP/2.0 200"):
		p.send(m.inside("BYE", cseq+1, final))
	default:
		r.t.Fatalf("the INVITE ended with %q", firstLineOf(final))
	}
	p.leavesNothing()
}

// What is left of a reliable 180 ends with the 200: it is not repeated, and a missing PRACK is no matter any more.
func TestAnswerEndsReliableRinging_RFC3262_3(t *testing.T) {
	inBubble(t, ringsAndAnswers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("an offer")
		p.send(m)
		p.expect("SIP/2.0 180")
		ok := p.expect("SIP/2.0 200")
		p.send(m.ack(ok))
		p.quiet(time.Minute)
		p.send(m.inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	})
}

// A session that is settled early may be changed by UPDATE, not by another INVITE.
func TestReinviteAfterAnEarlySessionIs500_RFC3261_14_2(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		if c.Progress(ctx, n) == nil {
			<-ctx.Done()
		}
	}, func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("an offer")
		p.send(m)
		progress := p.expect("SIP/2.0 183")
		p.send(m.prack(2, progress, ""))
		p.expect("SIP/2.0 200")
		again := m.inside("INVITE", 3, progress)
		again.kind, again.body = "application/sdp", "hold"
		p.send(again)
		p.send(again.ack(p.expect("SIP/2.0 500")))
		update := m.update(4, progress, "hold")
		update.headers = "Supported: timer\r\nSession-Expires: 600\r\n"
		p.send(update)
		if got := field(p.expect("SIP/2.0 200"), "Session-Expires"); got != "" {
			t.Errorf("Session-Expires %q before the answer", got)
		}
	})
}
