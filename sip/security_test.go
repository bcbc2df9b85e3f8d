package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A trunk that sends BYEs for nothing leaves no more behind than its messages a second.
func TestFloodOfByesIsBounded(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		for i := range 5000 {
			m := invite().inside("BYE", 2, ok)
			m.to, m.branch = "<sip:x@192.0.2.1>;tag=none", fmt.Sprint("z9hG4bK-flood", i)
			r.ua.receive([]byte(m.String()), r.flowOf(p))
			<-p.got
		}
		r.ua.mu.Lock()
		left := len(r.ua.servers) + len(r.ua.completed)
		r.ua.mu.Unlock()
		if most := messagesPerCall*DefaultBurst + 1; left > most {
			t.Errorf("%d transactions are left of a flood, want at most %d", left, most)
		}
		for i := range 3 * dialogBurst {
			p.send(invite().inside("OPTIONS", 2+i, ok))
		}
		p.skip()
		p.send(invite().inside("BYE", 1000, ok)) // that of a call is heard all the same
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	})
}

// Whatever Contact, Record-Route and later requests say, a call is spoken to at its source.
func TestTargetsOutsideTheTrunkAreNotFollowed_RFC3261_12_2_2(t *testing.T) {
	const beyond = "203.0.113.250"
	for name, tt := range map[string]struct {
		addr   string
		change func(*Config)
		begin  func(p *peer) msg
	}{
		"a trunk": {carrier, func(*Config) {}, func(*peer) msg { return invite() }},
		"a proxy": {balancer, behindProxy, func(*peer) msg { return brought("198.51.100.7") }},
		"a challenged user": {stranger, challenging, func(p *peer) msg {
			p.send(guest())
			return guest().answering(t, p.expect("SIP/2.0 401"), "MD5", "s3cret", 1)
		}},
		"a registrar": {registrar, registers(names(registrar)), func(p *peer) msg {
			p.send(accept(p.expect("REGISTER "), 3600))
			synctest.Wait()
			m := invite()
			m.via = registrar
			return m
		}},
	} {
		for _, method := range []string{"INVITE", "UPDATE"} {
			t.Run(name+" by "+method, func(t *testing.T) {
				inBubble(t, answersThen(&negotiator{}, func(ctx context.Context, c *Call) {
					time.Sleep(10 * time.Second)
					_ = c.Hangup(ctx)
				}), func(r *rig) {
					p, outside := r.peer(tt.addr), r.peer(beyond+":5060")
					m := tt.begin(p)
					auth := m.headers
					m.contact, m.headers = "<sip:x@"+beyond+">", auth+"Record-Route: <sip:"+beyond+";lr>\r\n"
					ok := p.establish(m)
					change := m.inside(method, m.cseq+1, ok)
					change.body, change.kind, change.contact = "hold", "application/sdp", "<sip:y@"+beyond+":5061>"
					p.send(change)
					res := p.expect("SIP/2.0 200")
					if method == "INVITE" {
						p.send(change.inside("ACK", change.cseq, res))
					}
					bye := p.expect("BYE sip:y@" + beyond + ":5061")
					if got := field(bye, "Route"); !strings.HasSuffix(got, "<sip:"+beyond+";lr>") {
						t.Errorf("Route %s", got)
					}
					p.send(respond(bye, "200 OK"))
					outside.quiet(time.Second)
					r.stop()
					synctest.Wait()
					p.skip()
				}, tt.change)
			})
		}
	}
}

// A user who was let in is not told a digest of the password that the trunk has for its servers.
func TestGuestsLearnNoPasswordOfTheTrunk_RFC3261_22(t *testing.T) {
	inBubble(t, answersThen(&negotiator{}, func(ctx context.Context, c *Call) { _ = c.Hangup(ctx) }), func(r *rig) {
		p := r.peer(stranger)
		p.send(guest())
		p.establish(guest().answering(t, p.expect("SIP/2.0 401"), "MD5", "s3cret", 1))
		bye := p.expect("BYE ")
		p.send(respond(bye, "401 Unauthorized", `WWW-Authenticate: Digest realm="carrier.example.com", nonce="n", algorithm=MD5, qop="auth"`))
		p.quiet(time.Minute)
	}, challenging, func(c *Config) {
		c.Trunks[0].Username, c.Trunks[0].Password, c.Trunks[0].Realm = "readback", "outbound", "carrier.example.com"
	})
}

// Users of one trunk cannot reach into each other's calls.
func TestCallOfAnotherGuestIsOutOfReach(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p, other := r.peer(stranger), r.peer(unknown2)
		p.send(guest())
		m := guest().answering(t, p.expect("SIP/2.0 401"), "MD5", "s3cret", 1)
		ok := p.establish(m)
		mine := guest()
		mine.via, mine.callID = unknown2+";rport", "call-2"
		other.send(mine)
		other.establish(mine.answering(t, other.expect("SIP/2.0 401"), "MD5", "s3cret", 1))
		bye := m.inside("BYE", 9, ok)
		bye.headers = ""
		stolen := bye
		stolen.via, stolen.branch = unknown2+";rport", "z9hG4bK-stolen"
		other.send(stolen)
		other.quiet(time.Second)
		p.send(bye)
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	}, challenging)
}

// Trunks behind one proxy cannot reach into each other's calls.
func TestProxiedCallOfAnotherTrunkIsOutOfReach(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(balancer)
		m := brought("198.51.100.7")
		ok := p.establish(m)
		bye := m.inside("BYE", 2, ok)
		for source, want := range map[string]string{"203.0.113.9": "SIP/2.0 481", "233.252.0.1": "SIP/2.0 403"} {
			bye.headers, bye.branch = "X-Source: "+source+"\r\n", "z9hG4bK-"+source
			p.send(bye)
			p.expect(want)
		}
		bye.headers, bye.branch = "X-Source: 198.51.100.7\r\n", "z9hG4bK-own"
		p.send(bye)
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	}, behindProxy)
}

// A challenge is not much larger than what asked for it: a forged source gains little.
func TestChallengesAmplifyLittle_RFC3261_26_1_5(t *testing.T) {
	const most = 600
	inBubble(t, rings, func(r *rig) {
		p := r.peer(stranger)
		for _, filler := range []int{0, 4000} {
			m := guest()
			m.body, m.kind = "", ""
			m.from = "<sip:a@b>;tag=" + strings.Repeat("t", 1+filler)
			p.send(m)
			res := p.expect("SIP/2.0 401")
			if more := len(res) - len(m.String()); more > most {
				t.Errorf("%d bytes for %d, want at most %d more", len(res), len(m.String()), most)
			}
		}
	}, challenging)
}

// Wrong passwords from ever new sources are told no more often than they are challenged.
func TestEventsOfWrongPasswordsAreBounded(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		wire := r.ua.listeners[0].listener.(*udpListener)
		m := guest()
		m.headers = `Authorization: Digest username="alice", realm="sip.example.com", nonce="n", uri="` + m.uri + `", response="r", cnonce="c", nc=00000001, qop=auth, algorithm=MD5` + "\r\n"
		for i := range 3000 {
			at := netip.AddrPortFrom(v4(i), 5060)
			r.ua.stranger([]byte(m.String()), &flow{ua: r.ua, wire: wire, peer: at, source: at}, true)
		}
		if got := r.count(Refused); got != challengesInAll {
			t.Errorf("%d wrong passwords were told, want %d", got, challengesInAll)
		}
		if got := len(r.ua.guests); got != 0 {
			t.Errorf("%d guests", got)
		}
	}, challenging)
}

// A user whose call is over has the limits of a stranger again.
func TestFormerGuestsAreLimited(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(stranger)
		p.send(guest())
		m := guest().answering(t, p.expect("SIP/2.0 401"), "MD5", "s3cret", 1)
		bye := m.inside("BYE", 9, p.establish(m))
		bye.headers = ""
		p.send(bye)
		p.expect("SIP/2.0 200")
		time.Sleep(time.Minute)
		for i := range 3 * readPerSource {
			p.send(guest().with("OPTIONS", i))
		}
		synctest.Wait()
		if r.ua.visitors.at(netip.MustParseAddrPort(stranger).Addr()).messages.take() {
			t.Error("its messages do not count as a stranger's")
		}
	}, challenging)
}
