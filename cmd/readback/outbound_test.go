package main

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/sip"
	"readback/tickets"
)

// wantsAgent is a caller up to the moment when an agent is called.
const wantsAgent = `dials +18887999666;ext=2 from +14155550100
hears severity-1
presses 1
hears confirm-urgent
presses 1
hears record-notice
presses 2
hears callback-right
presses 1
hears choice-agent
presses 3
hears agent-connecting`

// onStage has the gateway put callers through, and plays lines of a call.
func onStage(t *testing.T, sounds *sounds, way, lines string, then func(*stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, sounds, sampleAccounts(t))
		defer s.close()
		s.offerAgents(way)
		if strings.Contains(lines, "waits") { // for what is said then
			s.learnPrompts()
		}
		s.plays(lines)
		then(s)
	})
}

func (s *stage) plays(lines string) {
	s.t.Helper()
	for line := range strings.Lines(lines) {
		if err := s.act(strings.Fields(line)); err != nil {
			s.t.Fatalf("%s: %v\n%s", strings.TrimSpace(line), err, s.transcript())
		}
	}
}

// agentSounds are those of the calls, decoded once: in their fake time nothing may take long.
func agentSounds(t *testing.T) *sounds {
	t.Helper()
	sounds, err := warmSounds()
	if err != nil {
		t.Fatal(err)
	}
	return sounds
}

var warmSounds = sync.OnceValues(func() (*sounds, error) {
	sounds, err := loadSounds(nil)
	if err == nil {
		err = sounds.warm(context.Background(), "en-US", "en-GB")
	}
	return sounds, err
})

// A caller may hang up at any moment of being put through: around the agent's ringing, answer and hang-up. Each time the
// agent's phone is left in peace, nothing of either call remains, and the record says that the number was read.
func TestHangUpWhileBeingPutThrough(t *testing.T) {
	sounds := agentSounds(t)
	const connecting, answer = 2500 * time.Millisecond, 3 * time.Second // the prompt, and then the phone rings
	moments := []time.Duration{0, time.Second}
	for _, around := range []time.Duration{connecting, connecting + answer} {
		for d := -300 * time.Millisecond; d <= 300*time.Millisecond; d += 100 * time.Millisecond {
			moments = append(moments, around+d)
		}
	}
	moments = append(moments, connecting+answer+5*time.Second)
	for _, after := range moments {
		onStage(t, sounds, "bridge", "agent answers after 3s\n"+wantsAgent, func(s *stage) {
			time.Sleep(after)
			if err := s.call.hangup(s.t.Context()); err != nil {
				t.Errorf("after %v: %v", after, err)
			}
			s.waitForEnd()
			s.nothingRemains(fmt.Sprintf("a hang-up after %v", after))
			if record := s.records(); !strings.HasPrefix(record, "completed status=200 ticket=10000004") || strings.Count(record, "\n") != 1 {
				t.Errorf("after %v: %s", after, record)
			}
		})
	}
}

// nothingRemains waits for what may go on for a while after a call, and looks for what may not.
func (s *stage) nothingRemains(what string) {
	s.t.Helper()
	time.Sleep(time.Minute)
	synctest.Wait()
	if n := s.server.gateway.media.Sessions() + s.agent.media.Sessions(); n > 0 {
		s.t.Errorf("%s leaves %d sessions of sound", what, n)
	}
	if n := len(s.server.gateway.out.busy); n > 0 {
		s.t.Errorf("%s leaves %d callers with an agent", what, n)
	}
	if n := len(s.server.gateway.waiting.byTicket); n > 0 {
		s.t.Errorf("%s leaves %d callers waiting", what, n)
	}
	s.agent.mu.Lock()
	defer s.agent.mu.Unlock()
	if s.agent.call != nil && s.agent.call.Context().Err() == nil {
		s.t.Errorf("%s leaves the agent's call up", what)
	}
}

// A gateway that is told to stop lets a talk go on, and calls no agent any more.
func TestDrainAndAgents(t *testing.T) {
	sounds := agentSounds(t)
	onStage(t, sounds, "bridge", "agent answers after 1s\n"+wantsAgent+"\nwaits 10s", func(s *stage) {
		s.stop()
		s.plays("waits 30s\nagent says severity-2\nagent hangs up\nhears goodbye")
		s.waitForEnd()
		if got, want := s.transcript(), "agent:    says severity-2, on the other side is heard: music severity-2"; !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	})
	before, _, _ := strings.Cut(wantsAgent, "\npresses 3")
	onStage(t, sounds, "bridge", before, func(s *stage) {
		s.stop()
		s.plays("presses 3\nhears agent-unavailable\nhangs up")
		if got := s.agent.call; got != nil {
			t.Error("an agent was called by a gateway that stops")
		}
	})
}

// Past agents.per_hour nobody is called, and the caller is told what can be told.
func TestAgentsAreCalledSoOftenInAnHour(t *testing.T) {
	onStage(t, agentSounds(t), "bridge", "agent is busy", func(s *stage) {
		now := *s.server.gateway.now.Load()
		c := *now.config
		c.Agents.PerHour, now.config = 1, &c
		s.server.gateway.now.Store(&now)
		s.plays(wantsAgent + "\nhears agent-unavailable choice-agent\npresses 3\nhears agent-unavailable\nhangs up")
		families, err := s.server.metrics.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, family := range families {
			if family.GetName() == "readback_agent_calls_total" {
				for _, m := range family.GetMetric() {
					got = append(got, fmt.Sprint(m.GetLabel()[0].GetValue(), m.GetCounter().GetValue()))
				}
			}
		}
		if want := []string{"busy1", "limited1"}; !slices.Equal(got, want) {
			t.Errorf("counted %q, want %q", got, want)
		}
		if got := strings.Count(s.ladder(), "> INVITE\n                < 180"); got != 1 {
			t.Errorf("agents were called %d times, want once:\n%s", got, s.ladder())
		}
	})
}

// Sound goes where the agents' trunk may have it, whatever their phones say and the caller's trunk may.
func TestSoundGoesToTheAgentsNetworksOnly(t *testing.T) {
	onStage(t, agentSounds(t), "bridge", "agent answers after 1s", func(s *stage) {
		s.learnPrompts()
		now := *s.server.gateway.now.Load()
		now.sound = maps.Clone(now.sound)
		pbx := now.sound["pbx"]
		pbx.Allowed = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		now.sound["pbx"] = pbx
		s.server.gateway.now.Store(&now)
		s.plays(wantsAgent + "\nwaits 10s\nsays severity-3\nhangs up")
		if got, want := s.transcript(), "caller:   says severity-3, on the other side is heard: nothing"; !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
		if stats := s.agent.session.Stats(); stats.Received > 0 {
			t.Errorf("%d packets came to the agent from outside the networks of the trunk", stats.Received)
		}
	})
}

// The agent's call is part of the caller's signalling, found by either Call-ID's owner, and says why it ended.
func TestTheAgentsCallIsInTheLadder(t *testing.T) {
	onStage(t, agentSounds(t), "bridge", "agent answers after 1s\n"+wantsAgent, func(s *stage) {
		s.plays("waits 10s")
		live := s.server.traces.live()
		if len(live) != 1 {
			t.Fatalf("%d calls are shown, want one", len(live))
		}
		found := s.server.traces.find(live[0].CallKey)
		s.plays("hangs up")
		if len(found) != 1 || !calls(found[0].ladder, "INVITE sip:+14155550199@192.0.2.3 SIP/2.0") {
			t.Fatalf("the agent's INVITE is not in %+v", found)
		}
		stored, err := s.server.store.ListCalls(s.t.Context(), tickets.CallPage{Limit: 10})
		if err != nil || len(stored) != 1 || stored[0].EndedBy != tickets.EndedByCaller || stored[0].EndReason != "Q.850;cause=16;text=\"normal call clearing\"" {
			t.Errorf("the records are %+v, %v", stored, err)
		}
		how, ok := s.agent.call.Ended()
		if !ok || len(how.Reasons) != 1 || how.Reasons[0] != (sip.Reason{Protocol: "Q.850", Cause: 16, Text: "normal call clearing"}) {
			t.Errorf("the agent is told %v", how)
		}
		time.Sleep(2 * traceLinger)
		synctest.Wait()
		if n := len(s.server.traces.byCall); n > 0 {
			t.Errorf("%d calls are followed that are over", n)
		}
	})
}

func calls(l ladder, line string) bool {
	for _, m := range l.Messages {
		if m.Sent && m.Line == line {
			return true
		}
	}
	return false
}
