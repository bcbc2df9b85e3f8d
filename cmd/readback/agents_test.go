package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/ivr"
	"readback/media"
	"readback/media/recognize"
	"readback/sip"
	"readback/testdata/memnet"
)

const agentAddress = "192.0.2.3"

// An agentPhone is what rings at the agents'. What it does about the next call is set before.
type agentPhone struct {
	agent  *sip.UserAgent
	media  *media.Engine
	stop   context.CancelFunc
	served chan error

	mu      sync.Mutex
	does    string        // "answers", "is busy", "rings" or "refuses"
	after   time.Duration // rings
	then    string        // does about the call after the next one, if not the same
	forks   bool          // another phone answers as well
	outcome string        // of a transfer
	call    *sip.Call
	session *media.Session
	ear     *tellTale
	book    *recognize.Book
	clips   map[string]*media.Clip
}

func newAgentPhone(t *testing.T, network *memnet.Network) *agentPhone {
	t.Helper()
	a := &agentPhone{served: make(chan error, 1), does: "rings"}
	var err error
	if a.media, err = media.New(media.Config{Address: netip.MustParseAddr(agentAddress), Network: inMemory(network)}); err != nil {
		t.Fatal(err)
	}
	a.agent, err = sip.New(sip.Config{
		Listen:  []sip.Listen{{Network: "udp", Address: agentAddress + ":5060", PacketConn: &forking{listenMemory(t, network, agentAddress), a}}},
		Trunks:  []sip.Trunk{{Name: "gateway", Networks: []netip.Prefix{netip.MustParsePrefix(gatewayAddress + "/32")}}},
		Numbers: func(*sip.Trunk, string) bool { return true }, Log: slog.New(slog.DiscardHandler),
	}, a)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	a.stop = stop
	go func() { a.served <- a.agent.Serve(ctx) }()
	return a
}

func (a *agentPhone) close() error {
	a.agent.Close()
	a.stop()
	err := <-a.served
	a.media.Close()
	return err
}

// ServeCall does what was said.
func (a *agentPhone) ServeCall(ctx context.Context, call *sip.Call) {
	session, err := a.media.Open(media.Options{})
	if err != nil {
		return
	}
	defer session.Close()
	if call.Ring(ctx) != nil {
		return
	}
	a.mu.Lock()
	does, after := a.does, a.after
	if a.then != "" {
		a.does, a.then = a.then, ""
	}
	a.mu.Unlock()
	switch does {
	case "rings":
		<-ctx.Done()
		return
	case "is busy":
		_ = call.Refuse(486, "")
		return
	case "refuses":
		_ = call.Refuse(603, "")
		return
	}
	select {
	case <-time.After(after):
	case <-ctx.Done():
		return
	}
	a.mu.Lock()
	a.call, a.session, a.ear = call, session, a.listen(session)
	a.mu.Unlock()
	if call.Answer(ctx, session) == nil {
		<-ctx.Done()
	}
}

// currentCall is the last one that was answered; nil before.
func (a *agentPhone) currentCall() *sip.Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.call
}

// listen names what is heard on a session.
func (a *agentPhone) listen(session *media.Session) *tellTale {
	e := &tellTale{}
	if a.book == nil {
		return e
	}
	listener := a.book.Listen()
	session.Tap(func(pcm []int16, _ int) { e.add(listener.Hear(pcm)) })
	return e
}

// A tellTale knows what was heard.
type tellTale struct {
	mu    sync.Mutex
	heard []string
}

func (e *tellTale) add(matches []recognize.Match) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, match := range matches {
		e.heard = append(e.heard, match.Name)
	}
}

func (e *tellTale) take() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard := strings.Join(e.heard, " ")
	e.heard = nil
	return heard
}

// offerAgents has the gateway put callers through.
func (s *stage) offerAgents(way string) {
	now := *s.server.gateway.now.Load()
	c := *now.config
	c.Agents.Connect, c.Agents.Trunk, c.Agents.Way = "sip:+14155550199@"+agentAddress, "pbx", way
	now.config = &c
	s.server.gateway.now.Store(&now)
}

// learnPrompts has both ends know a few prompts by their sound: it is those that they say to each other.
func (s *stage) learnPrompts() {
	now := s.server.gateway.now.Load()
	music, err := now.sounds.music.decode()
	if err != nil {
		s.t.Fatal(err)
	}
	clips := map[string][]int16{"music": music.PCM()}
	s.agent.clips = map[string]*media.Clip{}
	for _, name := range []string{"severity-1", "severity-2", "severity-3", "goodbye"} {
		clip, err := now.sounds.clip(ivr.Prompt{Locale: "en-GB", Name: name})
		if err != nil {
			s.t.Fatal(err)
		}
		s.agent.clips[name], clips[name] = clip, clip.PCM()
	}
	s.agent.book = recognize.NewBook(clips)
}

// agentDoes understands what is said of the agent.
func (s *stage) agentDoes(words []string) error {
	a := s.agent
	switch strings.Join(words[:min(2, len(words))], " ") {
	case "answers after", "forks after":
		d, err := time.ParseDuration(words[2])
		a.mu.Lock()
		defer a.mu.Unlock()
		a.does, a.after, a.forks = "answers", d, words[0] == "forks"
		return err
	case "is busy", "rings", "refuses":
		a.mu.Lock()
		defer a.mu.Unlock()
		a.does = strings.Join(words, " ")
		return nil
	case "is transferred", "is unreachable":
		a.mu.Lock()
		defer a.mu.Unlock()
		a.outcome = map[string]string{"transferred": "SIP/2.0 200 OK", "unreachable": "SIP/2.0 486 Busy Here"}[words[1]]
		return nil
	}
	if len(words) == 2 && words[0] == "hangs" {
		return a.call.Hangup(s.t.Context())
	}
	if len(words) == 2 && words[0] == "then" {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.then = words[1]
		return nil
	}
	if len(words) == 2 && words[0] == "presses" {
		if err := a.session.SendKeys(s.t.Context(), words[1]); !errors.Is(err, media.ErrClosed) { // the key may have ended the call
			return err
		}
		return nil
	}
	if len(words) == 2 && words[0] == "babbles" {
		return s.timed(words[1], func(ctx context.Context) error { return a.session.Play(ctx, s.babble()...) })
	}
	if len(words) == 2 && words[0] == "says" {
		return s.crosses(words[1], "agent", a.session, s.ear)
	}
	if len(words) == 2 && words[0] == "gets" {
		ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
		defer cancel()
		for _, want := range []byte(words[1]) {
			key, err := a.session.ReadKey(ctx)
			if err != nil {
				return err
			}
			if byte(key) != want {
				return fmt.Errorf("the agent gets the key %q, not %q", key, want)
			}
		}
		return nil
	}
	return fmt.Errorf("no agent knows how to %q", words)
}

// crosses has one end say something, and notes what the other end has heard since it was asked last.
func (s *stage) crosses(name, who string, from *media.Session, there *tellTale) error {
	if err := from.Play(s.t.Context(), s.agent.clips[name]); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	synctest.Wait()
	s.note(fmt.Sprintf("%-9s says %s, on the other side is heard: %s", who+":", name, cmp.Or(there.take(), "nothing")))
	return nil
}

// A forking connection is a proxy's before two phones: both ring and answer, the other one a little later.
type forking struct {
	*memnet.Conn
	agent *agentPhone
}

// laterFork is how long after the first phone the other one does the same.
const laterFork = 50 * time.Millisecond

var tagOfTo = regexp.MustCompile(`(?m)^(To: .*;tag=)`)

func (f *forking) WriteTo(p []byte, to net.Addr) (int, error) {
	n, err := f.Conn.WriteTo(p, to)
	f.agent.mu.Lock()
	forks := f.agent.forks
	f.agent.mu.Unlock()
	answers := bytes.HasPrefix(p, []byte("SIP/2.0 180")) || bytes.HasPrefix(p, []byte("SIP/2.0 200"))
	if err == nil && forks && answers && ofMethod("INVITE", p) {
		other := tagOfTo.ReplaceAll(p, []byte("${1}other-"))
		time.AfterFunc(laterFork, func() { _, _ = f.Conn.WriteTo(other, to) })
	}
	return n, err
}

// A transferring connection takes REFER for the telephone behind it (RFC 3515): it says that it tries, and what came of it.
type transferring struct {
	*memnet.Conn
	stage *stage
}

func (c *transferring) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.Conn.ReadFrom(p)
		switch {
		case err == nil && bytes.HasPrefix(p[:n], []byte("REFER ")):
			err = c.transfer(string(p[:n]), from)
		case err == nil && ofMethod("NOTIFY", p[:n]):
		default:
			return n, from, err
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

func (c *transferring) transfer(refer string, gateway net.Addr) error {
	c.stage.agent.mu.Lock()
	outcome := c.stage.agent.outcome
	c.stage.agent.mu.Unlock()
	head := func(name string) string {
		_, value, _ := strings.Cut(refer, "\r\n"+name+": ")
		value, _, _ = strings.Cut(value, "\r\n")
		return value
	}
	contact := regexp.MustCompile(`<(.*?)>`).FindStringSubmatch(head("Contact"))
	if contact == nil {
		return errors.New("a REFER without Contact")
	}
	same := "From: " + head("From") + "\r\nTo: " + head("To") + "\r\nCall-ID: " + head("Call-ID") + "\r\n"
	messages := []string{"SIP/2.0 202 Accepted\r\nVia: " + head("Via") + "\r\n" + same + "CSeq: " + head("CSeq") + "\r\nContact: <sip:" + phoneAddress + ">\r\nContent-Length: 0\r\n\r\n"}
	seq, _, _ := strings.Cut(head("CSeq"), " ")
	for i, news := range []struct{ state, line string }{{"active;expires=60", "SIP/2.0 100 Trying"}, {"terminated;reason=noresource", outcome}} {
		messages = append(messages, fmt.Sprintf("NOTIFY %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bKnotify%s%d\r\nMax-Forwards: 70\r\n"+
			"From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s%d NOTIFY\r\nContact: <sip:%s>\r\nEvent: refer;id=%s\r\nSubscription-State: %s\r\n"+
			"Content-Type: message/sipfrag\r\nContent-Length: %d\r\n\r\n%s",
			contact[1], phoneAddress, seq, i, head("To"), head("From"), head("Call-ID"), seq, 10+i, phoneAddress, seq, news.state, len(news.line), news.line))
	}
	for _, m := range messages {
		if _, err := c.WriteTo([]byte(m), gateway); err != nil {
			return err
		}
	}
	return nil
}

// ofMethod reports whether a message belongs to a request of a method.
func ofMethod(method string, message []byte) bool {
	_, seq, _ := bytes.Cut(message, []byte("\r\nCSeq: "))
	seq, _, _ = bytes.Cut(seq, []byte("\r\n"))
	return bytes.HasSuffix(seq, []byte(" "+method))
}
