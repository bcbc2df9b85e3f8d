package sip

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

func TestStrangersGetSilence(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		s := r.peer(stranger)
		for _, m := range []any{invite(), invite().cancel(), invite().with("OPTIONS", 1), "garbage\r\n\r\n", "INVITE\r\n\r\n"} {
			s.send(m)
		}
		s.quiet(time.Minute)
		if got := r.ua.Strangers(); len(got) != 1 || got[0].Count != 5 || got[0].Network.String() != "233.252.0.0/24" {
			t.Errorf("strangers %v, want 5 of 233.252.0.0/24", got)
		}
		if len(r.events) != 0 {
			t.Errorf("%d events about strangers: %v", len(r.events), r.events[0])
		}
	})
}

// B5: sipgo keeps every source address of a datagram for ever.
func TestSourcesLeaveNothingBehind(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		for i := range 3000 {
			s, err := r.net.Listen(fmt.Sprintf("198.51.%d.%d:5060", 100, i%250) + "")
			if err != nil {
				t.Fatal(err)
			}
			m := invite().with("OPTIONS", 1)
			m.branch, m.callID = fmt.Sprint("z9hG4bK-o", i), fmt.Sprint("o", i)
			_, _ = s.WriteToAddrPort([]byte(m.String()), netip.MustParseAddrPort(gateway))
			s.Close()
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		r.ua.mu.Lock()
		defer r.ua.mu.Unlock()
		if left := len(r.ua.servers) + len(r.ua.completed) + len(r.ua.merges) + len(r.ua.conns.all); left != 0 {
			t.Errorf("%d things are left of 3000 sources", left)
		}
	})
}

func TestCensusIsBounded(t *testing.T) {
	var c census
	for i := range 5000 {
		c.add(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}))
	}
	c.add(netip.MustParseAddr("2001:db8::1"))
	list := c.list()
	total := uint64(0)
	for _, s := range list {
		total += s.Count
	}
	if len(list) != strangersKept+1 || total != 5001 || list[0].Network.IsValid() {
		t.Errorf("%d networks, %d messages, first %v; want %d, 5001, and the others first", len(list), total, list[0], strangersKept+1)
	}
}

func TestNarrowestNetworkNamesTheTrunk(t *testing.T) {
	trunks := []*trunk{
		newTrunk(Trunk{Name: "wide", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, 1),
		newTrunk(Trunk{Name: "narrow", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("fe80::/10")}}, 1),
	}
	d := newDoor(trunks)
	for source, want := range map[string]string{"10.1.2.3": "narrow", "::ffff:10.1.2.3": "narrow", "10.1.2.4": "wide", "fe80::1": "narrow", "fe80::1%eth0": "", "11.0.0.1": ""} {
		got := ""
		if t := d.trunk(netip.MustParseAddr(source)); t != nil {
			got = t.Name
		}
		if got != want {
			t.Errorf("%s is of trunk %q, want %q", source, got, want)
		}
	}
}

func TestRepliesGoToTheSource_RFC3261_18_2_2_RFC3581_4(t *testing.T) {
	for name, tt := range map[string]struct{ via, at, want string }{
		"rport: the source port":              {"10.1.1.1:7000;rport", carrier, ";received=198.51.100.7"},
		"no rport: the port of the Via":       {"10.1.1.1:7000", "198.51.100.7:7000", ";received=198.51.100.7"},
		"no port in the Via: 5060":            {"sbc.example.com", carrier, ";received=198.51.100.7"},
		"maddr and received are not believed": {"10.1.1.1:5060;maddr=233.252.0.1;received=233.252.0.1", carrier, ";received=198.51.100.7"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				at := p
				if tt.at != carrier {
					at = r.peer(tt.at)
				}
				m := invite()
				m.via = tt.via
				p.send(m)
				via := field(at.expect("SIP/2.0 180"), "Via")
				if !strings.Contains(via, tt.want) || strings.Contains(tt.via, "rport") && !strings.Contains(via, "rport=5060") {
					t.Errorf("Via %s", via)
				}
			})
		})
	}
}

func TestCallRateOfATrunk(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		offer := func(i int) string {
			m := invite()
			m.callID, m.branch = fmt.Sprint("call-", i), fmt.Sprint("z9hG4bK-", i)
			p.send(m)
			return p.expect("SIP/2.0 ")
		}
		for i := range 20 {
			if got := offer(i); !strings.HasPrefix(got, "SIP/2.0 180") {
				t.Fatalf("call %d: %s", i, firstLineOf(got))
			}
		}
		refused := offer(20)
		if after := field(refused, "Retry-After"); !strings.HasPrefix(refused, "SIP/2.0 503") || after != "1" && after != "2" {
			t.Errorf("call over the burst: %s, Retry-After %q", firstLineOf(refused), after)
		}
		time.Sleep(100 * time.Millisecond) // room for one more, at 10 a second
		p.skip()
		if got := offer(21); !strings.HasPrefix(got, "SIP/2.0 180") {
			t.Errorf("a call 0.1 s later: %s", firstLineOf(got))
		}
		if got := r.rules(); got != "call-rate" {
			t.Errorf("refusals %q", got)
		}
	})
}

func TestCapsOnCalls(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Config)
		rule   string
	}{
		"of a trunk":     {func(c *Config) { c.Trunks[0].MaxCalls = 2 }, "trunk-calls"},
		"of the gateway": {func(c *Config) { c.MaxCalls = 2 }, "calls"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				one, two, three := invite(), invite(), invite()
				two.callID, two.branch = "2", "z9hG4bK-2"
				three.callID, three.branch = "3", "z9hG4bK-3"
				p.send(one)
				p.expect("SIP/2.0 180")
				p.send(two)
				p.expect("SIP/2.0 180")
				p.send(three)
				p.send(three.ack(p.expect("SIP/2.0 503")))
				p.send(one.cancel())
				p.expect("SIP/2.0 200")
				p.send(one.ack(p.expect("SIP/2.0 487")))
				synctest.Wait()
				three.callID, three.branch = "4", "z9hG4bK-4"
				p.send(three)
				p.expect("SIP/2.0 180")
				if got := r.rules(); got != tt.rule {
					t.Errorf("refusals %q, want %q", got, tt.rule)
				}
			}, tt.change)
		})
	}
}

func TestMessageRateOutsideDialogs(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		for i := range 220 {
			m := invite().with("OPTIONS", 1)
			m.callID, m.branch = fmt.Sprint(i), fmt.Sprint("z9hG4bK-", i)
			p.send(m)
			want := "SIP/2.0 200"
			if i >= 200 {
				want = "SIP/2.0 503"
			}
			p.expect(want)
		}
	})
}

func TestMessageRateInsideADialog(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		refused := 0
		for i := range 60 {
			p.send(invite().inside("OPTIONS", 2+i, ok))
			if strings.HasPrefix(p.expect("SIP/2.0 "), "SIP/2.0 503") {
				refused++
			}
		}
		if refused != 20 {
			t.Errorf("%d of 60 at once refused, want those over %d", refused, dialogBurst)
		}
		p.send(invite().inside("BYE", 99, ok)) // always heard
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	})
}

// B13: sipgo logs whole messages that it cannot parse.
func TestNoMessageReachesALog(t *testing.T) {
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	previous, before := slog.Default(), sipgo.DefaultLogger()
	slog.SetDefault(log)
	sipgo.SetDefaultLogger(log)
	defer slog.SetDefault(previous)
	defer sipgo.SetDefaultLogger(before)
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		info := invite().inside("INFO", 2, ok)
		info.kind, info.body = "application/dtmf-relay", "Signal=4711"
		p.send(info)
		p.send("BROKEN sip:4711 SIP/2.0\r\nno colon 4711\r\n\r\nSignal=4711")
		p.send(strings.Replace(info.String(), "CSeq: 2", "CSeq: no4711", 1))
		time.Sleep(time.Minute)
		p.skip()
		for _, e := range r.events {
			if strings.Contains(fmt.Sprint(e), "Signal") {
				t.Errorf("an event holds a body: %v", e)
			}
		}
	}, func(c *Config) { c.Log = log })
	if text := logged.String(); strings.Contains(text, "4711") {
		t.Errorf("the log holds what callers sent:\n%s", text)
	}
}

// B22: sipgo's timers and sizes are global; nothing here changes them.
func TestGlobalsOfSipgoAreAsTheRFCSays_RFC3261_17_1_1_1(t *testing.T) {
	if sipgo.T1 != 500*time.Millisecond || sipgo.T2 != 4*time.Second || sipgo.T4 != 5*time.Second || sipgo.UDPMTUSize != 1500 {
		t.Errorf("T1 %v T2 %v T4 %v MTU %d", sipgo.T1, sipgo.T2, sipgo.T4, sipgo.UDPMTUSize)
	}
}

func TestKeepAlivesAndNoiseAreIgnored_RFC5626_4_4(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		for _, noise := range []string{"\r\n\r\n", "\x00\x00\x00\x00", "\x00\x01\x00\x00\x21\x12\xa4\x42", "", "SIP/2.0 200 OK\r\n\r\n", "ACK x SIP/2.0\r\n\r\n"} {
			p.send(noise)
		}
		p.quiet(time.Minute)
		p.send(invite())
		p.expect("SIP/2.0 180")
	})
}
