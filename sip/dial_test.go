package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const dialled = "sip:+14155550123@198.51.100.7"

func withSession(res, session string) string {
	return strings.TrimSuffix(res, "Content-Length: 0\r\n\r\n") + fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(session), session)
}

// dial calls the carrier in the background.
func (r *rig) dial(ctx context.Context, n Negotiator, opts DialOptions) (chan *Call, chan error) {
	calls, errs := make(chan *Call, 1), make(chan error, 1)
	go func() {
		c, err := r.ua.Dial(ctx, dialled, n, opts)
		calls <- c
		errs <- err
	}()
	return calls, errs
}

func TestDial_RFC3261_13_2(t *testing.T) {
	n := &negotiator{}
	var progress []int
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		calls, errs := r.dial(r.t.Context(), n, DialOptions{
			From: "+18887999666", DisplayName: "Support", Headers: []Header{{"X-Test", "yes"}},
			Progress: func(p Progress) { progress = append(progress, p.Status) }, CallID: "known-beforehand",
		})
		req := p.expect("INVITE sip:+14155550123@198.51.100.7 SIP/2.0")
		for name, want := range map[string]string{"CSeq": "1 INVITE", "Call-ID": "known-beforehand", "X-Test": "yes", "Contact": "<sip:readback@192.0.2.1:5060>", "Max-Forwards": "70"} {
			if got := field(req, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if got := field(req, "From"); !strings.HasPrefix(got, `"Support" <sip:+18887999666@192.0.2.1>;tag=`) {
			t.Errorf("From: %s", got)
		}
		if bodyOf(req) != "our offer" {
			t.Errorf("offered %q", bodyOf(req))
		}
		p.send(respond(req, "100 Trying"))
		p.send(respond(req, "180 Ringing"))
		synctest.Wait()
		ok := withSession(respond(req, "200 OK", "Contact: <sip:phone@198.51.100.8>", "Record-Route: <sip:198.51.100.9;lr>, <sip:198.51.100.7;lr>"), "theirs")
		p.send(ok)
		ack := p.expect("ACK sip:phone@198.51.100.8 SIP/2.0") // by the reversed route
		if got := field(ack, "Route"); got != "<sip:198.51.100.7;lr>, <sip:198.51.100.9;lr>" {
			t.Errorf("Route: %s", got)
		}
		c, err := <-calls, <-errs
		if err != nil {
			t.Fatalf("Dial: %v", err)
		}
		if got := n.log(); got != "offer, accept theirs" {
			t.Errorf("negotiated %q", got)
		}
		p.send(ok) // the ACK was lost
		if again := p.expect("ACK "); again != ack {
			t.Error("the repeated ACK differs")
		}
		sent := make(chan error, 1)
		go func() { sent <- c.SendInfo(r.t.Context(), "application/dtmf-relay", []byte("Signal=5")) }()
		info := p.expect("INFO ")
		if field(info, "CSeq") != "2 INFO" || bodyOf(info) != "Signal=5" || field(info, "Content-Type") != "application/dtmf-relay" {
			t.Errorf("INFO %q", info)
		}
		p.send(respond(info, "415 No"))
		var status *StatusError
		if err := <-sent; !errors.As(err, &status) || status.Status != 415 {
			t.Errorf("SendInfo: %v", err)
		}
		go func() { sent <- c.Hangup(r.t.Context()) }()
		p.send(respond(p.expect("BYE "), "200 OK"))
		if err := <-sent; err != nil || !errors.Is(context.Cause(c.Context()), ErrFinished) {
			t.Errorf("Hangup: %v, cause %v", err, context.Cause(c.Context()))
		}
		if fmt.Sprint(progress) != "[100 180]" {
			t.Errorf("progress %v", progress)
		}
	})
}

func TestDialIsHungUpByThePeer_RFC3261_15_1_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		calls, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
		req := p.expect("INVITE ")
		p.send(withSession(respond(req, "200 OK", "Contact: <sip:phone@198.51.100.7>"), "theirs"))
		p.expect("ACK ")
		c := <-calls
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
		m := invite().with("INVITE", 0) // the peer's first CSeq may be 0
		m.callID, m.kind, m.body = field(req, "Call-ID"), "application/sdp", "hold"
		m.from, m.to, m.uri = field(req, "To")+";tag=peer", field(req, "From"), "sip:readback@"+gateway
		p.send(m)
		ok := p.expect("SIP/2.0 200")
		m.method, m.branch, m.body = "ACK", "z9hG4bK-ack", ""
		p.send(m)
		if bodyOf(ok) != "answer to hold" {
			t.Errorf("answered %q", bodyOf(ok))
		}
		m.method, m.branch, m.cseq = "BYE", "z9hG4bK-bye", 1
		p.send(m)
		p.expect("SIP/2.0 200")
		<-c.Context().Done()
		if got := context.Cause(c.Context()); !errors.Is(got, ErrHangup) {
			t.Errorf("cause %v", got)
		}
	})
}

func TestDialRefused_RFC3261_17_1_1_3(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		_, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
		req := p.expect("INVITE ")
		p.send(respond(req, "486 Busy Here"))
		ack := p.expect("ACK ")
		if field(ack, "Via") != field(req, "Via") {
			t.Error("the ACK of a refusal has another Via")
		}
		var status *StatusError
		if err := <-errs; !errors.As(err, &status) || status.Status != 486 {
			t.Errorf("Dial: %v", err)
		}
		p.send(respond(req, "486 Busy Here")) // must not stop the gateway from reading
		p.send(invite().with("OPTIONS", 1))
		p.expect("SIP/2.0 200")
		p.skip()
	})
}

func TestDialNobodyAnswers_RFC3261_17_1_1_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		start := time.Now()
		_, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
		if err := <-errs; !errors.Is(err, ErrTimeout) {
			t.Errorf("Dial: %v", err)
		}
		if got := time.Since(start); got != 32*time.Second {
			t.Errorf("gave up after %v, want 32s", got)
		}
	})
}

func TestDialCancelled_RFC3261_9_1(t *testing.T) {
	for name, late := range map[string]bool{"487": false, "a 200 that crosses": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				ctx, cancel := context.WithTimeout(r.t.Context(), time.Second)
				defer cancel()
				_, errs := r.dial(ctx, &negotiator{}, DialOptions{})
				req := p.expect("INVITE ")
				p.expect("INVITE ") // after T1
				if err := <-errs; !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Dial: %v", err)
				}
				p.skip()
				p.send(respond(req, "180 Ringing")) // CANCEL waits for the first answer
				stop := p.expect("CANCEL ")
				if field(stop, "Via") != field(req, "Via") || field(stop, "CSeq") != "1 CANCEL" {
					t.Errorf("CANCEL %q", stop)
				}
				p.send(respond(stop, "200 OK"))
				if late {
					p.send(withSession(respond(req, "200 OK", "Contact: <sip:phone@198.51.100.7>"), "theirs"))
					p.expect("ACK ")
					p.send(respond(p.expect("BYE "), "200 OK"))
				} else {
					p.send(respond(req, "487 Request Terminated"))
					p.expect("ACK ")
				}
				time.Sleep(2 * time.Minute)
				r.ua.mu.Lock()
				defer r.ua.mu.Unlock()
				if left := len(r.ua.clients) + len(r.ua.all) + len(r.ua.dialogs) + r.ua.active; left != 0 {
					t.Errorf("%d things are left of the call", left)
				}
			})
		})
	}
}

// bursting panics when it is asked for an answer to accept.
type bursting struct{ negotiator }

func (*bursting) Accept([]byte) error { panic("burst") }

func TestAPanicEndsOneCallOfOurs(t *testing.T) {
	for name, early := range map[string]bool{"before the answer": true, "at the answer": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				_, errs := r.dial(r.t.Context(), &bursting{}, DialOptions{})
				req := p.expect("INVITE ")
				if early {
					p.send(from("one", req, "183 Session Progress", "theirs"))
					stop := p.expect("CANCEL ")
					p.send(respond(stop, "200 OK"))
					p.send(respond(req, "487 Request Terminated"))
				} else {
					p.send(from("one", req, "200 OK", "theirs"))
				}
				p.expect("ACK ")
				if !early {
					p.send(respond(p.expect("BYE "), "200 OK"))
				}
				if err := <-errs; !errors.Is(err, ErrPanic) {
					t.Errorf("Dial: %v, want %v", err, ErrPanic)
				}
				if n := r.count(Panicked); n != 1 {
					t.Errorf("%d panics were told", n)
				}
				r.nothingLeft()
			})
		})
	}
}

func TestDialOnlyWithinTrunks(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		for uri, want := range map[string]error{"sip:x@233.252.0.1": ErrNoTrunk, "mailto:x": nil, "": nil} {
			_, err := r.ua.Dial(r.t.Context(), uri, &negotiator{}, DialOptions{})
			if err == nil || want != nil && !errors.Is(err, want) {
				t.Errorf("Dial %q: %v, want %v", uri, err, want)
			}
		}
	})
}

func TestDialRefusedMedia(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		_, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
		p.send(withSession(respond(p.expect("INVITE "), "200 OK", "Contact: <sip:phone@198.51.100.7>"), "refuse"))
		p.expect("ACK ")
		if err := <-errs; !errors.Is(err, ErrNotAcceptable) {
			t.Errorf("Dial: %v", err)
		}
		p.send(respond(p.expect("BYE "), "200 OK"))
	})
}

// Two user agents, over a network that loses every third datagram.
func TestDialBetweenUserAgentsOverALossyNetwork(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprint("late offer ", late), func(t *testing.T) {
			here, there := &negotiator{}, &negotiator{}
			inBubble(t, answers(here), func(r *rig) {
				phone, err := New(Config{
					Listen: []Listen{{Network: "udp", PacketConn: r.listen(carrier)}},
					Trunks: []Trunk{{Name: "gateway", Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}},
				}, nil)
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(context.Background())
				served := make(chan error, 1)
				go func() { served <- phone.Serve(ctx) }()
				defer func() {
					stop()
					if err := <-served; err != nil {
						t.Error(err)
					}
				}()
				var sent atomic.Int32
				r.net.SetFault(func(_, _ netip.AddrPort, _ []byte) bool { return sent.Add(1)%3 == 0 })
				c, err := phone.Dial(ctx, "sip:+18887999666@192.0.2.1", there, DialOptions{From: "+14155550123", LateOffer: late})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if err := c.Reinvite(ctx); err != nil {
					t.Errorf("Reinvite: %v", err)
				}
				time.Sleep(time.Minute)
				if err := context.Cause(c.Context()); err != nil {
					t.Errorf("the call ended by itself: %v", err)
				}
				if err := c.Hangup(ctx); err != nil {
					t.Errorf("Hangup: %v", err)
				}
				r.ended(ErrHangup)
			})
		})
	}
}

func TestDialRefusesACallIDThatIsNone_RFC3261_8_1_1_4(t *testing.T) {
	for _, id := range []string{"two words", "one\r\nTwo: three", "a;b", "\x00"} {
		inBubble(t, rings, func(r *rig) {
			if _, err := r.ua.Dial(r.t.Context(), dialled, &negotiator{}, DialOptions{CallID: id}); err == nil || !strings.Contains(err.Error(), "no Call-ID") {
				t.Errorf("%q: %v", id, err)
			}
			if n := r.count(Sent); n > 0 {
				t.Errorf("%q: %d messages were sent", id, n)
			}
		})
	}
}
