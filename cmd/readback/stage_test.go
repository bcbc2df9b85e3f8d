package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"readback/config"
	"readback/ivr"
	"readback/media"
	"readback/sip"
	"readback/testdata/memnet"
	"readback/tickets"
	"readback/tickets/sqlite"
)

// A stage is a gateway and a telephone that calls it, with what is to be seen of both.
type stage struct {
	t      *testing.T
	server *server
	served chan error
	stop   context.CancelFunc
	phone  *phone
	agent  *agentPhone
	office clerkroom
	call   *phoneCall
	ear    *tellTale
	mute   atomic.Bool  // nothing that the telephone says leaves it
	log    lockedBuffer // of the gateway

	mu       sync.Mutex
	lines    []string
	outside  []string // of the calls that the gateway makes
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
	s.server, err = newServer(t.Context(), stageConfig(t), slog.New(slog.NewTextHandler(&s.log, nil)), parts{
		store: store, sounds: sounds, noHTTP: true, noJobs: true, network: inMemory(network),
		listen: []sip.Listen{{Network: "udp", Address: gatewayAddress + ":5060", PacketConn: listenMemory(t, network, gatewayAddress)}},
		watch:  s.watch, message: s.message,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.phone, err = newPhone(phoneParts{
		listen:  sip.Listen{Network: "udp", Address: phoneAddress + ":5060", PacketConn: &transferring{Conn: listenMemory(t, network, phoneAddress), stage: s}},
		media:   media.Config{Address: netip.MustParseAddr(phoneAddress), Network: s.mutable(inMemory(network))},
		gateway: []netip.Prefix{netip.MustParsePrefix(gatewayAddress + "/32")},
		log:     slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.agent = newAgentPhone(t, network)
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
	c.Trunks = append(c.Trunks, c.Trunks[0])
	c.Trunks[1].Name, c.Trunks[1].Address = "pbx", "sip:"+agentAddress
	c.Trunks[1].Networks = []netip.Prefix{netip.MustParsePrefix(agentAddress + "/32")}
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

// mutable is a network on which nothing leaves while the telephone is mute.
func (s *stage) mutable(open func(netip.AddrPort) (media.PacketConn, error)) func(netip.AddrPort) (media.PacketConn, error) {
	return func(at netip.AddrPort) (media.PacketConn, error) {
		conn, err := open(at)
		return &mutableConn{conn, &s.mute}, err
	}
}

type mutableConn struct {
	media.PacketConn
	mute *atomic.Bool
}

func (c *mutableConn) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if c.mute.Load() {
		return len(p), nil
	}
	return c.PacketConn.WriteToAddrPort(p, to)
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
	s.office.work.Wait()
	if err := errors.Join(<-s.served, s.phone.close(), s.agent.close(), s.server.close()); err != nil {
		s.t.Error(err)
	}
}

// act does what one line of a call says.
func (s *stage) act(words []string) error {
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "declares":
		return s.declares(words[1:])
	case words[0] == "agents":
		s.offerAgents(words[1])
		s.learnPrompts()
		return nil
	case words[0] == "agent":
		return s.agentDoes(words[1:])
	case words[0] == "dials":
		return s.dial(words[1:])
	case words[0] == "office":
		return s.officeDoes(words[1:])
	case words[0] == "hears":
		return s.hear(words[1:])
	case words[0] == "waits":
		return s.timed(words[1], func(ctx context.Context) error { <-ctx.Done(); return nil })
	case s.call == nil:
		return errors.New("nobody has dialled")
	case words[0] == "presses":
		return s.call.press(s.t.Context(), words[1])
	case words[0] == "says":
		return s.crosses(words[1], "caller", s.call.session, s.agent.ear)
	case words[0] == "speaks":
		return s.timed(words[1], func(ctx context.Context) error { return s.call.speak(ctx, s.babble()...) })
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

// declares understands "PRIORITY for REGION[ with a recording]": agents know of a problem.
func (s *stage) declares(words []string) error {
	change := tickets.IncidentChange{By: "ann", Regions: []string{words[2]}, Text: map[string]string{"en-US": "Logins fail."}}
	if err := change.Priority.UnmarshalText([]byte(words[0])); err != nil {
		return err
	}
	if slices.Contains(words, "recording") {
		flac, err := fs.ReadFile(os.DirFS("../../ivr/prompts"), "en-US/severity-1.flac")
		if err != nil {
			return err
		}
		change.WAV = map[string][]byte{"en-US": flac}
	}
	if _, err := s.server.desk.Declare(s.t.Context(), "", change); err != nil {
		return err
	}
	time.Sleep(incidentPace) // on the fake clock: the gateway hears of it
	synctest.Wait()
	return nil
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
	s.ear = s.agent.listen(session)
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
	words, err := s.server.gateway.now.Load().sounds.clip(ivr.Prompt{Locale: "en-GB", Name: "severity-1"})
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

func (s *stage) watch(call *sip.Call, step ivr.Step) {
	line := transcriptLine(step)
	s.mu.Lock()
	if call.Trunk.Name == "pbx" {
		s.outside = append(s.outside, outward(line)...)
	} else {
		s.lines = append(s.lines, line...)
	}
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
