package sip

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pings asks two addresses of the carrier each minute.
func pings(c *Config) {
	c.Resolver = names(carrier, carrier2)
	c.Trunks[0].Address, c.Trunks[0].Ping = "sip:sbc.example.com", time.Minute
}

// targets are the states of the carrier's targets.
func (r *rig) targets() string {
	synctest.Wait()
	var list []string
	for _, t := range r.ua.Trunks()[0].Targets {
		list = append(list, string(t.State))
	}
	return strings.Join(list, " ")
}

func TestPing_RFC3261_11(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p, q := r.peer(carrier), r.peer(carrier2)
		req := p.expect("OPTIONS sip:sbc.example.com SIP/2.0")
		if got := field(req, "Accept"); got != "application/sdp" {
			t.Errorf("Accept %q", got)
		}
		if got := r.targets(); got != "" {
			t.Errorf("targets %q before any answer", got)
		}
		time.Sleep(20 * time.Millisecond)
		p.send(respond(req, "200 OK"))
		q.send(respond(q.expect("OPTIONS "), "404 Not Found"))
		if got := r.targets(); got != "up up" {
			t.Errorf("targets %q", got)
		}
		if got := r.ua.Trunks()[0].Targets[0]; got.RoundTrip != 520*time.Millisecond || got.Reason != "" {
			t.Errorf("target %+v, want 520 ms: the first copy was lost", got)
		}
		if r.count(TrunkUp) != 2 {
			t.Errorf("%d events", r.count(TrunkUp))
		}
	}, pings)
}

func TestWhatCountsAsAnAnswerToPings(t *testing.T) {
	for status, want := range map[string]TargetState{
		"200 OK": TargetUp, "405 Method Not Allowed": TargetUp, "501 Not Implemented": TargetUp, "481 No": TargetUp, "404 Not Found": TargetUp,
		"401 Unauthorized": TargetUp, "486 Busy Here": TargetUp, "500 Error": TargetUp,
		"503 Service Unavailable": TargetDown, "408 Request Timeout": TargetDown, "": TargetDown,
	} {
		t.Run(status, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				for end := time.After(5 * time.Minute); end != nil; {
					select {
					case req := <-p.got:
						if status != "" {
							p.send(respond(req, status))
						}
					case <-end:
						end = nil
					}
				}
				got := r.ua.Trunks()[0].Targets
				if len(got) != 1 || got[0].State != want || (want == TargetDown) != (got[0].Reason != "") {
					t.Errorf("targets %+v, want %s", got, want)
				}
			}, func(c *Config) { c.Trunks[0].Address, c.Trunks[0].Ping = "sip:"+carrier, time.Minute })
		})
	}
}

// Three misses are down, one good answer is up; calls go to the target that is up.
func TestPingsDecideWhereCallsGo(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p, q := r.peer(carrier), r.peer(carrier2)
		next := func(at *peer) string {
			for {
				select {
				case m := <-at.got:
					if strings.HasPrefix(m, "OPTIONS ") {
						return m
					}
				case <-time.After(3 * time.Minute):
					t.Fatal("no ping")
				}
			}
		}
		for round, want := range []string{"unknown up", "unknown up", "down up"} {
			p.send(respond(next(p), "503 Service Unavailable"))
			q.send(respond(next(q), "200 OK"))
			if got := r.targets(); got != want {
				t.Fatalf("round %d: targets %q, want %q", round, got, want)
			}
		}
		if r.count(TrunkDown) != 1 || r.count(TrunkUp) != 1 {
			t.Errorf("%d down and %d up events", r.count(TrunkDown), r.count(TrunkUp))
		}
		go func() {
			_, _ = r.ua.Dial(r.t.Context(), "+14155550123", &negotiator{}, DialOptions{Trunk: "carrier"})
		}()
		q.send(respond(q.expect("INVITE "), "486 Busy Here"))
		q.expect("ACK ")
		p.send(respond(next(p), "200 OK"))
		if got := r.targets(); got != "up up" {
			t.Errorf("targets %q", got)
		}
		q.send(respond(next(q), "503 Service Unavailable"))
		if got := r.targets(); got != "up up" {
			t.Errorf("after one miss: targets %q", got)
		}
	}, pings)
}

func TestPingsEndWithTheGateway(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		p.expect("OPTIONS ")
		r.stop()
		if err := <-r.served; err != nil {
			t.Error(err)
		}
		r.served <- nil
		if r.count(TrunkDown) != 0 {
			t.Error("the end of the gateway counts as a miss")
		}
	}, pings)
}

func TestTrunkStatus(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		p.expect("SIP/2.0 180")
		other := numbered(2)
		other.uri = "sip:+18005550100@192.0.2.1"
		other.to = "<sip:+18005550100@192.0.2.1>"
		p.send(other)
		p.expect("SIP/2.0 404")
		synctest.Wait()
		list := r.ua.Trunks()
		if len(list) != 2 || list[0].Name != "carrier" || list[0].Calls != 1 || list[0].MaxCalls != DefaultMaxCalls || list[0].Burst != DefaultBurst ||
			list[0].CallsPerSecond != DefaultCallsPerSecond || list[0].Refusals["unknown-number"] != 1 || list[1].Calls != 0 {
			t.Errorf("trunks %+v", list)
		}
		r.reload(func(c *Config) { c.Trunks[0].MaxCalls = 5 })
		if got := r.ua.Trunks()[0]; got.Calls != 1 || got.MaxCalls != 5 || got.Refusals["unknown-number"] != 1 {
			t.Errorf("after a reload: %+v", got)
		}
	})
}
