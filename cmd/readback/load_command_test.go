package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// load runs the command against a gateway and reads its JSON; failed says that it ended with a status of 1.
func (p *process) load(args ...string) (found loadReport, failed bool) {
	p.t.Helper()
	path, err := p.binary()
	if err != nil {
		p.t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	cmd := exec.Command(path, append([]string{"load", "--json"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		p.t.Fatalf("readback load: %v\n%s", err, &errOut)
	}
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		p.t.Fatalf("%v in\n%s%s", err, &out, &errOut)
	}
	return found, err != nil
}

func TestLoad(t *testing.T) {
	t.Parallel()
	p := startGateway(t, "")
	const calls, seconds = 20, 13 // until the menu has been heard, and a key answered
	r, failed := p.load("sip:+18887999666@"+p.sip.String(), "--calls", "20", "--rate", "20", "--duration", "13s", "--codec", "pcma")
	if failed || r.Placed != calls || r.Answered != calls || r.Most != calls || len(r.Refused)+len(r.Failed)+len(r.Early) != 0 {
		t.Errorf("not every call was answered and held: %+v", r)
	}
	if r.Setup.Count != calls || r.Setup.P50 <= 0 || r.Setup.Max < r.Setup.P99 {
		t.Errorf("setup times %+v of %d calls", r.Setup, calls)
	}
	if r.Keys.Pressed < calls || r.Reaction.Count < calls/2 || r.Reaction.P50 <= 0 {
		t.Errorf("%d keys were pressed and answered %+v", r.Keys.Pressed, r.Reaction)
	}
	if most := int64(calls * seconds * 50); r.Heard.Packets < most*8/10 || r.Pacing.Count < most*8/10 || r.Sent.Packets < most*8/10 {
		t.Errorf("%d packets were heard, %d measured, %d sent of some %d", r.Heard.Packets, r.Pacing.Count, r.Sent.Packets, most)
	}
	if r.Sent.ReportedCalls != calls || r.Sent.Reported == 0 {
		t.Errorf("%d calls were reported on by RTCP: %+v", r.Sent.ReportedCalls, r.Sent)
	}
	if r.Caller.IO == "" || r.Caller.LateMax <= 0 {
		t.Errorf("nothing is said of the calling side: %+v", r.Caller)
	}
}

func TestLoadEncrypted(t *testing.T) {
	t.Parallel()
	p := startGateway(t, "")
	r, failed := p.load("sip:+18887999666@"+p.sip.String(), "--calls", "3", "--duration", "3s", "--keys", "", "--encrypt")
	if failed || r.Answered != 3 || r.Heard.Packets < 3*100 || r.Heard.Lost != 0 {
		t.Errorf("%+v", r)
	}
	p.wantMetrics(`readback_answered_calls_total{codec="PCMU",encryption="AEAD_AES_256_GCM",trunk="carrier"} 3`)
}

func TestLoadTellsRefusals(t *testing.T) {
	t.Parallel()
	p := startGateway(t, "")
	p.stop()
	config, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	capped := strings.ReplaceAll(string(config), "max_calls: 5000", "max_calls: 6")
	if err := os.WriteFile(p.config, []byte(capped), 0o600); err != nil {
		t.Fatal(err)
	}
	p.start()
	r, failed := p.load("sip:+18887999666@"+p.sip.String(), "--calls", "10", "--rate", "50", "--duration", "3s", "--keys", "")
	if failed || r.Answered != 6 || len(r.Refused) != 1 || r.Refused[0].Status != 503 || r.Refused[0].Calls != 4 {
		t.Errorf("a gateway for 6 calls, 10 at once: %+v", r)
	}
	if r, failed = p.load("sip:+19995550000@"+p.sip.String(), "--calls", "3"); !failed || len(r.Refused) != 1 || r.Refused[0].Status != 404 {
		t.Errorf("a number that is not served: failed %v, %+v", failed, r.Refused)
	}
}

func TestLoadHangsUpWhenInterrupted(t *testing.T) {
	t.Parallel()
	p := startGateway(t, "")
	k := &loadCommand{URI: "sip:+18887999666@" + p.sip.String(), Calls: 5, Rate: 100, Total: 50, Duration: time.Hour, Codec: "g722", From: demoCaller}
	l, err := k.prepare(t.Context(), &console{err: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		l.run(ctx)
		close(ended)
	}()
	for l.up() < k.Calls {
		time.Sleep(10 * time.Millisecond)
	}
	interrupt()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the calls go on")
	}
	if r := l.report(); r.Placed != 5 || r.Answered != 5 || len(r.Early)+len(r.Failed)+len(r.Refused) != 0 || r.Heard.Packets == 0 {
		t.Errorf("after 5 calls of 50: %+v", r)
	}
	if err := l.phone.close(); err != nil {
		t.Error(err)
	}
}

func (l *loadTest) up() int {
	l.tally.mu.Lock()
	defer l.tally.mu.Unlock()
	return l.tally.up
}

func TestLoadPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := newPacer(50)
		defer pace.stop()
		began := time.Now()
		for range 101 {
			pace.wait(t.Context())
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("100 calls at 50 a second were placed in %v", took)
		}
		time.Sleep(10 * time.Second) // no room
		began = time.Now()
		for range 11 {
			pace.wait(t.Context())
		}
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("10 calls at 50 a second were placed in %v after a pause", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if pace.wait(ctx) {
			t.Error("a call is due after the end")
		}
	})
}

func TestLoadReportForPeople(t *testing.T) {
	r := &loadReport{
		URI: "sip:+18887999666@192.0.2.1", Codec: "PCMU", Calls: 200, Rate: 50, DurationS: 30, Placed: 200, PlacedS: 3.98, Answered: 196, Most: 196,
		Refused: []refusalCount{{503, "Service Unavailable", 3}}, Failed: []reasonCount{{"nobody answered in 1m0s", 1}},
		Early: []reasonCount{{"the gateway hung up", 2}},
		Setup: timesReport{196, 0.61, 2.12, 6.34, 6.34}, Keys: keysReport{Pressed: 800}, Pacing: timesReport{293000, 0.02, 0.48, 13.76, 19.65},
		Heard: heardSound{293804, 147}, Sent: sentSound{Packets: 294000, ReportedCalls: 196, Reported: 294000},
		Caller: callerReport{IO: "io_uring", Busy: 0.12, LateP99: 8, LateMax: 32.1, Late: 0.2},
	}
	const want = `sip:+18887999666@192.0.2.1, PCMU: 200 calls at once, each 30s, 50 new ones a second

calls         200 placed in 4s, 196 answered, 196 up at once
refused       3: 503 Service Unavailable
failed        1: nobody answered in 1m0s
ended early   2: the gateway hung up
heard         293804 packets, 147 lost (0.05 %); 0 gaps (a packet over 20 ms overdue), 0 restarts (marker)
sent          294000 packets; 0 lost (0 %) by the reports of 196 calls
this side     io_uring, worst second: worker 12 % busy, 99 % of ticks within 8.0 ms, the latest 32.1 ms
              DO NOT TRUST THE TIMES: this side was late itself for 20 % of the test; make fewer calls, or call from another machine

ms             p50      p99    p99.9      max
setup         0.61     2.12     6.34     6.34   INVITE to 200, 196 calls
reaction         -        -        -        -
pacing        0.02     0.48    13.76    19.65   how far from its time a packet came, 293000 packets
`
	var out strings.Builder
	if err := r.print(&out); err != nil || out.String() != want {
		t.Errorf("error %v; printed\n%s\nwant\n%s", err, out.String(), want)
	}
}
