package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"readback/sip"
)

// stand is a gateway in a process of its own that holds many calls, whose sound comes from and goes to medialimit's peer.
type stand struct {
	b           *testing.B
	limit       *limitProgram
	gateway     *process
	phone       *phone
	calls       []*sip.Call
	ports       []string // where the gateway wants each call's sound: address and port
	empty, full int64    // bytes of resident memory: with a single call, and with all
}

// standConfig lets any number of calls in and talks to them without end.
const standConfig = `
rtp:
  io: %s
  ports: 12000-21999
  silence: 10m
  overload: %s
observe: {log_level: warn}
recording: {max: 10m, silence: 1m}
prompts: {directories: {en-US: %s}}
`

// never lets calls in whatever the load, so that what is measured is not what is admitted.
const never = "{busy: 1, late: 1s}"

func startStand(b *testing.B, limit *limitProgram, program func() (string, error), io, overload string, calls int) *stand {
	b.Helper()
	return standOn(b, limit, startProgram(b, program, fmt.Sprintf(standConfig, io, overload, longPrompts(b))), calls)
}

func standOn(b *testing.B, limit *limitProgram, gateway *process, calls int) *stand {
	b.Helper()
	s := &stand{b: b, limit: limit, gateway: gateway, phone: newTestPhone(b)}
	b.Cleanup(func() {
		if err := s.phone.close(); err != nil {
			b.Error(err)
		}
	})
	s.mustDial()
	s.empty = s.gateway.settled()
	for len(s.calls) < calls {
		s.mustDial()
	}
	s.cost() // the sources are latched
	s.full = s.gateway.memory()
	return s
}

// longPrompts is a directory with prompts that outlast every measurement.
func longPrompts(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	for _, name := range []string{"welcome", "no-match-1"} {
		file := filepath.Join(dir, name+".wav")
		out, err := within(b, time.Minute, dir, tool(b, "sox", "sox"), "-n", "-r", "8000", "-b", "16", file, "synth", "300", "pinknoise", "vol", "0.1")
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	return dir
}

// dial sets up one more call.
func (s *stand) dial() error {
	ctx, cancel := context.WithTimeout(s.b.Context(), 10*time.Second)
	defer cancel()
	to := fmt.Sprintf("sip:+18887999666@%s", s.gateway.sip)
	call, err := s.phone.agent.Dial(ctx, to, (*elsewhere)(s), sip.DialOptions{From: "+14155550100"})
	if err == nil {
		s.calls = append(s.calls, call)
	}
	return err
}

func (s *stand) mustDial() {
	s.b.Helper()
	if err := s.dial(); err != nil {
		s.b.Fatalf("call %d: %v; log:\n%s", len(s.calls), err, s.gateway.log)
	}
}

// elsewhere offers the next call of a stand: its sound is at the address that the peer of medialimit has for it.
type elsewhere stand

func (s *elsewhere) Offer() ([]byte, error) {
	i := len(s.calls)
	return fmt.Appendf(nil, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.1.%d.%d\r\nt=0 0\r\n"+
		"m=audio %d RTP/AVP 0 101\r\na=rtcp:6999\r\na=rtpmap:101 telephone-event/8000\r\n", i/250, 1+i%250, 7000+i/20%8), nil
}

func (s *elsewhere) Accept(answer []byte) error {
	_, media, _ := strings.Cut(string(answer), "m=audio ")
	port, _, _ := strings.Cut(media, " ")
	s.ports = append(s.ports, "127.0.0.1 "+port)
	return nil
}

func (s *elsewhere) Answer([]byte) ([]byte, error) { return nil, sip.ErrClosed }

// settled is the gateway's memory when it has loaded what all calls share: when it no longer grows.
func (p *process) settled() int64 {
	for before := int64(0); ; time.Sleep(time.Second) {
		now := p.memory()
		if now <= before {
			return now
		}
		before = now
	}
}

// peer runs the calls' traffic for a while and returns what waits for its line.
func (s *stand) peer(d time.Duration) func() limitLine {
	s.b.Helper()
	calls := len(s.calls)
	targets := filepath.Join(s.b.TempDir(), "targets")
	if err := os.WriteFile(targets, []byte(strings.Join(s.ports, "\n")+"\n"), 0o600); err != nil {
		s.b.Fatal(err)
	}
	wait := s.limit.start(s.b, "peer", "-n", strconv.Itoa(calls), "-t", seconds(d), "-f", targets)
	return func() limitLine {
		line := wait()
		if line.Live != calls || line.Lost != 0 {
			s.b.Errorf("%d of %d calls have sound, %d packets were lost; log:\n%s", line.Live, calls, line.Lost, s.gateway.log)
		}
		return line
	}
}

// cost is what a call costs the gateway in a second, in milliseconds of a processor, while all have sound both ways.
func (s *stand) cost() float64 {
	const settling = time.Second
	peer := s.peer(turn + 2*settling)
	time.Sleep(settling) // the measurement is of the time between
	began, before := time.Now(), s.gateway.cpu()
	time.Sleep(turn)
	spent, took := s.gateway.cpu()-before, time.Since(began)
	peer()
	return milliseconds(spent) / took.Seconds() / float64(len(s.calls))
}

// record takes every nth call to where the caller is recorded: three wrong keys, and speak after the tone.
func (s *stand) record(nth int) {
	s.b.Helper()
	for i := 0; i < len(s.calls); i += nth {
		for range 3 {
			if err := s.calls[i].SendInfo(s.b.Context(), "application/dtmf-relay", []byte("Signal=7\r\nDuration=100\r\n")); err != nil {
				s.b.Error(err)
			}
		}
	}
	folder := filepath.Join(s.gateway.dir, "data", "recordings")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		files, err := os.ReadDir(folder)
		if err != nil {
			s.b.Fatal(err)
		}
		if len(files) >= len(s.calls)/nth {
			return
		}
		if time.Now().After(deadline) {
			s.b.Fatalf("%d of %d recordings have begun", len(files), len(s.calls)/nth)
		}
	}
}
