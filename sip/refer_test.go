package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A transferee is a peer in a call with the gateway, which made the call or took it.
type transferee struct {
	*peer
	call *Call
	in   msg // what its requests in the call begin with
}

// inCalls runs a test with a call that we made, and with one that we took.
func inCalls(t *testing.T, test func(t *testing.T, x *transferee), changes ...func(*Config)) {
	t.Helper()
	for name, ours := range map[string]bool{"a call we made": true, "a call we took": false} {
		t.Run(name, func(t *testing.T) {
			taken := make(chan *Call, 1)
			n := &negotiator{}
			inBubble(t, func(ctx context.Context, c *Call) {
				if c.Answer(ctx, n) == nil {
					taken <- c
					<-ctx.Done()
				}
			}, func(r *rig) {
				x := &transferee{peer: r.peer(carrier)}
				if ours {
					x.made(n)
				} else {
					m := invite()
					ok := x.establish(m)
					x.call, x.in = <-taken, m.inside("BYE", 1, ok)
				}
				test(t, x)
				if x.call.Context().Err() == nil {
					x.hungUp(x.call)
				}
				r.nothingLeft()
			}, changes...)
		})
	}
}

// made calls the peer.
func (x *transferee) made(n Negotiator) {
	calls, errs := x.dial(x.t.Context(), n, DialOptions{})
	req := x.expect("INVITE ")
	x.send(from("one", req, "200 OK", "theirs"))
	x.expect("ACK ")
	if err := <-errs; err != nil {
		x.t.Fatal(err)
	}
	x.call = <-calls
	x.in = invite().with("BYE", 1)
	x.in.callID, x.in.from, x.in.to, x.in.uri = field(req, "Call-ID"), field(req, "To")+";tag=one", field(req, "From"), "sip:readback@"+gateway
}

// next is the peer's next request in the call.
func (x *transferee) next(method, headers, body string) msg {
	x.in.cseq++
	m := x.in.with(method, x.in.cseq)
	m.headers, m.kind, m.body = headers, "message/sipfrag", body
	return m
}

// refer starts a transfer and answers the REFER.
func (x *transferee) refer(target, status string, headers ...string) (req string, result chan error) {
	result = make(chan error, 1)
	go func() { result <- x.call.Refer(x.t.Context(), target) }()
	req = x.expect("REFER ")
	if status != "" {
		x.send(respond(req, status, headers...))
	}
	return req, result
}

// notify tells the news and expects them to be taken.
func (x *transferee) notify(state, fragment, status string) {
	x.t.Helper()
	x.send(x.next("NOTIFY", "Event: refer\r\nSubscription-State: "+state+"\r\n", fragment))
	x.expect("SIP/2.0 " + status)
}

func TestTransfer_RFC3515_2_4(t *testing.T) {
	for name, tt := range map[string]struct {
		status string
		news   []string // state|fragment
		want   error
		up     bool
	}{
		"answered":                {"202 Accepted", []string{"active;expires=60|SIP/2.0 100 Trying", "active;expires=50|SIP/2.0 180 Ringing\r\nTo: <sip:x@y>\r\n", "terminated;reason=noresource|SIP/2.0 200 OK\r\n"}, nil, true},
		"answered, by RFC 6665":   {"200 OK", []string{"terminated;reason=noresource|SIP/2.0 200 OK"}, nil, true},
		"still subscribed":        {"202 Accepted", []string{"active;expires=60|SIP/2.0 200 OK", "terminated;reason=timeout|SIP/2.0 200 OK"}, nil, true},
		"busy":                    {"202 Accepted", []string{"active|SIP/2.0 100 Trying", "terminated;reason=noresource|SIP/2.0 486 Busy Here"}, &StatusError{Status: 486, Reason: "Busy Here"}, true},
		"refused":                 {"603 Decline", nil, &StatusError{Status: 603, Reason: "Decline"}, true},
		"not known":               {"405 Method Not Allowed", nil, &StatusError{Status: 405, Reason: "Method Not Allowed"}, true},
		"the news end":            {"202 Accepted", []string{"terminated;reason=giveup|SIP/2.0 180 Ringing"}, ErrTimeout, true},
		"no news at all":          {"202 Accepted", nil, ErrTimeout, true},
		"the news expire":         {"202 Accepted", []string{"active;expires=20|SIP/2.0 100 Trying"}, ErrTimeout, true},
		"the call is gone":        {"481 Gone", nil, ErrGone, false},
		"a final news of no body": {"202 Accepted", []string{"terminated;reason=timeout|"}, ErrTimeout, true},
	} {
		t.Run(name, func(t *testing.T) {
			inCalls(t, func(t *testing.T, x *transferee) {
				req, result := x.refer("sip:agent@example.com", tt.status)
				if got := field(req, "Refer-To"); got != "<sip:agent@example.com>" {
					t.Errorf("Refer-To %s", got)
				}
				if got, us := field(req, "Referred-By"), field(req, "From"); !strings.HasPrefix(us, got) || got == "" {
					t.Errorf("Referred-By %q of %q", got, us)
				}
				if tt.status[:1] == "2" {
					synctest.Wait()
				}
				for _, news := range tt.news {
					state, fragment, _ := strings.Cut(news, "|")
					x.notify(state, fragment, "200")
				}
				if !tt.up {
					x.send(respond(x.expect("BYE "), "481 Gone"))
				}
				var status, want *StatusError
				err := <-result
				if errors.As(tt.want, &want) && errors.As(err, &status) {
					if *status != *want {
						t.Errorf("Refer: %v, want %v", status, want)
					}
				} else if !errors.Is(err, tt.want) {
					t.Errorf("Refer: %v, want %v", err, tt.want)
				}
				if up := x.call.Context().Err() == nil; up != tt.up {
					t.Errorf("the call is up: %v, want %v", up, tt.up)
				}
				if tt.up && tt.status[:1] == "2" { // what comes after the end
					x.notify("active", "SIP/2.0 180 Ringing", "481")
				}
			})
		})
	}
}

func TestTransferNewsAreBounded_RFC6665_4_1_2_4(t *testing.T) {
	for name, tt := range map[string]struct {
		every time.Duration
		want  time.Duration
	}{"no first NOTIFY": {0, firstNewsWithin}, "ringing for ever": {time.Minute, transferWithin}} {
		t.Run(name, func(t *testing.T) {
			inCalls(t, func(t *testing.T, x *transferee) {
				_, result := x.refer("sip:agent@example.com", "202 Accepted")
				synctest.Wait()
				start := time.Now()
				for tt.every > 0 && time.Since(start) < tt.want {
					x.notify("active;expires=4000000", "SIP/2.0 180 Ringing", "200")
					time.Sleep(tt.every)
				}
				if err := <-result; !errors.Is(err, ErrTimeout) {
					t.Errorf("Refer: %v", err)
				}
				if got := time.Since(start); got != tt.want {
					t.Errorf("gave up after %v, want %v", got, tt.want)
				}
			})
		})
	}
}

func TestNotifyBeforeTheAnswerToRefer_RFC3515_2_4_4(t *testing.T) {
	inCalls(t, func(t *testing.T, x *transferee) {
		req, result := x.refer("sip:agent@example.com", "")
		x.notify("active;expires=60", "SIP/2.0 100 Trying", "200")
		x.notify("terminated;reason=noresource", "SIP/2.0 200 OK", "200")
		x.send(respond(req, "202 Accepted"))
		if err := <-result; err != nil {
			t.Errorf("Refer: %v", err)
		}
	})
}

func TestTransferWithoutNews_RFC4488_4(t *testing.T) {
	inCalls(t, func(t *testing.T, x *transferee) {
		_, result := x.refer("sip:agent@example.com", "200 OK", "Refer-Sub: false")
		if err := <-result; err != nil {
			t.Errorf("Refer: %v", err)
		}
		x.notify("active", "SIP/2.0 100 Trying", "481")
		x.send(x.next("BYE", "", ""))
		x.expect("SIP/2.0 200")
		synctest.Wait()
		if got := context.Cause(x.call.Context()); !errors.Is(got, ErrTransferred) {
			t.Errorf("cause %v, want %v", got, ErrTransferred)
		}
	})
}

func TestByeAndTransfer_RFC5589_6(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		news   []string
		refer  error
		cause  error
	}{
		"before the REFER is answered": {"", nil, ErrHangup, ErrHangup},
		"once it is accepted":          {"202 Accepted", nil, ErrTransferred, ErrTransferred},
		"while it rings":               {"202 Accepted", []string{"active|SIP/2.0 180 Ringing"}, ErrTransferred, ErrTransferred},
		"after success":                {"202 Accepted", []string{"terminated|SIP/2.0 200 OK"}, nil, ErrTransferred},
		"after a failure":              {"202 Accepted", []string{"terminated|SIP/2.0 486 Busy Here"}, &StatusError{}, ErrHangup},
	} {
		t.Run(name, func(t *testing.T) {
			inCalls(t, func(t *testing.T, x *transferee) {
				_, result := x.refer("sip:agent@example.com", tt.answer)
				for _, news := range tt.news {
					state, fragment, _ := strings.Cut(news, "|")
					x.notify(state, fragment, "200")
				}
				bye := x.next("BYE", "", "")
				x.send(bye)
				x.expect("SIP/2.0 200")
				err := <-result
				var status *StatusError
				if errors.As(tt.refer, &status) {
					if !errors.As(err, &status) {
						t.Errorf("Refer: %v, want a status", err)
					}
				} else if !errors.Is(err, tt.refer) || errors.Is(err, ErrTransferred) != errors.Is(tt.refer, ErrTransferred) {
					t.Errorf("Refer: %v, want %v", err, tt.refer)
				}
				synctest.Wait()
				cause := context.Cause(x.call.Context())
				if !errors.Is(cause, tt.cause) || errors.Is(cause, ErrTransferred) != errors.Is(tt.cause, ErrTransferred) {
					t.Errorf("cause %v, want %v", cause, tt.cause)
				}
				if how, _ := x.call.Ended(); how.By != Peer {
					t.Errorf("ended %q, want by the peer", how)
				}
			})
		})
	}
}

func TestNewsThatAreRefused_RFC6665_4_1_3(t *testing.T) {
	const active = "Subscription-State: active\r\n"
	inCalls(t, func(t *testing.T, x *transferee) {
		for _, tt := range []struct{ when, headers, kind, body, want string }{
			{"no transfer", "Event: refer\r\n" + active, sipfragType, "SIP/2.0 200 OK", "481"},
			{"another event", "Event: message-summary\r\n" + active, "application/simple-message-summary", "Messages-Waiting: yes", "489"},
			{"no event", active, sipfragType, "SIP/2.0 200 OK", "489"},
		} {
			m := x.next("NOTIFY", tt.headers, tt.body)
			m.kind = tt.kind
			x.send(m)
			res := x.expect("SIP/2.0 " + tt.want)
			if tt.want == "489" && field(res, "Allow-Events") != "refer" {
				t.Errorf("%s: Allow-Events %q", tt.when, field(res, "Allow-Events"))
			}
		}
		req, result := x.refer("sip:agent@example.com", "202 Accepted")
		synctest.Wait()
		seq, _, _ := strings.Cut(field(req, "CSeq"), " ")
		for _, tt := range []struct{ when, headers, kind, body, want string }{
			{"another subscription", "Event: refer;id=9\r\n" + active, sipfragType, "SIP/2.0 200 OK", "481"},
			{"no state", "Event: refer\r\n", sipfragType, "SIP/2.0 200 OK", "400"},
			{"no status line", "Event: refer\r\n" + active, sipfragType, "INVITE sip:x@y SIP/2.0", "400"},
			{"another body", "Event: refer\r\n" + active, "text/plain", "SIP/2.0 200 OK", "415"},
			{"this subscription", "o: refer;id=" + seq + "\r\n" + active, sipfragType, "SIP/2.0 200 OK", "200"},
		} {
			m := x.next("NOTIFY", tt.headers, tt.body)
			m.kind = tt.kind
			x.send(m)
			if res := x.expect("SIP/2.0 "); !strings.HasPrefix(res, "SIP/2.0 "+tt.want) {
				t.Errorf("%s: %s, want %s", tt.when, firstLineOf(res), tt.want)
			}
		}
		if err := <-result; err != nil {
			t.Errorf("Refer: %v", err)
		}
		if err := x.call.Refer(x.t.Context(), "no URI"); err == nil {
			t.Error("what is no URI was called")
		}
	})
}

func TestNotifyOutsideACall_RFC6665_4_1_3(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		for event, want := range map[string]string{"refer": "481", "message-summary": "489"} {
			m := invite().with("NOTIFY", 1)
			m.branch, m.callID = m.branch+event, event
			m.headers = "Event: " + event + "\r\nSubscription-State: active\r\n"
			p.send(m)
			p.expect("SIP/2.0 " + want)
		}
	})
}

// The gateway calls nobody because a caller asks for it.
func TestIncomingTransfersAreRefused_RFC3515_2_4_2(t *testing.T) {
	inCalls(t, func(t *testing.T, x *transferee) {
		m := x.next("REFER", "Refer-To: <sip:+19005550100@example.com>\r\n", "")
		x.send(m)
		if res := x.expect("SIP/2.0 405"); strings.Contains(field(res, "Allow"), "REFER") {
			t.Errorf("Allow %q", field(res, "Allow"))
		}
		outside := invite().with("REFER", 1)
		outside.headers = m.headers
		x.send(outside)
		x.expect("SIP/2.0 405")
	})
}

func TestReplacesIsNotSupported_RFC3891_3(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.headers = "Require: replaces\r\nReplaces: other;to-tag=a;from-tag=b\r\n"
		p.send(m)
		res := p.expect("SIP/2.0 420")
		if got := field(res, "Unsupported"); got != "replaces" {
			t.Errorf("Unsupported %q", got)
		}
		p.send(m.ack(res))
	})
}

func TestOneTransferAtATime_RFC3515_2_4_6(t *testing.T) {
	inCalls(t, func(t *testing.T, x *transferee) {
		ctx, stop := context.WithCancel(x.t.Context())
		first := make(chan error, 1)
		go func() { first <- x.call.Refer(ctx, "sip:agent@example.com") }()
		x.send(respond(x.expect("REFER "), "202 Accepted"))
		synctest.Wait()
		if err := x.call.Refer(x.t.Context(), "sip:other@example.com"); !errors.Is(err, ErrTransferring) {
			t.Errorf("a second Refer: %v", err)
		}
		stop() // the caller of Refer gives up: the next news end the subscription
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("Refer: %v", err)
		}
		x.notify("active", "SIP/2.0 180 Ringing", "481")
		_, again := x.refer("sip:other@example.com", "202 Accepted")
		synctest.Wait()
		x.notify("terminated", "SIP/2.0 200 OK", "200")
		if err := <-again; err != nil {
			t.Errorf("Refer: %v", err)
		}
	})
}

func TestAttendedTransfer_RFC3891_3(t *testing.T) {
	inCalls(t, func(t *testing.T, x *transferee) {
		agent := &transferee{peer: x.peer}
		agent.made(&negotiator{})
		if err := x.call.ReferTo(x.t.Context(), x.call); err == nil {
			t.Error("a call was transferred to itself")
		}
		result := make(chan error, 1)
		go func() { result <- x.call.ReferTo(x.t.Context(), agent.call) }()
		req := x.expect("REFER ")
		_, ours, _ := strings.Cut(agent.in.to, ";tag=")
		want := fmt.Sprintf("<sip:one@198.51.100.7?Replaces=%s%%40192.0.2.1%%3Bto-tag%%3Done%%3Bfrom-tag%%3D%s>", strings.TrimSuffix(agent.in.callID, "@192.0.2.1"), ours)
		if got := field(req, "Refer-To"); got != want {
			t.Errorf("Refer-To %s, want %s", got, want)
		}
		x.send(respond(req, "202 Accepted"))
		synctest.Wait()
		x.notify("terminated", "SIP/2.0 200 OK", "200")
		if err := <-result; err != nil {
			t.Errorf("ReferTo: %v", err)
		}
		agent.send(agent.next("BYE", "", "")) // replaced by the peer
		agent.expect("SIP/2.0 200")
		synctest.Wait()
		if got := context.Cause(agent.call.Context()); !errors.Is(got, ErrTransferred) {
			t.Errorf("cause %v, want %v", got, ErrTransferred)
		}
		if err := x.call.ReferTo(x.t.Context(), agent.call); !errors.Is(err, ErrHangup) {
			t.Errorf("ReferTo a call that has ended: %v", err)
		}
	})
}
