package sip

import (
	"context"
	"errors"
	"testing"
)

// What is done inside a call does not depend on who made it.

func TestInfoInBothKindsOfCalls_RFC6086_4(t *testing.T) {
	for status, want := range map[string]int{"200 OK": 0, "415 Unsupported Media Type": 415} {
		inCalls(t, func(t *testing.T, x *transferee) {
			sent := make(chan error, 1)
			go func() {
				sent <- x.call.SendInfo(x.t.Context(), "application/dtmf-relay", []byte("Signal=5\r\nDuration=160"))
			}()
			info := x.expect("INFO ")
			if bodyOf(info) != "Signal=5\r\nDuration=160" || field(info, "Content-Type") != "application/dtmf-relay" {
				t.Errorf("sent %q", info)
			}
			x.send(respond(info, status))
			if err := <-sent; (err != nil) != (want > 0) || err != nil && !hasStatus(err, want) {
				t.Errorf("SendInfo: %v, want %d", err, want)
			}
			var heard []string
			x.call.OnInfo(func(kind string, body []byte) bool {
				heard = append(heard, kind+" "+string(body))
				return kind == "application/dtmf"
			})
			for kind, want := range map[string]string{"application/dtmf": "200", "text/plain": "415"} {
				m := x.next("INFO", "", "5")
				m.kind = kind
				x.send(m)
				x.expect("SIP/2.0 " + want)
			}
			if len(heard) != 2 {
				t.Errorf("heard %q", heard)
			}
		})
	}
}

func TestReinviteInBothKindsOfCalls_RFC3261_14(t *testing.T) {
	inCalls(t, func(t *testing.T, x *transferee) {
		done := make(chan error, 1)
		go func() { done <- x.call.Reinvite(x.t.Context()) }()
		again := x.expect("INVITE ")
		if bodyOf(again) != "our offer" || field(again, "To") != x.in.from {
			t.Errorf("the re-INVITE is %q", again)
		}
		x.send(withSession(respond(again, "200 OK", "Contact: <sip:moved@198.51.100.7>"), "theirs"))
		ack := x.expect("ACK sip:moved@198.51.100.7")
		x.send(withSession(respond(again, "200 OK", "Contact: <sip:moved@198.51.100.7>"), "theirs"))
		if repeated := x.expect("ACK "); repeated != ack {
			t.Error("the repeated ACK differs")
		}
		if err := <-done; err != nil {
			t.Errorf("Reinvite: %v", err)
		}
		hold := x.next("INVITE", "", "hold")
		hold.kind = "application/sdp"
		x.send(hold)
		ok := x.expect("SIP/2.0 200")
		if bodyOf(ok) != "answer to hold" {
			t.Errorf("answered %q", bodyOf(ok))
		}
		acked := hold
		acked.method, acked.branch, acked.body = "ACK", "z9hG4bK-acked", ""
		x.send(acked)
	})
}

func TestReinviteWithCredentials_RFC3261_22_3(t *testing.T) {
	inCalls(t, func(t *testing.T, x *transferee) {
		done := make(chan error, 1)
		go func() { done <- x.call.Reinvite(x.t.Context()) }()
		chal := challengedBy("example.com", "n", `, algorithm=SHA-256, qop="auth"`)
		first := x.expect("INVITE ")
		x.send(respond(first, "407 Proxy Authentication Required", "Proxy-Authenticate: "+chal))
		x.expect("ACK ")
		again := x.expect("INVITE ")
		proves(t, again, "Proxy-Authorization", chal, "INVITE", 1)
		x.send(withSession(respond(again, "200 OK"), "theirs"))
		if ack := x.expect("ACK "); field(ack, "Proxy-Authorization") != field(again, "Proxy-Authorization") {
			t.Error("the ACK has other credentials")
		}
		if err := <-done; err != nil {
			t.Errorf("Reinvite: %v", err)
		}
	}, func(c *Config) { withCredentials(&c.Trunks[0]) })
}

func TestHangupInBothKindsOfCalls_RFC3261_15(t *testing.T) {
	for name, theirs := range map[string]bool{"ours": false, "theirs": true} {
		t.Run(name, func(t *testing.T) {
			inCalls(t, func(t *testing.T, x *transferee) {
				if theirs {
					x.send(x.next("BYE", "", ""))
					x.expect("SIP/2.0 200")
					<-x.call.Context().Done()
					if err := x.call.Hangup(x.t.Context()); err != nil || !errors.Is(context.Cause(x.call.Context()), ErrHangup) {
						t.Errorf("Hangup after the peer's: %v, cause %v", err, context.Cause(x.call.Context()))
					}
				} else {
					x.hungUp(x.call)
				}
				if err := x.call.SendInfo(x.t.Context(), "application/dtmf", []byte("5")); err == nil {
					t.Error("an INFO was sent after the end")
				}
				if err := x.call.Refer(x.t.Context(), "sip:agent@example.com"); err == nil {
					t.Error("a REFER was sent after the end")
				}
			})
		})
	}
}
