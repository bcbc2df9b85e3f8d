package sip

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func sessionExpires(expires, least time.Duration) func(*Config) {
	return func(c *Config) { c.SessionExpires, c.MinSE, c.MaxCallTime = expires, least, 24*time.Hour }
}

func TestSessionTimerIsAnswered_RFC4028_9(t *testing.T) {
	for name, tt := range map[string]struct {
		headers string
		config  func(*Config)
		status  string
		expires string // Session-Expires of the 200, or Min-SE of the 422
		require string
	}{
		"unknown to the caller":                    {"", nil, "200", "", ""},
		"supported, not asked for: we refresh":     {"Supported: timer\r\n", nil, "200", "1800;refresher=uas", "timer"},
		"asked for: the caller refreshes":          {"Supported: timer\r\nSession-Expires: 600\r\n", nil, "200", "600;refresher=uac", "timer"},
		"asked for in short":                       {"k: timer\r\nx: 600;refresher=uas\r\n", nil, "200", "600;refresher=uas", "timer"},
		"required":                                 {"Require: timer\r\nSession-Expires: 600;refresher=uac\r\n", nil, "200", "600;refresher=uac", "timer"},
		"longer than ours":                         {"Supported: timer\r\nSession-Expires: 7200\r\n", nil, "200", "1800;refresher=uac", "timer"},
		"longer than ours, and so is the least":    {"Supported: timer\r\nSession-Expires: 7200\r\nMin-SE: 3600\r\n", nil, "200", "3600;refresher=uac", "timer"},
		"not asked for, the least is more":         {"Supported: timer\r\nMin-SE: 3600\r\n", nil, "200", "3600;refresher=uas", "timer"},
		"asked for by a proxy":                     {"Session-Expires: 600\r\n", nil, "200", "600;refresher=uas", ""},
		"asked for by a proxy, too short":          {"Session-Expires: 60\r\n", nil, "200", "", ""},
		"too short":                                {"Supported: timer\r\nSession-Expires: 89\r\n", nil, "422 Session Interval Too Small", "90", ""},
		"shorter than we are told to take":         {"Supported: timer\r\nSession-Expires: 599\r\n", sessionExpires(0, 600*time.Second), "422", "600", ""},
		"no number":                                {"Supported: timer\r\nSession-Expires: soon\r\n", nil, "400", "", ""},
		"off":                                      {"Supported: timer\r\nSession-Expires: 60\r\n", sessionExpires(-1, 0), "200", "", ""},
		"off, but required":                        {"Require: timer\r\n", sessionExpires(-1, 0), "420", "", ""},
		"a refresher that is neither uac nor uas":  {"Supported: timer\r\nSession-Expires: 600;refresher=me\r\n", nil, "200", "600;refresher=uac", "timer"},
		"a proxy asks the caller that knows none":  {"Session-Expires: 600;refresher=uac\r\n", nil, "200", "600;refresher=uas", ""},
		"a number of seconds that overflows is no": {"Supported: timer\r\nSession-Expires: 99999999999999\r\n", nil, "400", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			config := tt.config
			if config == nil {
				config = func(*Config) {}
			}
			inBubble(t, answers(&negotiator{}), func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				m.headers = tt.headers
				p.send(m)
				res := p.expect("SIP/2.0 " + tt.status)
				name := "Session-Expires"
				if strings.HasPrefix(tt.status, "422") {
					name = "Min-SE"
				}
				if got := field(res, name); got != tt.expires {
					t.Errorf("%s: %q, want %q", name, got, tt.expires)
				}
				if got := field(res, "Require"); got != tt.require {
					t.Errorf("Require: %q, want %q", got, tt.require)
				}
				p.send(m.ack(res))
				synctest.Wait()
			}, config)
		})
	}
}

func TestCallThatIsNotRefreshedEnds_RFC4028_10(t *testing.T) {
	for interval, want := range map[string]time.Duration{"1800": 1768 * time.Second, "90": 60 * time.Second} {
		inBubble(t, answers(&negotiator{}), func(r *rig) {
			p := r.peer(carrier)
			m := invite()
			m.headers = "Supported: timer\r\nSession-Expires: " + interval + ";refresher=uac\r\n"
			p.establish(m)
			start := time.Now()
			bye := p.expectWithin(time.Hour, "BYE ")
			if got := time.Since(start); got != want {
				t.Errorf("interval %s: BYE after %v, want %v", interval, got, want)
			}
			p.send(respond(bye, "200 OK"))
			r.ended(ErrSessionExpired)
		}, sessionExpires(0, 0))
	}
}

func TestRefreshOfThePeerExtendsTheCall_RFC4028_9(t *testing.T) {
	for _, method := range []string{"UPDATE", "INVITE"} {
		inBubble(t, answers(&negotiator{}), func(r *rig) {
			p := r.peer(carrier)
			m := invite()
			m.headers = "Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n"
			ok := p.establish(m)
			for i := range 5 {
				time.Sleep(5 * time.Minute)
				refresh := m.inside(method, 2+i, ok)
				refresh.headers = m.headers
				if method == "INVITE" {
					refresh.kind, refresh.body = "application/sdp", "the same"
				}
				p.send(refresh)
				res := p.expect("SIP/2.0 200")
				if got := field(res, "Session-Expires"); got != "600;refresher=uac" {
					t.Errorf("%s: Session-Expires %q", method, got)
				}
				if method == "INVITE" {
					p.send(refresh.ack(res))
				}
			}
			start := time.Now()
			p.send(respond(p.expectWithin(time.Hour, "BYE "), "200 OK"))
			if got := time.Since(start); got != 568*time.Second {
				t.Errorf("%s: BYE %v after the last refresh, want 568s", method, got)
			}
			r.ended(ErrSessionExpired)
		}, sessionExpires(0, 0))
	}
}

func TestWeRefresh_RFC4028_10(t *testing.T) {
	for allowed, want := range map[string]string{"INVITE, ACK, BYE, UPDATE": "UPDATE", "INVITE, ACK, BYE": "INVITE"} {
		n := &negotiator{}
		inBubble(t, answers(n), func(r *rig) {
			p := r.peer(carrier)
			m := invite()
			m.headers = "Supported: timer\r\nSession-Expires: 600;refresher=uas\r\nAllow: " + allowed + "\r\n"
			ok := p.establish(m)
			for range 3 {
				start := time.Now()
				req := p.expectWithin(time.Hour, want)
				if got := time.Since(start); got != 5*time.Minute {
					t.Errorf("%s after %v, want half of the interval", want, got)
				}
				for name, value := range map[string]string{"Session-Expires": "600;refresher=uac", "Supported": "timer", "Min-SE": ""} {
					if got := field(req, name); got != value {
						t.Errorf("%s: %q, want %q", name, got, value)
					}
				}
				res := respond(req, "200 OK", "Session-Expires: 600;refresher=uac", "Require: timer")
				if want == "INVITE" {
					res = withSession(res, "theirs")
				}
				p.send(res)
				if want == "INVITE" {
					p.expect("ACK ")
				}
			}
			p.send(m.inside("BYE", 2, ok))
			p.expect("SIP/2.0 200")
			r.ended(ErrHangup)
			p.quiet(20 * time.Minute)
		}, sessionExpires(0, 0))
	}
}

func TestRefreshThatFails_RFC4028_10(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []string // to our requests until BYE
		want    error
		after   time.Duration
	}{
		"481 ends the call":                   {[]string{"UPDATE|481 Gone"}, ErrGone, 300 * time.Second},
		"408 ends the call":                   {[]string{"UPDATE|408 Timeout"}, ErrGone, 300 * time.Second},
		"others wait for the expiry":          {[]string{"UPDATE|500 No", "UPDATE|503 No", "UPDATE|488 No", "UPDATE|500 No", "UPDATE|500 No"}, ErrSessionExpired, 568 * time.Second},
		"UPDATE that is not done after all":   {[]string{"UPDATE|501 No", "INVITE|481 Gone"}, ErrGone, 300 * time.Second},
		"the peer wants a longer interval":    {[]string{"UPDATE|422 Longer", "UPDATE|481 Gone"}, ErrGone, 300 * time.Second},
		"no timer any more after one refresh": {[]string{"UPDATE|200 OK"}, ErrHangup, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, answers(&negotiator{}), func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				m.headers = "Supported: timer\r\nSession-Expires: 600;refresher=uas\r\nAllow: UPDATE\r\n"
				ok := p.establish(m)
				start := time.Now()
				for i, a := range tt.answers {
					method, status, _ := strings.Cut(a, "|")
					req := p.expectWithin(10*time.Minute, method)
					if i > 0 && strings.HasPrefix(tt.answers[i-1], "UPDATE|422") && (field(req, "Session-Expires") != "1200;refresher=uac" || field(req, "Min-SE") != "1200") {
						t.Errorf("after 422: Session-Expires %q, Min-SE %q", field(req, "Session-Expires"), field(req, "Min-SE"))
					}
					p.send(respond(req, status, "Min-SE: 1200"))
					if method == "INVITE" {
						p.expect("ACK ")
					}
				}
				if errors.Is(tt.want, ErrHangup) {
					p.quiet(time.Hour)
					p.send(m.inside("BYE", 2, ok))
					p.expect("SIP/2.0 200")
				} else {
					p.send(respond(p.expect("BYE "), "200 OK"))
					if got := time.Since(start); got.Round(time.Second) != tt.after {
						t.Errorf("BYE after %v, want %v", got, tt.after)
					}
				}
				r.ended(tt.want)
			}, sessionExpires(0, 0))
		})
	}
}

func TestRefreshWithoutAnAnswerEndsTheCall_RFC4028_10(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.headers = "Supported: timer\r\nSession-Expires: 600;refresher=uas\r\nAllow: UPDATE\r\n"
		p.establish(m)
		start := time.Now()
		time.Sleep(5*time.Minute + 31*time.Second)
		for {
			if req := <-p.got; strings.HasPrefix(req, "BYE ") {
				p.send(respond(req, "481 Gone"))
				break
			}
		}
		if got := time.Since(start); got != 332*time.Second {
			t.Errorf("BYE after %v, want 5m and 64*T1", got)
		}
		r.ended(ErrGone)
	}, sessionExpires(0, 0))
}

func TestSessionTimerOfACallOfOurs_RFC4028_7(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string // header of the 200
		want   string // what comes next
		after  time.Duration
	}{
		"we refresh":         {"Session-Expires: 600;refresher=uac", "UPDATE ", 300 * time.Second},
		"the peer refreshes": {"Session-Expires: 600;refresher=uas", "BYE ", 568 * time.Second},
		"the peer has none":  {"X-Nothing: 1", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				calls, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
				req := p.expect("INVITE ")
				for name, want := range map[string]string{"Session-Expires": "1800", "Supported": "timer", "Min-SE": ""} {
					if got := field(req, name); got != want {
						t.Errorf("%s: %q, want %q", name, got, want)
					}
				}
				p.send(withSession(respond(req, "200 OK", "Contact: <sip:sbc@198.51.100.7>", "Allow: INVITE, UPDATE", tt.answer), "theirs"))
				p.expect("ACK ")
				c, err := <-calls, <-errs
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if tt.want == "" {
					p.quiet(time.Hour)
				} else {
					next := p.expectWithin(time.Hour, tt.want)
					if got := time.Since(start); got != tt.after {
						t.Errorf("%safter %v, want %v", tt.want, got, tt.after)
					}
					p.send(respond(next, "481 Gone"))
				}
				go func() { _ = c.Hangup(context.Background()) }()
				synctest.Wait()
				for len(p.got) > 0 {
					p.send(respond(<-p.got, "200 OK"))
				}
			}, sessionExpires(0, 0))
		})
	}
}

func TestIntervalOfACallOfOursIsTooShort_RFC4028_7_4(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		calls, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
		first := p.expect("INVITE ")
		p.send(respond(first, "422 Session Interval Too Small", "Min-SE: 3600"))
		p.expect("ACK ")
		second := p.expect("INVITE ")
		for name, want := range map[string]string{"CSeq": "2 INVITE", "Session-Expires": "3600", "Min-SE": "3600", "Call-ID": field(first, "Call-ID"), "From": field(first, "From"), "To": field(first, "To")} {
			if got := field(second, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if bodyOf(second) != bodyOf(first) || field(second, "Via") == field(first, "Via") {
			t.Errorf("the second INVITE has the body %q and the Via %s", bodyOf(second), field(second, "Via"))
		}
		p.send(respond(second, "422 Again", "Min-SE: 3600")) // no longer one is asked for
		p.expect("ACK ")
		if c, err := <-calls, <-errs; !hasStatus(err, 422) || c != nil {
			t.Errorf("Dial: %v, %v; want 422", c, err)
		}
	})
}

func TestSettingsOfSessionTimers(t *testing.T) {
	base := Config{Listen: []Listen{{Network: "udp"}}, Trunks: []Trunk{{Name: "a"}}}
	for name, tt := range map[string]struct {
		expires, least time.Duration
		wantExpires    time.Duration
		bad            bool
	}{
		"nothing said":                    {0, 0, DefaultSessionExpires, false},
		"off":                             {-1, 0, -1, false},
		"a least that is more":            {0, time.Hour, time.Hour, false},
		"less than the least":             {100 * time.Second, 200 * time.Second, 0, true},
		"a least that the RFC forbids":    {0, 60 * time.Second, 0, true},
		"a negative least is no way out":  {0, -1, 0, true},
		"the shortest that there can be":  {90 * time.Second, 90 * time.Second, 90 * time.Second, false},
		"shorter than the RFC's shortest": {89 * time.Second, 0, 0, true},
	} {
		config := base
		config.SessionExpires, config.MinSE = tt.expires, tt.least
		got, err := config.withDefaults()
		if (err != nil) != tt.bad || err == nil && got.SessionExpires != tt.wantExpires {
			t.Errorf("%s: %v, %v; want %v", name, got.SessionExpires, err, tt.wantExpires)
		}
	}
}

func FuzzSessionExpires(f *testing.F) {
	f.Add("1800;refresher=uac")
	f.Add("90 ; Refresher = UAS")
	f.Add("-1;refresher")
	f.Fuzz(func(t *testing.T, value string) {
		if strings.ContainsAny(value, "\r\n") {
			return
		}
		m := invite()
		m.headers = "Session-Expires: " + value + "\r\n"
		h, body, _ := readHead([]byte(m.String()))
		parsed, v := h.read(body)
		if v != nil {
			return
		}
		if got, ok := interval(parsed, "Session-Expires"); got < 0 || !ok && got != 0 {
			t.Errorf("%q was read as %v, %v", value, got, ok)
		}
		refresherOf(parsed)
	})
}

// Who refreshes stays who it is unless the peer names another one.
func TestRefresherStaysWithAChangeOfThePeer_RFC4028_9(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.headers = "Supported: timer\r\nSession-Expires: 600;refresher=uas\r\nAllow: UPDATE\r\n"
		ok := p.establish(m)
		for i, tt := range []struct{ asked, want string }{
			{"600", "600;refresher=uas"},
			{"600;refresher=uac", "600;refresher=uac"},
			{"600", "600;refresher=uac"},
		} {
			hold := m.update(2+i, ok, "hold")
			hold.headers = "Supported: timer\r\nSession-Expires: " + tt.asked + "\r\n"
			p.send(hold)
			if got := field(p.expect("SIP/2.0 200"), "Session-Expires"); got != tt.want {
				t.Errorf("%s was answered %s, want %s", tt.asked, got, tt.want)
			}
		}
	})
}

// A peer cannot have us refresh faster than the RFC's shortest interval.
func TestIntervalOfAnAnswerIsBounded_RFC4028_4(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		calls, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
		p.send(withSession(respond(p.expect("INVITE "), "200 OK", "Contact: <sip:sbc@198.51.100.7>", "Allow: UPDATE", "Session-Expires: 1;refresher=uac"), "theirs"))
		p.expect("ACK ")
		c, err := <-calls, <-errs
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		p.send(respond(p.expect("UPDATE "), "200 OK"))
		if got := time.Since(start); got != 45*time.Second {
			t.Errorf("refreshed after %v, want half of 90s", got)
		}
		go func() { _ = c.Hangup(context.Background()) }()
		p.send(respond(p.expect("BYE "), "200 OK"))
	})
}
