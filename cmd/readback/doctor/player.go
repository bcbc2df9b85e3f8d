package doctor

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const (
	checkTime   = 45 * time.Second // the longest that a check may take
	endTime     = 2 * time.Second  // for what ends its call
	tries       = 4                // of a check, where the gateway has too much to do
	longestBusy = 5 * time.Second
	t1          = 500 * time.Millisecond
)

// A Target is the gateway to which a persona speaks.
type Target struct {
	Address  netip.AddrPort
	From     netip.Addr  // our address
	Number   string      // that it answers, as the persona writes it
	Digits   string      // that number without its plus
	TLS      *tls.Config // of a persona that comes by TLS
	Settings map[string]bool
	// Observe is told every message, in the order in which they went and came; may be nil.
	Observe func(sent bool, message []byte)
}

// Verdicts.
const (
	Pass    = "pass"
	Fail    = "FAIL"
	Skipped = "skipped"
)

// A Result is what a check found.
type Result struct {
	Persona  string  `json:"persona"`
	Check    string  `json:"check"`
	Verdict  string  `json:"verdict"`
	RFC      string  `json:"rfc"`
	MS       float64 `json:"ms"`
	Why      string  `json:"why,omitempty"`      // it was skipped
	Step     string  `json:"step,omitempty"`     // that failed, with its line in the persona
	Expected string  `json:"expected,omitempty"` // there
	Got      string  `json:"got,omitempty"`      // instead
	Header   string  `json:"header,omitempty"`   // that is at fault
	Advice   string  `json:"advice,omitempty"`
}

// A failure is what a step found instead of what was expected.
type failure struct{ expected, got, header string }

func (f *failure) Error() string { return "expected " + f.expected + ", got " + f.got }

// A player is the carrier's end in one check.
type player struct {
	persona *Persona
	check   *Check
	to      Target
	wire    *wire
	ear     *ear
	ears    []*ear
	pending []*message
	sent    map[string][]byte // the last message by method
	seen    map[string]bool   // requests that got some response, by CSeq

	callID, tag, remoteTag, target string
	routes                         []string
	sequence, inviteSequence       int
	branch, inviteBranch, rack     string
	inviteURI, inviteTo            string
	version                        int
	soundFrom                      int      // the port that the gateway has named last
	request                        *message // the last one that came
	last                           string   // method of the last request sent
	lastSequence                   int
	answered, ended, acked         bool // the INVITE; the call; its 200
	confirmed                      bool // there is a call: some INVITE was answered
	inviting                       bool // an INVITE waits for its final answer
	manual                         bool // the check sends PRACK itself
}

// Play makes one check. Nothing is left of its call afterwards.
func (p *Persona) Play(ctx context.Context, check *Check, to Target) Result {
	r := Result{Persona: p.Name, Check: check.Name, RFC: check.RFC}
	for _, need := range check.Needs {
		if !to.Settings[need] {
			r.Verdict, r.Why = Skipped, "the trunk is set without "+need
			return r
		}
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	step, err := p.play(ctx, check, to)
	for try := 1; try < tries && busy(err) > 0 && pause(ctx, busy(err)) == nil; try++ {
		begun = time.Now()
		step, err = p.play(ctx, check, to)
	}
	r.MS = float64(time.Since(begun).Microseconds()) / 1000
	if err == nil {
		r.Verdict = Pass
		return r
	}
	r.Verdict, r.Advice = Fail, check.Advice
	if step != nil {
		r.Step = fmt.Sprintf("line %d: %s", step.Line, step.Text)
	}
	if f, ok := errors.AsType[*failure](err); ok {
		r.Expected, r.Got, r.Header = f.expected, f.got, f.header
	} else {
		r.Expected, r.Got = "that it can be played", err.Error()
	}
	return r
}

// busy is how long the gateway wants to be left alone, having too much to do (RFC 3261 section 21.5.4).
func busy(err error) time.Duration {
	f, ok := errors.AsType[*failure](err)
	if !ok || !strings.Contains(f.got, " 503 ") {
		return 0
	}
	_, wanted, _ := strings.Cut(f.header, "Retry-After: ")
	seconds, _ := strconv.Atoi(wanted)
	return min(time.Duration(seconds)*time.Second, longestBusy)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Persona) play(ctx context.Context, check *Check, to Target) (*Step, error) {
	w, err := open(ctx, p.Transport, to.Address, netip.AddrPortFrom(to.From, 0), to.TLS)
	if err != nil {
		return nil, err
	}
	defer w.close()
	s := &player{persona: p, check: check, to: to, wire: w, sent: map[string][]byte{}, seen: map[string]bool{}, callID: token(12) + "@doctor", tag: token(6), sequence: 100}
	defer func() {
		for _, e := range s.ears {
			e.close()
		}
	}()
	if err := s.port(); err != nil {
		return nil, err
	}
	for _, step := range check.Steps {
		s.manual = s.manual || step.Kind == Send && step.Method == "PRACK"
	}
	defer s.end()
	for i := range check.Steps {
		if err := s.step(ctx, &check.Steps[i]); err != nil {
			return &check.Steps[i], err
		}
	}
	return nil, nil
}

func token(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func (s *player) port() error {
	e, err := listenSound(s.wire.local().Addr())
	if err != nil {
		return err
	}
	s.ear, s.ears = e, append(s.ears, e)
	return nil
}

func (s *player) step(ctx context.Context, step *Step) error {
	switch step.Kind {
	case Send:
		if step.Method == "" {
			return s.respond(step)
		}
		return s.send(step)
	case Again:
		return s.again(step.Method)
	case Merge:
		s.branch = "z9hG4bK" + token(8)
		return s.transmit(replaceBranch(s.sent[step.Method], s.branch))
	case Wait:
		return pause(ctx, step.Within)
	case Port:
		return s.port()
	case Hear, Quiet:
		return s.listen(ctx, step)
	}
	return s.expect(ctx, step)
}

func (s *player) again(method string) error {
	message, ok := s.sent[method]
	if !ok {
		return fmt.Errorf("no %s was sent that could be sent again", method)
	}
	return s.transmit(message)
}

// replaceBranch writes another branch into the topmost Via.
func replaceBranch(message []byte, branch string) []byte {
	before, after, ok := strings.Cut(string(message), ";branch=")
	if !ok {
		return message
	}
	end := strings.IndexAny(after, ";,\r")
	return []byte(before + ";branch=" + branch + after[max(end, 0):])
}

func (s *player) transmit(message []byte) error {
	if s.to.Observe != nil {
		s.to.Observe(true, message)
	}
	return s.wire.send(message)
}

// symmetric says whether sound comes from where the gateway wants it sent, as firewalls rely on (RFC 4961).
func (s *player) symmetric() error {
	if from := s.ear.from.Load(); s.soundFrom != 0 && int(from.Port()) != s.soundFrom {
		return &failure{fmt.Sprintf("sound from port %d of the answer", s.soundFrom), "sound from " + from.String(), ""}
	}
	return nil
}

// listen waits until sound arrives, or stops arriving.
func (s *player) listen(ctx context.Context, step *Step) error {
	begun, before := time.Now(), s.ear.packets.Load()
	for time.Since(begun) < step.Within {
		switch {
		case step.Kind == Hear && s.ear.packets.Load()-before >= heardPackets:
			return s.symmetric()
		case step.Kind == Quiet && s.ear.quiet(begun):
			return nil
		}
		if err := pause(ctx, soundTick); err != nil {
			return err
		}
	}
	if step.Kind == Quiet {
		return &failure{"no sound at port " + strconv.Itoa(s.ear.port()), fmt.Sprintf("%d packets in %v", s.ear.packets.Load()-before, step.Within), ""}
	}
	return &failure{fmt.Sprintf("sound at port %d within %v", s.ear.port(), step.Within), fmt.Sprintf("%d packets", s.ear.packets.Load()-before), ""}
}
