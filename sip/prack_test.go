package sip

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// needs100rel is an INVITE whose caller requires reliable provisional answers.
func needs100rel(session string) msg {
	m := invite()
	m.headers, m.body = "Require: 100rel\r\n", session
	return m
}

// prack acknowledges a reliable provisional answer.
func (m msg) prack(cseq int, res, session string) msg {
	p := m.inside("PRACK", cseq, res)
	p.headers = "RAck: " + field(res, "RSeq") + " " + field(res, "CSeq") + "\r\n"
	p.kind, p.body = "application/sdp", session
	return p
}

// ringsAndAnswers is what the gateway does: 180, its ring time, 200.
func ringsAndAnswers(n Negotiator) func(context.Context, *Call) {
	return func(ctx context.Context, c *Call) {
		if c.Ring(ctx) == nil {
			answers(n)(ctx, c)
		}
	}
}

func ringTime(d time.Duration) func(*Config) {
	return func(c *Config) { c.RingTime = func(string) time.Duration { return d } }
}

func trunkReliable(r Reliability) func(*Config) {
	return func(c *Config) { c.Trunks[0].Reliable = r }
}

func TestPolicyOfReliableAnswers_RFC3262_3(t *testing.T) {
	const required, supports = "Require: 100rel\r\n", "Supported: timer, 100rel\r\n"
	for name, tt := range map[string]struct {
		trunk   Reliability
		headers string
		want    string
		header  string
	}{
		"required by the caller":            {"", required, "SIP/2.0 180", "Require: 100rel"},
		"supported by the caller":           {"", supports, "SIP/2.0 180", "Require: "},
		"unknown to the caller":             {"", "", "SIP/2.0 180", "Require: "},
		"required by us, supported":         {ReliableRequired, supports, "SIP/2.0 180", "Require: 100rel"},
		"required by us, compact":           {ReliableRequired, "k: 100rel\r\n", "SIP/2.0 180", "Require: 100rel"},
		"required by both":                  {ReliableRequired, required, "SIP/2.0 180", "Require: 100rel"},
		"required by us, unknown":           {ReliableRequired, "", "SIP/2.0 421 Extension Required", "Require: 100rel"},
		"off, required by the caller":       {ReliableOff, required, "SIP/2.0 420", "Unsupported: 100rel"},
		"off, supported by the caller":      {ReliableOff, supports, "SIP/2.0 180", "Require: "},
		"required beside what nobody knows": {"", "Require: 100rel, foo\r\n", "SIP/2.0 420", "Unsupported: foo"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				m.headers = tt.headers
				p.send(m)
				res := p.expect(tt.want)
				header, value, _ := strings.Cut(tt.header, ": ")
				if got := field(res, header); got != value {
					t.Errorf("%s: %q, want %q", header, got, value)
				}
				if reliable := field(res, "RSeq") != ""; reliable != (tt.want == "SIP/2.0 180" && value != "") {
					t.Errorf("RSeq %q", field(res, "RSeq"))
				}
				synctest.Wait()
				p.skip()
			}, trunkReliable(tt.trunk))
		})
	}
}

func TestReliableRingingIsRepeatedUntilItsPrack_RFC3262_3(t *testing.T) {
	n := &negotiator{}
	inBubble(t, ringsAndAnswers(n), func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("an offer")
		start := time.Now()
		p.send(m)
		var ringing string
		for i, want := range []time.Duration{0, 500, 1500, 3500} {
			again := p.expect("SIP/2.0 180")
			if got := time.Since(start); got != want*time.Millisecond {
				t.Errorf("180 number %d after %v, want %v", i+1, got, want*time.Millisecond)
			}
			if ringing != "" && again != ringing {
				t.Error("a repeated 180 differs from the first")
			}
			ringing = again
		}
		p.send(m.prack(2, ringing, ""))
		if got := field(p.expect("SIP/2.0 200"), "CSeq"); got != "2 PRACK" {
			t.Errorf("CSeq %s", got)
		}
		p.send(m.prack(3, ringing, "")) // acknowledged already
		p.expect("SIP/2.0 481")
		ok := p.expect("SIP/2.0 200")
		if got := time.Since(start); got != 10*time.Second || bodyOf(ok) != "answer to an offer" {
			t.Errorf("answered after %v with %q", got, bodyOf(ok))
		}
		p.send(m.ack(ok))
		p.quiet(time.Minute)
		p.send(m.inside("BYE", 4, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	}, ringTime(10*time.Second))
}

func TestReliableRingingWithoutPrackIs504_RFC3262_3(t *testing.T) {
	inBubble(t, ringsAndAnswers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("an offer")
		start := time.Now()
		p.send(m)
		for range 7 { // after 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s
			p.expect("SIP/2.0 180")
		}
		p.send(m.ack(p.expect("SIP/2.0 504")))
		if got := time.Since(start); got != 32*time.Second {
			t.Errorf("504 after %v, want 64*T1 = 32s", got)
		}
		r.ended(ErrNoPrack)
		if got := r.rules(); got != "no-prack" {
			t.Errorf("refusals %q", got)
		}
		p.quiet(time.Minute)
	}, ringTime(time.Minute))
}

// A 180 without a session need not be acknowledged before the 200; its PRACK may still come.
func TestAnswerDoesNotWaitForThePrackOfRinging_RFC3262_3(t *testing.T) {
	inBubble(t, ringsAndAnswers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("an offer")
		p.send(m)
		ringing := p.expect("SIP/2.0 180")
		ok := p.expect("SIP/2.0 200")
		p.send(m.prack(2, ringing, ""))
		if got := field(p.expect("SIP/2.0 200"), "CSeq"); got != "2 PRACK" {
			t.Errorf("CSeq %s", got)
		}
		p.send(m.ack(ok))
		p.quiet(time.Minute)
	})
}

// progresses is a handler that lets the caller hear something before it answers.
func progresses(n Negotiator) func(context.Context, *Call) {
	return func(ctx context.Context, c *Call) {
		if c.Progress(ctx, n) == nil {
			answers(n)(ctx, c)
		}
	}
}

func TestAnswerWaitsForThePrackOfASession_RFC3262_3(t *testing.T) {
	for _, headers := range []string{"Require: 100rel\r\n", "Supported: 100rel\r\n"} {
		n := &negotiator{}
		inBubble(t, progresses(n), func(r *rig) {
			p := r.peer(carrier)
			m := invite()
			m.headers = headers
			p.send(m)
			progress := p.expect("SIP/2.0 183 Session Progress")
			if got := bodyOf(progress); got != "answer to an offer" || field(progress, "RSeq") == "" {
				t.Errorf("the 183 brought %q, RSeq %q", got, field(progress, "RSeq"))
			}
			p.expect("SIP/2.0 183")
			p.send(m.prack(2, progress, ""))
			if got := field(p.expect("SIP/2.0 200"), "CSeq"); got != "2 PRACK" {
				t.Errorf("CSeq %s", got)
			}
			ok := p.expect("SIP/2.0 200") // settled: nothing more to say
			if got := bodyOf(ok); got != "" || field(ok, "CSeq") != "1 INVITE" {
				t.Errorf("the 200 to %s brought %q", field(ok, "CSeq"), got)
			}
			p.send(m.ack(ok))
			p.quiet(time.Minute)
			if got := n.log(); got != "answer an offer" {
				t.Errorf("negotiated %q", got)
			}
		})
	}
}

func TestProgressWithoutReliableAnswersIsRepeatedInThe200_RFC3261_13_2_1(t *testing.T) {
	for name, tt := range map[string]struct{ offer, progress, answer, log string }{
		"offer":         {"an offer", "answer to an offer", "answer to an offer", "answer an offer"},
		"delayed offer": {"", "", "our offer", "offer, accept theirs"}, // an offer must be reliable
	} {
		t.Run(name, func(t *testing.T) {
			n := &negotiator{}
			inBubble(t, progresses(n), func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				m.body = tt.offer
				p.send(m)
				if got := bodyOf(p.expect("SIP/2.0 183")); got != tt.progress {
					t.Errorf("the 183 brought %q, want %q", got, tt.progress)
				}
				ok := p.expect("SIP/2.0 200")
				if got := bodyOf(ok); got != tt.answer {
					t.Errorf("the 200 brought %q, want %q", got, tt.answer)
				}
				ack := m.ack(ok)
				if tt.offer == "" {
					ack.kind, ack.body = "application/sdp", "theirs"
				}
				p.send(ack)
				p.quiet(time.Minute)
				if got := n.log(); got != tt.log {
					t.Errorf("negotiated %q, want %q", got, tt.log)
				}
			})
		})
	}
}

// The gateway's usual way with a caller that makes no offer and requires 100rel: no 180 can go out without our
// offer, and the 200 does all.
func TestDelayedOfferWithRequired100rel_RFC3262_5(t *testing.T) {
	n := &negotiator{}
	inBubble(t, ringsAndAnswers(n), func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("")
		p.send(m)
		p.expect("SIP/2.0 100")
		ok := p.expect("SIP/2.0 200")
		ack := m.ack(ok)
		ack.kind, ack.body = "application/sdp", "theirs"
		p.send(ack)
		p.quiet(time.Minute)
		if got := n.log(); got != "offer, accept theirs" || bodyOf(ok) != "our offer" {
			t.Errorf("negotiated %q, the 200 brought %q", got, bodyOf(ok))
		}
	}, ringTime(time.Second))
}

// Our offer goes into the first reliable answer, and the PRACK brings the answer.
func TestOurOfferInAReliableAnswer_RFC3262_5(t *testing.T) {
	prepared := func(n Negotiator) func(context.Context, *Call) {
		return func(ctx context.Context, c *Call) {
			c.Prepare(n)
			ringsAndAnswers(n)(ctx, c)
		}
	}
	for name, tt := range map[string]struct {
		serve  func(Negotiator) func(context.Context, *Call)
		status string
		answer string
		final  string
		rules  string
		log    string
	}{
		"ringing, prepared":      {prepared, "SIP/2.0 180", "theirs", "SIP/2.0 200", "", "offer, accept theirs"},
		"progress":               {progresses, "SIP/2.0 183", "theirs", "SIP/2.0 200", "", "offer, accept theirs"},
		"an answer that is bad":  {progresses, "SIP/2.0 183", "refuse", "SIP/2.0 488", "offer", "offer, accept refuse"},
		"no answer in the PRACK": {prepared, "SIP/2.0 180", "", "SIP/2.0 488", "offer", "offer"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &negotiator{}
			inBubble(t, tt.serve(n), func(r *rig) {
				p := r.peer(carrier)
				m := needs100rel("")
				p.send(m)
				early := p.expect(tt.status)
				if got := bodyOf(early); got != "our offer" {
					t.Errorf("the first reliable answer brought %q", got)
				}
				glare := m.inside("UPDATE", 2, early)
				glare.kind, glare.body = "application/sdp", "another offer"
				p.send(glare)
				p.expect("SIP/2.0 491")
				p.send(m.prack(3, early, tt.answer))
				if got := field(p.expect("SIP/2.0 200"), "CSeq"); got != "3 PRACK" {
					t.Errorf("CSeq %s", got)
				}
				final := p.expect(tt.final)
				if got := bodyOf(final); got != "" {
					t.Errorf("the final answer brought %q", got)
				}
				p.send(m.ack(final))
				p.quiet(time.Minute)
				if got := strings.TrimSpace(strings.TrimPrefix(r.rules(), "glare")); got != tt.rules {
					t.Errorf("refusals %q, want %q", got, tt.rules)
				}
				if got := n.log(); got != tt.log {
					t.Errorf("negotiated %q, want %q", got, tt.log)
				}
			})
		})
	}
}

func TestOfferInAPrackIsAnsweredInIts200_RFC3262_5(t *testing.T) {
	for session, want := range map[string]string{"another offer": "SIP/2.0 200", "refuse": "SIP/2.0 488"} {
		n := &negotiator{}
		inBubble(t, progresses(n), func(r *rig) {
			p := r.peer(carrier)
			m := needs100rel("an offer")
			p.send(m)
			p.send(m.prack(2, p.expect("SIP/2.0 183"), session))
			res := p.expect(want)
			if got := bodyOf(res); want == "SIP/2.0 200" && got != "answer to another offer" {
				t.Errorf("the 200 to the PRACK brought %q", got)
			}
			ok := p.expect("SIP/2.0 200") // the PRACK has done its work, refused or not
			p.send(m.ack(ok))
			p.quiet(time.Minute)
			if got := n.log(); got != "answer an offer, answer "+session {
				t.Errorf("negotiated %q", got)
			}
		})
	}
}

// An offer in the PRACK of a 180 without an answer comes too early.
func TestOfferInAPrackBeforeOurAnswerIs500_RFC3311_5_2(t *testing.T) {
	n := &negotiator{}
	inBubble(t, ringsAndAnswers(n), func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("an offer")
		p.send(m)
		p.send(m.prack(2, p.expect("SIP/2.0 180"), "another"))
		if field(p.expect("SIP/2.0 500"), "Retry-After") == "" {
			t.Error("no Retry-After")
		}
		p.send(m.ack(p.expect("SIP/2.0 200")))
		p.quiet(time.Minute)
	}, ringTime(time.Second))
}

func TestReliableAnswersAreNumberedAndGoOneByOne_RFC3262_3(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		if c.Ring(ctx) == nil {
			progresses(n)(ctx, c)
		}
	}, func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("an offer")
		p.send(m)
		ringing := p.expect("SIP/2.0 180")
		p.expect("SIP/2.0 180") // and no 183 yet
		p.send(m.prack(2, ringing, ""))
		p.expect("SIP/2.0 200")
		progress := p.expect("SIP/2.0 183")
		if first, second := field(ringing, "RSeq"), field(progress, "RSeq"); atoi(t, second) != atoi(t, first)+1 {
			t.Errorf("RSeq %s after %s", second, first)
		}
		p.send(m.prack(3, progress, ""))
		p.expect("SIP/2.0 200")
		p.send(m.ack(p.expect("SIP/2.0 200")))
	})
}

func TestPrackForNothing_RFC3262_3(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("an offer")
		p.send(m)
		ringing := p.expect("SIP/2.0 180")
		rseq := field(ringing, "RSeq")
		for i, tt := range []struct{ rack, want string }{
			{"RAck: " + strconv.Itoa(atoi(t, rseq)+1) + " 1 INVITE\r\n", "SIP/2.0 481"},
			{"RAck: " + rseq + " 9 INVITE\r\n", "SIP/2.0 481"},
			{"RAck: " + rseq + " 1 OPTIONS\r\n", "SIP/2.0 400"},
			{"RAck: " + rseq + "\r\n", "SIP/2.0 400"},
			{"RAck: x 1 INVITE\r\n", "SIP/2.0 400"},
			{"", "SIP/2.0 400"},
		} {
			prack := m.prack(2+i, ringing, "")
			prack.headers = tt.rack
			p.send(prack)
			for {
				if res := p.expect("SIP/2.0 "); !strings.HasPrefix(res, "SIP/2.0 180") {
					if !strings.HasPrefix(res, tt.want) {
						t.Errorf("%q: %s, want %s", tt.rack, firstLineOf(res), tt.want)
					}
					break
				}
			}
		}
		p.skip()
		p.send(m.cancel())
		p.expect("SIP/2.0 200")
		p.send(m.ack(p.expect("SIP/2.0 487")))
		r.ended(ErrCancelled)
		p.quiet(time.Minute)
	})
}

func TestCallEndsWhileAPrackIsDue_RFC3262_3(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(m msg, early string) msg
		want error
	}{
		"CANCEL": {func(m msg, _ string) msg { return m.cancel() }, ErrCancelled},
		"BYE":    {func(m msg, early string) msg { return m.inside("BYE", 2, early) }, ErrHangup},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, progresses(&negotiator{}), func(r *rig) {
				p := r.peer(carrier)
				m := needs100rel("an offer")
				p.send(m)
				early := p.expect("SIP/2.0 183")
				p.send(tt.end(m, early))
				p.expect("SIP/2.0 200")
				p.send(m.ack(p.expect("SIP/2.0 487")))
				r.ended(tt.want)
				p.send(m.prack(3, early, "")) // crossed
				p.expect("SIP/2.0 481")
				p.quiet(time.Minute)
			})
		})
	}
}

func TestRefusalWhileAPrackIsDue_RFC3262_3(t *testing.T) {
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Ring(ctx)
		_ = c.Refuse(486, "")
	}, func(r *rig) {
		p := r.peer(carrier)
		m := needs100rel("an offer")
		p.send(m)
		p.expect("SIP/2.0 180")
		p.send(m.ack(p.expect("SIP/2.0 486")))
		p.quiet(time.Minute)
		r.ended(ErrFinished)
	})
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func FuzzRAck(f *testing.F) {
	f.Add("1 1 INVITE")
	f.Add("4294967296 -1 invite")
	f.Fuzz(func(t *testing.T, value string) {
		if strings.ContainsAny(value, "\r\n") {
			return
		}
		m := invite().with("PRACK", 2)
		m.headers = "RAck: " + value + "\r\n"
		h, body, _ := readHead([]byte(m.String()))
		parsed, v := h.read(body)
		if v != nil {
			return
		}
		seq, cseq, ok := readRAck(parsed.(*sipgo.Request))
		if ok && !strings.Contains(value, "INVITE") {
			t.Errorf("%q was read as %d %d", value, seq, cseq)
		}
	})
}
