package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"readback/config"
	"readback/ivr"
	"readback/media"
	"readback/sip"
	"readback/testdata/memnet"
	"readback/tickets"
	"readback/tickets/sqlite"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestCalls plays every file of testdata/calls: a whole call over SIP and RTP on a fake clock. The section "call"
// says what the caller does; the others are what came of it, rewritten by -update.
func TestCalls(t *testing.T) {
	files, err := filepath.Glob("../../testdata/calls/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no calls: %v", err)
	}
	sounds, err := loadSounds(nil)
	if err == nil { // in the fake time of a call nothing may take long
		err = sounds.warm(t.Context(), sounds.texts.Locales()...)
	}
	if err != nil {
		t.Fatal(err)
	}
	accounts := sampleAccounts(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got *txtar.Archive
			synctest.Test(t, func(t *testing.T) { got = playCall(t, archive, sounds, accounts) })
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(got))); diff != "" {
				t.Errorf("the call went another way (-update rewrites the file): want -, got +\n%s", diff)
			}
		})
	}
}

// testPepper is for the PINs of the sample accounts.
const testPepper = "a pepper for tests, long enough to be one"

// sampleAccounts are the demo's, hashed once for all tests.
var sampleAccounts = func() func(t *testing.T) []tickets.Account {
	load := sync.OnceValues(func() ([]tickets.Account, error) {
		desk := &tickets.Desk{Pepper: []byte(testPepper)}
		return tickets.ReadAccounts(bytes.NewReader(demoAccounts), tickets.DefaultPolicy(), func(pin tickets.PIN) (string, error) {
			return desk.Hash(context.Background(), pin)
		})
	})
	return func(t *testing.T) []tickets.Account {
		t.Helper()
		accounts, err := load()
		if err != nil {
			t.Fatal(err)
		}
		return accounts
	}
}()

// playCall is one file: a gateway at 192.0.2.1, a telephone at 192.0.2.2, both in memory.
func playCall(t *testing.T, archive *txtar.Archive, sounds *sounds, accounts []tickets.Account) *txtar.Archive {
	stage := newStage(t, sounds, accounts)
	defer stage.close()
	call := section(archive, "call")
	for line := range strings.Lines(call) {
		if err := stage.act(strings.Fields(line)); err != nil {
			t.Fatalf("%s: %v\nheard so far:\n%s", strings.TrimSpace(line), err, stage.transcript())
		}
	}
	stage.waitForEnd()
	return &txtar.Archive{Comment: archive.Comment, Files: []txtar.File{
		{Name: "call", Data: []byte(call)},
		{Name: "heard", Data: []byte(stage.transcript())},
		{Name: "ticket", Data: []byte(stage.tickets())},
		{Name: "record", Data: []byte(stage.records())},
		{Name: "ladder", Data: []byte(stage.ladder())},
	}}
}

func section(archive *txtar.Archive, name string) string {
	for _, file := range archive.Files {
		if file.Name == name {
			return string(file.Data)
		}
	}
	return ""
}

// A stage is a gateway and a telephone that calls it, with what is to be seen of both.
type stage struct {
	t      *testing.T
	server *server
	served chan error
	stop   context.CancelFunc
	phone  *phone
	call   *phoneCall

	mu       sync.Mutex
	lines    []string
	messages []string
	heard    chan string // prompts as they begin
}

const (
	gatewayAddress = "192.0.2.1"
	phoneAddress   = "192.0.2.2"
)

func newStage(t *testing.T, sounds *sounds, accounts []tickets.Account) *stage {
	network := memnet.New()
	store, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.PutAccounts(t.Context(), accounts); err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, served: make(chan error, 1), heard: make(chan string, 10_000)}
	s.server, err = newServer(t.Context(), stageConfig(t), slog.New(slog.DiscardHandler), parts{
		store: store, sounds: sounds, noHTTP: true, network: inMemory(network),
		listen: []sip.Listen{{Network: "udp", Address: gatewayAddress + ":5060", PacketConn: listenMemory(t, network, gatewayAddress)}},
		watch:  s.watch, message: s.message,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.phone, err = newPhone(phoneParts{
		listen:  sip.Listen{Network: "udp", Address: phoneAddress + ":5060", PacketConn: listenMemory(t, network, phoneAddress)},
		media:   media.Config{Address: netip.MustParseAddr(phoneAddress), Network: inMemory(network)},
		gateway: []netip.Prefix{netip.MustParsePrefix(gatewayAddress + "/32")},
		log:     slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	go func() { s.served <- s.server.serve(ctx) }()
	synctest.Wait()
	return s
}

func stageConfig(t *testing.T) *config.Config {
	c := config.Default()
	c.Data = t.TempDir()
	c.Identify.Pepper = testPepper
	c.RTP.Address = netip.MustParseAddr(gatewayAddress)
	c.Trunks[0].Name = "carrier"
	c.Trunks[0].Networks = []netip.Prefix{netip.MustParsePrefix(phoneAddress + "/32")}
	c.Trunks[0].TrustCaller = true
	ring := config.Duration(3 * time.Second)
	for i := range c.Numbers {
		if c.Numbers[i].Number == "+16503976096" {
			c.Numbers[i].RingTime = &ring
		}
	}
	return c
}

func inMemory(network *memnet.Network) func(netip.AddrPort) (media.PacketConn, error) {
	return func(at netip.AddrPort) (media.PacketConn, error) { return network.Listen(at.String()) }
}

func listenMemory(t *testing.T, network *memnet.Network, host string) *memnet.Conn {
	conn, err := network.Listen(host + ":5060")
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func (s *stage) close() {
	s.stop()
	if err := errors.Join(<-s.served, s.phone.close(), s.server.close()); err != nil {
		s.t.Error(err)
	}
}

// act does what one line of a call says.
func (s *stage) act(words []string) error {
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "dials":
		return s.dial(words[1:])
	case s.call == nil:
		return errors.New("nobody has dialled")
	case words[0] == "hears":
		return s.hear(words[1:])
	case words[0] == "presses":
		return s.call.press(s.t.Context(), words[1])
	case words[0] == "speaks":
		return s.timed(words[1], func(ctx context.Context) error { return s.call.speak(ctx, s.babble()...) })
	case words[0] == "waits":
		return s.timed(words[1], func(ctx context.Context) error { <-ctx.Done(); return nil })
	case words[0] == "holds":
		return s.call.hold(s.t.Context(), true)
	case words[0] == "resumes":
		return s.call.hold(s.t.Context(), false)
	case words[0] == "hangs":
		s.waitForNothing(s.call.hangup(s.t.Context()))
		return nil
	}
	return fmt.Errorf("nobody knows how to %q", words[0])
}

func (s *stage) waitForNothing(error) { s.waitForEnd() }

// dial understands "NUMBER[;ext=2] from NUMBER|anonymous [and cancels]".
func (s *stage) dial(words []string) error {
	if len(words) < 3 || words[1] != "from" {
		return errors.New("write: dials NUMBER from NUMBER")
	}
	user, parameters, _ := strings.Cut(words[0], ";")
	if parameters != "" {
		user += ";" + parameters
	}
	ctx := s.t.Context()
	if slices.Contains(words, "cancels") {
		limited, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		ctx = limited
	}
	session, err := s.phone.lift()
	if err != nil {
		return err
	}
	call, err := s.phone.dial(ctx, session, "sip:"+user+"@"+gatewayAddress+";user=phone", words[2])
	if err != nil {
		s.note("caller:   " + "is not connected: " + err.Error())
		return s.idle(err)
	}
	s.call = call
	return nil
}

func (s *stage) idle(error) error { synctest.Wait(); return nil }

// patience is how long a call may take to say what the file expects.
const patience = 20 * time.Minute

func (s *stage) hear(names []string) error {
	for _, name := range names {
		for heard := ""; heard != name; {
			select {
			case heard = <-s.heard:
			case <-time.After(patience):
				return fmt.Errorf("%s was never said", name)
			}
		}
	}
	return nil
}

func (s *stage) timed(length string, do func(context.Context) error) error {
	d, err := time.ParseDuration(length)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), d)
	defer cancel()
	if err := do(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// babble is half a minute of speech.
func (s *stage) babble() []*media.Clip {
	words, err := s.server.gateway.sounds.clip(ivr.Prompt{Locale: "en-GB", Name: "severity-1"})
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.Repeat([]*media.Clip{words}, 10)
}

// waitForEnd waits until the call is over and its record kept.
func (s *stage) waitForEnd() {
	if s.call == nil {
		return
	}
	select {
	case <-s.call.ended():
	case <-time.After(patience):
		s.t.Errorf("the call never ends; heard:\n%s", s.transcript())
	}
	s.call.close()
	s.call = nil
	time.Sleep(time.Second) // on the fake clock: the gateway's side ends too
	synctest.Wait()
}

func (s *stage) watch(_ *sip.Call, step ivr.Step) {
	line := transcriptLine(step)
	s.mu.Lock()
	s.lines = append(s.lines, line...)
	s.mu.Unlock()
	for _, prompt := range step.Prompts {
		if prompt.Name != "" {
			s.heard <- prompt.Name
		}
	}
}

func (s *stage) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

// transcriptLine is one step as people read it.
func transcriptLine(step ivr.Step) []string {
	switch step.Kind {
	case ivr.Said:
		var names []string
		for _, prompt := range step.Prompts {
			if prompt.Name == "" {
				continue
			}
			name := prompt.Name
			if digit, ok := strings.CutPrefix(name, "digit-"); ok {
				name = digit[:1]
			}
			if prompt.Locale != step.Locale && prompt.Name != toneName {
				name += "[" + prompt.Locale + "]"
			}
			names = append(names, name)
		}
		return []string{"readback: " + strings.Join(names, " ")}
	case ivr.Pressed:
		return []string{"caller:   " + step.Keys}
	case ivr.Recorded:
		return []string{fmt.Sprintf("          %s: %.0f s, ended by %s", step.Kind, step.Recording.Length.Seconds(), step.Recording.EndedBy)}
	case ivr.Registered, ivr.Acknowledged:
		return []string{fmt.Sprintf("          %s: %s", step.Kind, step.Ticket)}
	default:
		return []string{fmt.Sprintf("          %s", step.Kind)}
	}
}

func (s *stage) message(e sip.Event) {
	if e.Kind != sip.Received && e.Kind != sip.Sent || e.Status == 100 {
		return
	}
	arrow := map[sip.Kind]string{sip.Received: ">", sip.Sent: "<"}[e.Kind]
	what := e.Method
	if e.Status != 0 {
		what = fmt.Sprintf("%d (%s)", e.Status, e.Method)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, arrow+" "+what)
}

func (s *stage) transcript() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return joined(s.lines)
}

func (s *stage) ladder() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return joined(s.messages)
}

func joined(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// tickets are what the store holds, with events and outbox.
func (s *stage) tickets() string {
	var lines []string
	found, err := allTickets(s.t.Context(), s.server.store, "", 0)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, t := range found {
		d, err := readDossier(s.t.Context(), s.server.store, t.Number)
		if err != nil {
			s.t.Fatal(err)
		}
		lines = append(lines, ticketLines(d)...)
	}
	return joined(lines)
}

func ticketLines(d dossier) []string {
	t := d.Ticket
	lines := []string{fmt.Sprintf("%s %v %s account=%s plan=%s callback=%s verified=%t window=%v recorded=%t told=%s",
		t.Number, t.Priority, t.Kind, orDash(t.Account), orDash(t.Plan), orDash(t.Callback), t.Verified, t.Due.Sub(t.Received),
		t.Recording != "", orDash(t.AcknowledgedBy))}
	for _, event := range d.Events {
		lines = append(lines, "event "+event.What)
	}
	for _, notice := range d.Outbox {
		state := fmt.Sprintf("due after %v", notice.Due.Sub(t.Received).Round(time.Second))
		if !notice.Cancelled.IsZero() {
			state = "cancelled"
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("outbox %s %s %s", notice.Kind, notice.Reason, state)))
	}
	return lines
}

// records are the call records, the first call first.
func (s *stage) records() string {
	found, err := s.server.store.ListCalls(s.t.Context(), tickets.CallPage{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for _, r := range slices.Backward(found) {
		lines = append(lines, fmt.Sprintf("%s status=%d ticket=%s account=%s language=%s keys=%q reason=%q",
			r.Disposition, r.Status, orDash(string(r.Ticket)), orDash(r.Account), orDash(r.Language), r.Keys, r.Reason))
	}
	return joined(lines)
}
