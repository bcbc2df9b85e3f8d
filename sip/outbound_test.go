package sip

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

const (
	sbc    = "sip:sbc.example.com;transport=udp"
	number = "+14155550123"
)

// byName makes the first trunk one that is called by name, with two addresses and what a test adds.
func byName(changes ...func(*Trunk)) func(*Config) {
	return func(c *Config) {
		c.Resolver = directory{sbc: {udpAt(carrier), udpAt(carrier2)}}
		c.Trunks[0].Address = sbc
		for _, change := range changes {
			change(&c.Trunks[0])
		}
	}
}

// dialNumber calls a number by the trunk in the background.
func (r *rig) dialNumber(opts DialOptions) (chan *Call, chan error) {
	opts.Trunk = "carrier"
	calls, errs := make(chan *Call, 1), make(chan error, 1)
	go func() {
		c, err := r.ua.Dial(r.t.Context(), number, &negotiator{}, opts)
		calls <- c
		errs <- err
	}()
	return calls, errs
}

func branch(m string) string { _, b, _ := strings.Cut(field(m, "Via"), "branch="); return b }

func TestDialledNumbers_RFC3261_19_1_6(t *testing.T) {
	for dialled, want := range map[string]string{
		"+14155550123":                  "sip:+14155550123@sbc.example.com;user=phone",
		"tel:+1-415-555-0123":           "sip:+14155550123@sbc.example.com;user=phone",
		"tel:100;phone-context=example": "sip:100@sbc.example.com;user=phone",
		"*70#":                          "sip:*70%23@sbc.example.com;user=phone",
		"sip:agent@customer.example":    "sip:agent@customer.example",
		"no number":                     "",
		"":                              "",
	} {
		inBubble(t, rings, func(r *rig) {
			p := r.peer(carrier)
			errs := make(chan error, 1)
			go func() {
				_, err := r.ua.Dial(r.t.Context(), dialled, &negotiator{}, DialOptions{Trunk: "carrier"})
				errs <- err
			}()
			if want == "" {
				if err := <-errs; err == nil {
					t.Errorf("%q was called", dialled)
				}
				return
			}
			req := p.expect("INVITE ")
			if got := strings.Fields(req)[1]; got != want {
				t.Errorf("%q is called as %s, want %s", dialled, got, want)
			}
			p.send(respond(req, "486 Busy Here"))
			p.expect("ACK ")
			if err := <-errs; !hasStatus(err, 486) {
				t.Errorf("Dial: %v", err)
			}
		}, byName())
	}
}

func TestFailOver_RFC3263_4_3(t *testing.T) {
	for name, tt := range map[string]struct {
		failOver time.Duration
		after    time.Duration // the next target's turn
		answer   string        // of the first target
	}{
		"503":                       {0, 0, "503 Service Unavailable"},
		"silence":                   {0, 32 * time.Second, ""},
		"silence, as configured":    {4 * time.Second, 4 * time.Second, ""},
		"a provisional answer, 503": {4 * time.Second, 0, "100 Trying"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				first, second := r.peer(carrier), r.peer(carrier2)
				start := time.Now()
				calls, errs := r.dialNumber(DialOptions{})
				req := first.expect("INVITE ")
				switch {
				case strings.HasPrefix(tt.answer, "100"):
					first.send(respond(req, tt.answer))
					second.quiet(time.Minute)
					start = time.Now()
					first.send(respond(req, "503 Service Unavailable"))
				case tt.answer != "":
					first.send(respond(req, tt.answer))
				}
				again := second.expect("INVITE ")
				if got := time.Since(start); got != tt.after {
					t.Errorf("tried the next one after %v, want %v", got, tt.after)
				}
				if branch(again) == branch(req) || field(again, "CSeq") != field(req, "CSeq") || field(again, "Call-ID") != field(req, "Call-ID") {
					t.Errorf("the second INVITE is %q after %q", again, req)
				}
				second.send(strings.Replace(from("one", again, "200 OK", "theirs"), "one@198.51.100.7", "one@198.51.100.8", 1))
				second.expect("ACK ")
				c := <-calls
				if err := <-errs; err != nil || c.Source.String() != carrier2 {
					t.Fatalf("Dial: %v, by %v", err, c.Source)
				}
				if tt.failOver > 0 && tt.answer == "" { // it wakes up and rings, late
					first.skip()
					first.send(respond(req, "180 Ringing"))
					stop := first.expect("CANCEL ")
					first.send(respond(stop, "200 OK"))
					first.send(from("late", req, "200 OK", "theirs"))
					first.expect("ACK sip:late")
					first.send(respond(first.expect("BYE sip:late"), "200 OK"))
				}
				second.hungUp(c)
				r.nothingLeft()
			}, byName(func(t *Trunk) { t.FailOver = tt.failOver }))
		})
	}
}

func TestFailOverEnds_RFC3263_4_3(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		first, second := r.peer(carrier), r.peer(carrier2)
		_, errs := r.dialNumber(DialOptions{})
		for _, p := range []*peer{first, second} {
			p.send(respond(p.expect("INVITE "), "503 Service Unavailable", "Retry-After: 18 (maintenance)", `Reason: Q.850;cause=38;text="Network out of order"`))
			p.expect("ACK ")
		}
		var status *StatusError
		if err := <-errs; !errors.As(err, &status) || *status != (StatusError{503, "Service Unavailable", 18 * time.Second, 38}) {
			t.Errorf("Dial: %+v", status)
		}
		first.quiet(time.Second)
		r.nothingLeft()
	}, byName())
}

func TestDialByAConnectionThatFails_RFC3263_4_3(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := addrPort(ln.Addr())
	_ = ln.Close()
	ua := overTCP(t, answers(&negotiator{}))
	phone := overTCP(t, rings, func(c *Config) {
		c.Trunks[0].Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.Trunks[0].Address = "sip:sbc.example.com;transport=tcp"
		c.Resolver = directory{c.Trunks[0].Address: {{Network: "tcp", Address: closed}, {Network: "tcp", Address: addrPort(ua.Addrs()[0])}}}
	})
	c, err := phone.Dial(t.Context(), "+18887999666", &negotiator{}, DialOptions{Trunk: phone.config.Trunks[0].Name})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Hangup(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRedirections_RFC3261_8_1_3_4(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		first, second := r.peer(carrier), r.peer(carrier2)
		foreign := r.peer(rival)
		_, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
		req := first.expect("INVITE ")
		first.send(respond(req, "302 Moved Temporarily",
			"Contact: <sip:x@198.51.100.7?Subject=forged>;q=0.1, <sip:elsewhere@203.0.113.9>;q=0.9, <mailto:x@example.com>, <sip:y@198.51.100.8>;q=0.5"))
		first.expect("ACK ")
		moved := second.expect("INVITE sip:y@198.51.100.8 SIP/2.0")
		if field(moved, "Call-ID") != field(req, "Call-ID") || field(moved, "CSeq") != "2 INVITE" || field(moved, "To") != field(req, "To") {
			t.Errorf("the second INVITE is %q", moved)
		}
		second.send(respond(moved, "480 Temporarily Unavailable"))
		second.expect("ACK ")
		last := first.expect("INVITE sip:x@198.51.100.7 SIP/2.0")
		if field(last, "Subject") != "" {
			t.Error("the redirection wrote a header of our INVITE")
		}
		first.send(respond(last, "486 Busy Here"))
		first.expect("ACK ")
		if err := <-errs; !hasStatus(err, 486) {
			t.Errorf("Dial: %v", err)
		}
		foreign.quiet(time.Second)
	})
}

func TestRedirectionsAreBounded_RFC3261_8_1_3_4(t *testing.T) {
	for name, contact := range map[string]string{"ever new ones": "new", "round in circles": "same"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				_, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
				invites := 0
				for err := error(nil); err == nil; {
					select {
					case m := <-p.got:
						if strings.HasPrefix(m, "INVITE") {
							invites++
							to := contact
							if to == "new" {
								to += string(rune('a' + invites))
							}
							p.send(respond(m, "301 Moved", "Contact: <sip:"+to+"@198.51.100.7>"))
						}
					case err = <-errs:
						if !hasStatus(err, 301) {
							t.Errorf("Dial: %v", err)
						}
					}
				}
				if want := map[string]int{"new": 1 + redirectsMax, "same": 2}[contact]; invites != want {
					t.Errorf("%d INVITEs, want %d", invites, want)
				}
			})
		})
	}
}

func TestConfigOfOutboundTrunks(t *testing.T) {
	for name, trunk := range map[string]Trunk{
		"no URI":                    {Address: "sbc.example.com:5060"},
		"a username for all realms": {Username: "u", Password: "p"},
		"a realm for nobody":        {Realm: "example.com"},
		"time runs backwards":       {FailOver: -1},
	} {
		if err := trunk.checkOutbound(); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	good := Trunk{Address: "sip:sbc.example.com;transport=tcp", Username: "u", Password: "p", Realm: "example.com"}
	if err := good.checkOutbound(); err != nil {
		t.Error(err)
	}
}
