package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"readback/ivr"
	"readback/media/recognize"
	"readback/tickets"
)

// startWithAgents is a gateway that puts urgent callers through to a number at 127.0.0.2.
func startWithAgents(t *testing.T, agents string) (p *process, agentPort int) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	agentPort = conn.LocalAddr().(*net.UDPAddr).Port
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	pbx := fmt.Sprintf("  - {name: pbx, networks: [127.0.0.2], address: \"sip:127.0.0.2:%d\"}\nnumbers:", agentPort)
	config := strings.NewReplacer("networks: [127.0.0.0/8]", "networks: [127.0.0.1]", "numbers:", pbx).Replace(processConfig)
	return startConfigured(t, binary, config+"agents: {connect: \"sip:agents@127.0.0.2\", trunk: pbx, "+agents+"}\nrtp: {silence: 2m, overload: {busy: 1, late: 1s}}\n"), agentPort
}

// record is the record of the only call.
func (p *process) record() tickets.CallRecord {
	p.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		var line callLine
		err := json.Unmarshal([]byte(p.run("calls", "--limit", "1", "--json", "-c", p.config)), &line)
		if err == nil && line.State == stateEnded {
			return line.CallRecord
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("no record of an ended call: %+v, %v", line, err)
		}
	}
}

// TestSIPpAnswersAsTheAgent has a caller speak to SIPp, which repeats what it hears until it hangs up.
func TestSIPpAnswersAsTheAgent(t *testing.T) {
	p, port := startWithAgents(t, "way: bridge")
	scenario, err := filepath.Abs("../../testdata/interop/sipp/agent.xml")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan string, 1)
	go func() {
		out, err := within(t, 90*time.Second, t.TempDir(), tool(t, "sipp", "sip-tester"), "-sf", scenario, "-i", "127.0.0.2", "-p", strconv.Itoa(port),
			"-m", "1", "-nostdin", "-rtp_echo", "-mp", strconv.Itoa(port+2), "-timeout", "80", "-timeout_error")
		if err != nil {
			out = fmt.Sprintf("sipp: %v\n%s", err, lastLines(out, 30))
		} else {
			out = ""
		}
		ended <- out
	}()
	sounds, err := loadSounds(nil)
	if err != nil {
		t.Fatal(err)
	}
	clip, err := sounds.clip(ivr.Prompt{Locale: "en-GB", Name: "severity-1"})
	if err != nil {
		t.Fatal(err)
	}
	phone := newTestPhone(t)
	defer func() {
		if err := phone.close(); err != nil {
			t.Error(err)
		}
	}()
	session, err := phone.lift()
	if err != nil {
		t.Fatal(err)
	}
	heard := &tellTale{}
	listener := recognize.NewBook(map[string][]int16{"severity-1": clip.PCM()}).Listen()
	session.Tap(func(pcm []int16, _ int) { heard.add(listener.Hear(pcm)) })
	call, err := phone.dial(t.Context(), session, fmt.Sprintf("sip:+18887999666;ext=2@%s", p.sip), "+14155550100")
	if err != nil {
		t.Fatal(err)
	}
	defer call.close()
	if err := call.press(t.Context(), "11213"); err != nil {
		t.Fatal(err)
	}
	talking, stop := context.WithTimeout(t.Context(), 80*time.Second)
	defer stop()
	go func() { <-call.ended(); stop() }()
	for talking.Err() == nil {
		_ = call.speak(talking, clip) // until the call is over
	}
	if problem := <-ended; problem != "" {
		t.Error(problem)
	}
	if got := heard.take(); !strings.Contains(got, "severity-1") {
		t.Errorf("the caller hears %q of what the agent repeats", got)
	}
	if got := p.record(); got.Disposition != tickets.DispositionCompleted || !strings.HasPrefix(got.Reason, "agent reached after 1 s, talked for ") || got.EndedBy != tickets.EndedByGateway {
		t.Errorf("the record is %+v", got)
	}
	if shown := p.run("calls", "show", string(p.record().Ticket), "-c", p.config); !strings.Contains(shown, "INVITE sip:agents@127.0.0.2") {
		t.Errorf("the agent's call is not in the signalling:\n%s", shown)
	}
}

// TestSIPpTransfersTheCall has SIPp's trunk call the agent in our place, or find that busy.
func TestSIPpTransfersTheCall_RFC3515_2_4(t *testing.T) {
	for scenario, want := range map[string]struct{ reason, keys string }{
		"refer":      {"transferred", "1 1 2 1 3"},
		"refer-busy": {"no agent: busy", "1 1 2 1 3 9"},
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			p, _ := startWithAgents(t, "way: refer")
			p.sipp(scenario, "+18887999666;ext=2")
			if got := p.record(); got.Disposition != tickets.DispositionCompleted || got.Reason != want.reason || got.Keys != want.keys {
				t.Errorf("completed %q, keys %q; want %q, %q: %+v", got.Reason, got.Keys, want.reason, want.keys, got)
			}
		})
	}
}
