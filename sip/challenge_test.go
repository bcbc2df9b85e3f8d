package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icholy/digest"
)

const unknown2 = "233.252.0.2:5060"

// challenging makes the listener ask strangers for the names and passwords of the carrier.
func challenging(c *Config) {
	c.Listen[0].Challenge = true
	c.Realm = "sip.example.com"
	c.Trunks[0].AuthUsers = []Credentials{{"alice", "s3cret"}}
}

// guest is an INVITE of someone who moves around.
func guest() msg {
	m := invite()
	m.via, m.contact = stranger+";rport", "<sip:alice@"+stranger+">"
	return m
}

// answering is the INVITE again with the answer to the challenge of a 401.
func (m msg) answering(t *testing.T, res, algorithm, password string, count int) msg {
	t.Helper()
	for line := range strings.SplitSeq(res, "\r\n") {
		value, ok := strings.CutPrefix(line, "WWW-Authenticate: ")
		if !ok || !strings.Contains(value, "algorithm="+algorithm) {
			continue
		}
		c, err := digest.ParseChallenge(value)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := digest.Digest(c, digest.Options{Method: m.method, URI: m.uri, Count: count, Username: "alice", Password: password})
		if err != nil {
			t.Fatal(err)
		}
		m.headers = "Authorization: " + answer.String() + "\r\n"
		m.cseq++
		m.branch += "a"
		return m
	}
	t.Fatalf("no challenge with %s in %q", algorithm, res)
	return m
}

func TestChallengeLetsAUserIn_RFC3261_22_RFC8760(t *testing.T) {
	for _, algorithm := range []string{"SHA-256", "MD5"} {
		t.Run(algorithm, func(t *testing.T) {
			inBubble(t, answers(&negotiator{}), func(r *rig) {
				p := r.peer(stranger)
				p.send(guest())
				res := p.expect("SIP/2.0 401 Unauthorized")
				p.send(guest().ack(res))
				p.quiet(100 * time.Millisecond)
				if n := len(r.ua.servers) + len(r.ua.completed) + len(r.ua.guests) + len(r.ua.all); n != 0 {
					t.Errorf("%d things are kept of a challenge", n)
				}
				m := guest().answering(t, res, algorithm, "s3cret", 1)
				ok := p.establish(m)
				if networks := r.ua.guests[netip.MustParseAddr("233.252.0.1")][0].Networks; len(networks) != 2 {
					t.Errorf("the networks of the call are %v, want its source beside the carrier's", networks)
				}
				if calls := r.ua.Calls(); len(calls) != 1 || calls[0].Trunk != "carrier" {
					t.Fatalf("calls %v", calls)
				}
				p.send(m) // a late retransmission, not a replay
				p.quiet(100 * time.Millisecond)
				p.send(m.inside("OPTIONS", m.cseq+1, ok))
				p.expect("SIP/2.0 200")
				p.send(m.inside("BYE", m.cseq+2, ok))
				p.expect("SIP/2.0 200")
				r.ended(ErrHangup)
			}, challenging)
		})
	}
}

// A peer that knows MD5 alone, and looks at the first challenge alone, gets in where that is all that is offered.
func TestOnlyAnOfferedAlgorithmLetsIn_RFC8760_2_4(t *testing.T) {
	offers := func(c *Config) {
		challenging(c)
		c.Listen[0].Algorithms = []string{"MD5"}
	}
	inBubble(t, rings, func(r *rig) {
		p := r.peer(stranger)
		p.send(guest())
		res := p.expect("SIP/2.0 401")
		if got := strings.Count(res, "WWW-Authenticate:"); got != 1 {
			t.Errorf("%d challenges, want 1:\n%s", got, res)
		}
		p.send(guest().answering(t, strings.Replace(res, "algorithm=MD5", "algorithm=SHA-256", 1), "SHA-256", "s3cret", 1))
		p.expect("SIP/2.0 401")
		if got := r.rules(); got != "credentials" || len(r.ua.guests) != 0 {
			t.Errorf("refusals %q and %d guests after an answer by another algorithm, want credentials and none", got, len(r.ua.guests))
		}
		p.send(guest())
		p.quiet(time.Second + time.Millisecond) // as after any wrong answer
		p.send(guest().answering(t, res, "MD5", "s3cret", 1))
		p.expect("SIP/2.0 180")
	}, offers)
}

func TestWhatIsOfferedIsChecked(t *testing.T) {
	trunks := []Trunk{{Name: "pbx", AuthUsers: []Credentials{{"alice", "s3cret"}}}}
	for _, tt := range []struct {
		algorithms []string
		want       string
	}{{nil, ""}, {[]string{"MD5", "SHA-256"}, ""}, {[]string{"md5"}, "neither"}, {[]string{"MD5", "MD5"}, "twice"}} {
		listen := Listen{Network: "udp", Address: "127.0.0.1:0", Challenge: true, Algorithms: tt.algorithms}
		_, err := New(Config{Listen: []Listen{listen}, Trunks: trunks}, nil)
		if got := fmt.Sprint(err); (err == nil) != (tt.want == "") || !strings.Contains(got, tt.want) && err != nil {
			t.Errorf("%q: %v, want an error with %q", tt.algorithms, err, tt.want)
		}
	}
}

// The BYE of the gateway goes to the source, whatever the Contact says.
func TestChallengedCallIsHungUpAtItsSource(t *testing.T) {
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, &negotiator{})
		time.Sleep(time.Second)
		_ = c.Hangup(context.WithoutCancel(ctx))
	}, func(r *rig) {
		p := r.peer(stranger)
		m := guest()
		m.contact = "<sip:alice@" + unknown2 + ">"
		p.send(m)
		p.establish(m.answering(t, p.expect("SIP/2.0 401"), "MD5", "s3cret", 1))
		p.send(respond(p.expect("BYE "), "200 OK"))
		r.ended(ErrFinished)
	}, challenging)
}

func TestChallengedInviteIsCancelled_RFC3261_9_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(stranger)
		p.send(guest())
		m := guest().answering(t, p.expect("SIP/2.0 401"), "SHA-256", "s3cret", 1)
		p.send(m)
		p.expect("SIP/2.0 180")
		p.send(m.cancel())
		p.expect("SIP/2.0 200")
		p.send(m.ack(p.expect("SIP/2.0 487")))
		p.quiet(time.Minute) // the ACK was heard
		r.ended(ErrCancelled)
	}, challenging)
}

func TestOnlyWhatCanBecomeACallIsChallenged(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p, other := r.peer(stranger), r.peer(unknown2)
		p.send(guest())
		m := guest().answering(t, p.expect("SIP/2.0 401"), "MD5", "s3cret", 1)
		ok := p.establish(m)
		for _, method := range []string{"OPTIONS", "REGISTER", "BYE", "INFO", "MESSAGE", "CANCEL", "ACK"} {
			other.send(guest().with(method, 1))
			p.send(guest().with(method, 1))
		}
		other.send("INVITE garbage\r\n\r\n")
		other.send(m.inside("BYE", m.cseq+1, ok)) // another's call
		other.send(m.inside("INVITE", m.cseq+1, ok))
		other.quiet(time.Minute)
		p.quiet(time.Second)
		if len(r.ua.Calls()) != 1 {
			t.Error("a stranger ended the call of another")
		}
	}, challenging)
}

func TestWrongAnswersAreMetWithGrowingSilence(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(stranger)
		try := 0
		wrong := func() string {
			try++
			m := guest()
			m.branch = fmt.Sprint("z9hG4bK-w", try)
			p.send(m)
			p.send(m.answering(t, p.expect("SIP/2.0 401"), "MD5", "guess", 1))
			return p.expect("SIP/2.0 401")
		}
		for _, silence := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			res := wrong()
			if strings.Contains(res, "stale=true") {
				t.Error("a wrong answer is called stale")
			}
			p.send(guest())
			p.quiet(silence - time.Millisecond)
			time.Sleep(2 * time.Millisecond)
		}
		p.send(guest())
		p.send(guest().answering(t, p.expect("SIP/2.0 401"), "MD5", "s3cret", 1))
		p.expect("SIP/2.0 180")
		if got := r.rules(); got != "credentials credentials credentials" {
			t.Errorf("refusals %q", got)
		}
	}, challenging)
}

func TestOldAndUsedNoncesAreStale_RFC7616_3_3(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(stranger)
		p.send(guest())
		first := p.expect("SIP/2.0 401")
		time.Sleep(2 * time.Minute)
		p.send(guest().answering(t, first, "MD5", "s3cret", 1))
		second := p.expect("SIP/2.0 401")
		m := guest().answering(t, second, "MD5", "s3cret", 1)
		p.send(m)
		p.expect("SIP/2.0 180")
		m.branch, m.callID = "z9hG4bK-replay", "replay"
		p.send(m)
		third := p.expect("SIP/2.0 401")
		if !strings.Contains(second, "stale=true") || !strings.Contains(third, "stale=true") {
			t.Errorf("the challenges do not say stale:\n%s\n%s", second, third)
		}
		if got := r.rules(); got != "" {
			t.Errorf("refusals %q", got)
		}
	}, challenging)
}

func TestChallengesAreBounded(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(stranger)
		for i := range 50 {
			m := guest()
			m.branch, m.callID = fmt.Sprint("z9hG4bK-f", i), fmt.Sprint("f", i)
			p.send(m)
		}
		synctest.Wait()
		if got := len(p.got); got != challengesPerSource {
			t.Errorf("%d challenges at once, want %d", got, challengesPerSource)
		}
		got := 0
		for i := range 200 {
			q := r.peer(fmt.Sprintf("233.252.%d.%d:5060", 1+i/200, i%200+1))
			q.send(guest())
			synctest.Wait()
			got += len(q.got)
		}
		if want := challengesInAll - challengesPerSource; got != want {
			t.Errorf("%d challenges to many, want %d", got, want)
		}
		for i := range 2 * visitorsKept {
			r.ua.visitors.at(v4(i))
		}
		if got := len(r.ua.visitors.known); got != visitorsKept {
			t.Errorf("%d visitors are known, want %d", got, visitorsKept)
		}
		time.Sleep(2 * visitorIdle)
		r.ua.visitors.at(v4(1 << 20))
		if got := len(r.ua.visitors.known); got > 2 {
			t.Errorf("%d visitors are known later", got)
		}
	}, challenging)
}

func TestGuestsAreForgotten(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(stranger)
		p.send(guest())
		m := guest().answering(t, p.expect("SIP/2.0 401"), "MD5", "s3cret", 1)
		m.uri = guest().uri
		p.send(m)
		p.expect("SIP/2.0 180")
		p.send(m.cancel())
		p.skip()
		for _, want := range []int{1, 0} {
			r.ua.mu.Lock()
			r.ua.seeOut()
			if got := len(r.ua.guests); got != want {
				t.Errorf("%d guests, want %d", got, want)
			}
			r.ua.mu.Unlock()
			time.Sleep(time.Minute)
		}
	}, challenging)
}

func v4(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }

// A stream of a stranger may bring a call after the right answer, and is counted apart from those of trunks.
func TestChallengeOverTCP_RFC3261_18_3(t *testing.T) {
	ua := overTCP(t, answers(&negotiator{}), func(c *Config) {
		c.Listen[0].Challenge, c.Realm = true, "sip.example.com"
		c.Trunks = []Trunk{{Name: "roaming", Country: "US", AuthUsers: []Credentials{{"alice", "s3cret"}}}}
		c.Limits.Connections, c.Limits.ConnectionsPerSource = 8, 8
	})
	s := connectTo(t, ua)
	m := guest()
	m.via = s.LocalAddr().String()
	s.send(byTCP(m))
	res := s.expect("SIP/2.0 401")
	s.send(byTCP(m.ack(res)))
	m = m.answering(t, res, "SHA-256", "s3cret", 1)
	s.send(byTCP(m))
	ok := s.expect("SIP/2.0 200")
	s.send(byTCP(m.ack(ok)))
	if calls := ua.Calls(); len(calls) != 1 || calls[0].Trunk != "roaming" {
		t.Errorf("calls %v", calls)
	}
	s.send(byTCP(m.inside("BYE", m.cseq+1, ok)))
	s.expect("SIP/2.0 200")
	second := connectTo(t, ua) // 8/4 strangers
	connectTo(t, ua).closed()
	second.Close()
}
