package sip

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// theirs is a request of the peer inside a call of ours, made by a response to our INVITE.
func theirs(method string, cseq int, req, res string) msg {
	m := invite().with(method, cseq)
	m.callID, m.from, m.to, m.uri = field(req, "Call-ID"), field(res, "To"), field(req, "From"), "sip:readback@"+gateway
	return m
}

// What the peer sends right behind its answer finds the dialog, before we have dealt with that answer.
func TestRequestsRightBehindTheAnswerAreHeard_RFC3261_12_1_2(t *testing.T) {
	for name, tt := range map[string]struct {
		status  string
		headers []string
		method  string
		body    string
		want    string
	}{
		"INFO behind a 200":                       {"200 OK", nil, "INFO", "Signal=5", "SIP/2.0 200"},
		"OPTIONS behind a 200":                    {"200 OK", nil, "OPTIONS", "", "SIP/2.0 200"},
		"UPDATE behind a 200":                     {"200 OK", nil, "UPDATE", "", "SIP/2.0 200"},
		"re-INVITE behind a 200 comes back":       {"200 OK", nil, "INVITE", "hold", "SIP/2.0 500"},
		"UPDATE behind a reliable 183":            {"183 Session Progress", reliably(1), "UPDATE", "", "SIP/2.0 200"},
		"INFO behind a reliable 180":              {"180 Ringing", reliably(1), "INFO", "Signal=5", "SIP/2.0 200"},
		"OPTIONS behind a 180 that is unreliable": {"180 Ringing", nil, "OPTIONS", "", "SIP/2.0 200"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				var heard []string
				calls, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{
					OnInfo: func(_ string, body []byte) bool { heard = append(heard, string(body)); return true },
				})
				req := p.expect("INVITE ")
				res := from("one", req, tt.status, "theirs", tt.headers...)
				m := theirs(tt.method, 1, req, res)
				m.body, m.kind = tt.body, "application/dtmf-relay"
				if tt.method == "INVITE" {
					m.kind = "application/sdp"
				}
				// The reader gets both before the goroutine that waits for the answer runs.
				r.ua.receive([]byte(res), r.flowOf(p))
				r.ua.receive([]byte(m.String()), r.flowOf(p))
				synctest.Wait()
				got := map[string]string{}
				for len(p.got) > 0 {
					answer := <-p.got
					got[field(answer, "CSeq")+" "+firstLineOf(answer)[:11]] = answer
					if firstLineOf(answer)[:6] == "PRACK " {
						p.send(respond(answer, "200 OK"))
					}
				}
				if tt.method == "INVITE" && got["1 INVITE SIP/2.0 200"] != "" {
					tt.want = "SIP/2.0 200" // the answer was dealt with first all the same
				}
				if _, ok := got["1 "+tt.method+" "+tt.want]; !ok {
					t.Errorf("got %v, want %s to the %s", slices.Collect(maps.Keys(got)), tt.want, tt.method)
				}
				if tt.method == "INVITE" {
					p.send(m.ack(got["1 INVITE "+tt.want]))
				}
				if tt.method == "INFO" && (len(heard) != 1 || heard[0] != tt.body) {
					t.Errorf("heard %q", heard)
				}
				if tt.status != "200 OK" {
					p.send(from("one", req, "200 OK", "theirs"))
					p.expect("ACK ")
				}
				if err := <-errs; err != nil {
					t.Fatal(err)
				}
				p.skip()
				p.hungUp(<-calls)
				r.nothingLeft()
			})
		})
	}
}

// flowOf is the flow of a datagram from a peer.
func (r *rig) flowOf(p *peer) *flow {
	at := addrPort(p.conn.LocalAddr())
	return &flow{ua: r.ua, wire: r.ua.listeners[0].listener.(*udpListener), peer: at, source: at, trunk: r.ua.door.trunk(at.Addr())}
}

// A callee that hangs up right behind its answer gets the ACK and no BYE of ours.
func TestByeRightBehindTheAnswer_RFC3261_15_1_2(t *testing.T) {
	for _, rang := range []bool{false, true} {
		for range 10 { // either of the two may be dealt with first
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				calls, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
				req := p.expect("INVITE ")
				if rang {
					p.send(from("one", req, "180 Ringing", ""))
					synctest.Wait()
				}
				res := from("one", req, "200 OK", "theirs")
				r.ua.receive([]byte(res), r.flowOf(p))
				r.ua.receive([]byte(theirs("BYE", 1, req, res).String()), r.flowOf(p))
				c, err := <-calls, <-errs
				if err == nil { // it was answered, and then hung up
					err = context.Cause(c.Context())
				}
				if !errors.Is(err, ErrHangup) {
					t.Errorf("the call ended with %v, want %v", err, ErrHangup)
				}
				synctest.Wait()
				said := map[string]int{}
				for len(p.got) > 0 {
					said[firstLineOf(<-p.got)[:4]]++
				}
				if said["ACK "] != 1 || said["SIP/"] != 1 || len(said) != 2 {
					t.Errorf("said %v, want one ACK and one answer to the BYE", said)
				}
				r.nothingLeft()
			})
		}
	}
}

// A repeated 2xx does not undo what a later request said of where the peer is.
func TestARepeated2xxLeavesTheTarget_RFC3261_12_2_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		calls, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
		req := p.expect("INVITE ")
		ok := from("one", req, "200 OK", "theirs")
		p.send(ok)
		p.expect("ACK ")
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
		m := theirs("UPDATE", 1, req, ok)
		m.contact = "<sip:moved@198.51.100.7>"
		p.send(m)
		p.expect("SIP/2.0 200")
		p.send(ok)
		p.expect("ACK ")
		c, done := <-calls, make(chan error, 1)
		go func() { done <- c.Hangup(context.Background()) }()
		p.send(respond(p.expect("BYE sip:moved@198.51.100.7"), "200 OK"))
		if err := <-done; err != nil {
			t.Errorf("Hangup: %v", err)
		}
	})
}

// A forking proxy may forward a 2xx after the refusal of another branch: there is no call then, but someone who
// believes that there is one.
func TestA2xxAfterARefusalIsHungUp_RFC3261_13_2_2_4(t *testing.T) {
	for name, rang := range map[string]bool{"one that rang": true, "one that was not heard of": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				_, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
				req := p.expect("INVITE ")
				seq := "2 BYE"
				if rang {
					p.send(from("late", req, "183 Session Progress", "early", reliably(1)...))
					p.send(respond(p.expect("PRACK "), "200 OK"))
					seq = "3 BYE"
				}
				p.send(from("busy", req, "486 Busy Here", ""))
				p.expect("ACK ")
				var status *StatusError
				if err := <-errs; !errors.As(err, &status) || status.Status != 486 {
					t.Errorf("Dial: %v", err)
				}
				time.Sleep(20 * time.Second)
				ok := from("late", req, "200 OK", "theirs")
				p.send(ok)
				ack := p.expect("ACK sip:late@198.51.100.7")
				bye := p.expect("BYE sip:late@198.51.100.7")
				if toTag(ack) != "late" || toTag(bye) != "late" || field(bye, "CSeq") != seq {
					t.Errorf("ACK to %s, BYE to %s with CSeq %s, want %s", toTag(ack), toTag(bye), field(bye, "CSeq"), seq)
				}
				p.send(respond(bye, "200 OK"))
				p.send(ok) // the ACK was lost
				if again := p.expect("ACK "); again != ack {
					t.Error("the repeated ACK differs")
				}
				p.quiet(time.Minute)
				r.nothingLeft()
				p.send(ok) // an hour later it concerns nobody
				p.quiet(time.Second)
			})
		})
	}
}

// Over a stream the transaction ends with the refusal.
func TestA2xxAfterARefusalOverTCPIsHungUp_RFC3261_13_2_2_4(t *testing.T) {
	ua, c := overTCP(t, rings), listenTCP(t, "127.0.0.1:0")
	failed := make(chan error, 1)
	go func() {
		_, err := ua.Dial(context.Background(), c.uri(), &negotiator{}, DialOptions{})
		failed <- err
	}()
	s := c.accept()
	req := s.expect("INVITE ")
	s.send(from("busy", req, "486 Busy Here", ""))
	s.expect("ACK ")
	if err := <-failed; err == nil {
		t.Error("Dial: no error")
	}
	waitFor(t, func() bool { // the transaction has ended
		ua.mu.Lock()
		defer ua.mu.Unlock()
		return ua.lingering == 1
	})
	s.send(from("late", req, "200 OK", "theirs"))
	if ack := s.expect("ACK "); toTag(ack) != "late" {
		t.Errorf("ACK %q", ack)
	}
	bye := s.expect("BYE ")
	if toTag(bye) != "late" {
		t.Errorf("BYE %q", bye)
	}
	s.send(respond(bye, "200 OK"))
}

func TestRefusedInvitesAreForgotten(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		wire := &connection{over: "tcp"}
		for i := range 2 * lingeringMax {
			key := fmt.Sprint(i)
			tx := &clientTx{refused: true, req: sipgo.NewRequest(sipgo.INVITE, sipgo.Uri{}), heard: func(*sipgo.Response) {}, flow: &flow{wire: wire}}
			r.ua.mu.Lock()
			r.ua.clients[key] = tx
			r.ua.mu.Unlock()
			r.ua.forgetClient(key, tx)
		}
		r.ua.mu.Lock()
		n := len(r.ua.clients)
		r.ua.mu.Unlock()
		if n != lingeringMax {
			t.Errorf("%d are remembered, want %d", n, lingeringMax)
		}
		time.Sleep(64*sipgo.T1 + time.Second)
		synctest.Wait()
		r.ua.mu.Lock()
		defer r.ua.mu.Unlock()
		if n := len(r.ua.clients) + r.ua.lingering; n != 0 {
			t.Errorf("%d are remembered in the end", n)
		}
	})
}
