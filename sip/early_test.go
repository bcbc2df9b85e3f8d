package sip

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestReliableAnswersAreAcknowledged_RFC3262_4(t *testing.T) {
	n := &negotiator{}
	var told []int
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		calls, errs := r.dial(r.t.Context(), n, DialOptions{Progress: func(p Progress) { told = append(told, p.Status) }})
		req := p.expect("INVITE ")
		if !strings.Contains(req, "\r\nSupported: 100rel\r\n") || field(req, "Require") != "" {
			t.Errorf("100rel is not supported, or required, in %q", req)
		}
		progress := from("one", req, "183 Session Progress", "theirs", append(reliably(776), "Record-Route: <sip:198.51.100.7;lr>")...)
		p.send(progress)
		prack := p.expect("PRACK sip:one@198.51.100.7")
		for name, want := range map[string]string{"RAck": "776 1 INVITE", "CSeq": "2 PRACK", "Route": "<sip:198.51.100.7;lr>"} {
			if got := field(prack, name); got != want {
				t.Errorf("%s %q, want %q", name, got, want)
			}
		}
		if toTag(prack) != "one" || bodyOf(prack) != "" {
			t.Errorf("the PRACK went to %q with %q", toTag(prack), bodyOf(prack))
		}
		p.send(progress) // repeated before the PRACK came: nothing new is sent
		p.quiet(100 * time.Millisecond)
		p.send(respond(prack, "200 OK"))
		p.send(from("one", req, "180 Ringing", "", reliably(778)...)) // 777 was lost
		p.quiet(time.Second)
		p.send(from("one", req, "180 Ringing", "", reliably(777)...))
		ringing := p.expect("PRACK ")
		if field(ringing, "RAck") != "777 1 INVITE" || field(ringing, "CSeq") != "3 PRACK" {
			t.Errorf("RAck %q, CSeq %q", field(ringing, "RAck"), field(ringing, "CSeq"))
		}
		p.send(respond(ringing, "200 OK"))
		p.send(from("two", req, "180 Ringing", "", reliably(1)...)) // another fork counts for itself
		other := p.expect("PRACK sip:two@")
		if field(other, "RAck") != "1 1 INVITE" || field(other, "CSeq") != "2 PRACK" {
			t.Errorf("RAck %q, CSeq %q", field(other, "RAck"), field(other, "CSeq"))
		}
		p.send(respond(other, "200 OK"))
		p.send(from("one", req, "200 OK", "ignored"))
		ack := p.expect("ACK sip:one@")
		c := <-calls
		if err := <-errs; err != nil || field(ack, "CSeq") != "1 ACK" {
			t.Fatalf("Dial: %v, CSeq %s", err, field(ack, "CSeq"))
		}
		if got := n.log(); got != "offer, accept theirs" { // what was said reliably counts
			t.Errorf("negotiated %q", got)
		}
		if got := len(told); got != 3 {
			t.Errorf("told of %v", told)
		}
		p.hungUp(c)
		r.nothingLeft()
	})
}

func TestReliableAnswersMayBeRequired_RFC3262_4(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		_, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{RequireReliable: true})
		req := p.expect("INVITE ")
		if !strings.Contains(req, "\r\nSupported: 100rel\r\n") || field(req, "Require") != "100rel" {
			t.Errorf("100rel is not required in %q", req)
		}
		p.send(respond(req, "420 Bad Extension", "Unsupported: 100rel"))
		p.expect("ACK ")
		if err := <-errs; !hasStatus(err, 420) {
			t.Errorf("Dial: %v", err)
		}
	}, func(c *Config) { c.Trunks[0].Reliable = ReliableOff })
}

func TestOfferInAReliableAnswerIsAnsweredInThePrack_RFC3262_5(t *testing.T) {
	for name, tt := range map[string]struct {
		offers []string
		winner string
		log    string
	}{
		"one":                         {[]string{"one theirs"}, "one", "answer theirs"},
		"two forks, the last answers": {[]string{"one first", "two second"}, "two", "answer first, answer second"},
		"two forks, the other one":    {[]string{"one first", "two second"}, "one", "answer first, answer second, answer first"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &negotiator{}
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				calls, errs := r.dial(r.t.Context(), n, DialOptions{LateOffer: true})
				req := p.expect("INVITE ")
				for _, said := range tt.offers {
					tag, offer, _ := strings.Cut(said, " ")
					p.send(from(tag, req, "183 Session Progress", "no offer")) // only a reliable one can be
					p.send(from(tag, req, "183 Session Progress", offer, reliably(7)...))
					prack := p.expect("PRACK ")
					if got := bodyOf(prack); got != "answer to "+offer || field(prack, "Content-Type") != "application/sdp" {
						t.Errorf("the PRACK holds %q", got)
					}
					p.send(respond(prack, "200 OK"))
				}
				p.send(from(tt.winner, req, "200 OK", ""))
				if got := bodyOf(p.expect("ACK sip:" + tt.winner)); got != "" {
					t.Errorf("the ACK holds %q", got)
				}
				c := <-calls
				if err := <-errs; err != nil {
					t.Fatal(err)
				}
				if got := n.log(); got != tt.log {
					t.Errorf("negotiated %q, want %q", got, tt.log)
				}
				p.hungUp(c)
			})
		})
	}
}

func TestBadSessionInAReliableAnswer_RFC3262_5(t *testing.T) {
	for name, late := range map[string]bool{"an answer": false, "an offer": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				_, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{LateOffer: late})
				req := p.expect("INVITE ")
				p.send(from("one", req, "183 Session Progress", "refuse", reliably(1)...))
				if late {
					if err := <-errs; !errors.Is(err, ErrNotAcceptable) {
						t.Errorf("Dial: %v", err)
					}
					time.Sleep(time.Second)
					p.skip() // PRACK, CANCEL
					p.send(respond(req, "487 Request Terminated"))
					return
				}
				p.send(respond(p.expect("PRACK "), "200 OK"))
				p.send(from("one", req, "200 OK", ""))
				p.expect("ACK ")
				if err := <-errs; !errors.Is(err, ErrNotAcceptable) {
					t.Errorf("Dial: %v", err)
				}
				p.send(respond(p.expect("BYE "), "200 OK"))
			})
		})
	}
}

// A peer changes the session of a call of ours before it answers.
func TestUpdateBeforeTheAnswerOfACallOfOurs_RFC3311_5_2(t *testing.T) {
	n := &negotiator{}
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		calls, _ := r.dial(r.t.Context(), n, DialOptions{})
		req := p.expect("INVITE ")
		p.send(from("one", req, "183 Session Progress", "theirs", reliably(1)...))
		p.send(respond(p.expect("PRACK "), "200 OK"))
		m := invite().with("UPDATE", 5)
		m.callID, m.kind, m.body = field(req, "Call-ID"), "application/sdp", "hold"
		m.from, m.to, m.uri = field(req, "To")+";tag=one", field(req, "From"), "sip:readback@"+gateway
		p.send(m)
		if got := bodyOf(p.expect("SIP/2.0 200")); got != "answer to hold" {
			t.Errorf("answered %q", got)
		}
		stray := m
		stray.branch, stray.from = "z9hG4bK-stray", field(req, "To")+";tag=nobody"
		p.send(stray)
		p.expect("SIP/2.0 481")
		p.send(from("one", req, "200 OK", ""))
		p.expect("ACK ")
		synctest.Wait()
		p.hungUp(<-calls)
		if got := n.log(); got != "offer, accept theirs, answer hold" {
			t.Errorf("negotiated %q", got)
		}
	})
}
