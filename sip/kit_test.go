package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/testdata/memnet"
)

// The gateway under test, a carrier's two addresses, and a stranger.
const (
	gateway  = "192.0.2.1:5060"
	carrier  = "198.51.100.7:5060"
	carrier2 = "198.51.100.8:5060"
	rival    = "203.0.113.9:5060"
	stranger = "233.252.0.1:5060"
)

var errRefused = errors.New("refused by the test")

// A negotiator answers every session description but those that hold "refuse".
type negotiator struct {
	mu    sync.Mutex
	heard []string
	block chan struct{} // when set, Answer waits for it
	takes time.Duration // that Accept does
}

func (n *negotiator) Answer(offer []byte) ([]byte, error) {
	if n.block != nil {
		<-n.block
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heard = append(n.heard, "answer "+string(offer))
	if strings.Contains(string(offer), "refuse") {
		return nil, errRefused
	}
	return []byte("answer to " + string(offer)), nil
}

func (n *negotiator) Offer() ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heard = append(n.heard, "offer")
	return []byte("our offer"), nil
}

func (n *negotiator) Accept(answer []byte) error {
	time.Sleep(n.takes)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heard = append(n.heard, "accept "+string(answer))
	if strings.Contains(string(answer), "refuse") {
		return errRefused
	}
	return nil
}

func (n *negotiator) log() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.heard, ", ")
}

// A rig is a gateway on a network in memory, in a synctest bubble.
type rig struct {
	t      *testing.T
	net    *memnet.Network
	ua     *UserAgent
	served chan error
	stop   context.CancelFunc

	mu     sync.Mutex
	events []Event
	causes []error // of the calls that ended, in that order
}

// inBubble runs a test on a fake clock against a gateway that serves calls with f.
func inBubble(t *testing.T, f func(ctx context.Context, c *Call), test func(r *rig), changes ...func(*Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f, changes...)
		test(r)
	})
}

func newRig(t *testing.T, f func(ctx context.Context, c *Call), changes ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, net: memnet.New(), served: make(chan error, 1)}
	config := Config{
		Listen: []Listen{{Network: "udp", PacketConn: r.listen(gateway)}},
		Trunks: []Trunk{
			{Name: "carrier", Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Country: "US", TrustCaller: true},
			{Name: "rival", Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, Country: "US"},
		},
		Numbers: func(_ *Trunk, e164 string) bool { return e164 == "+18887999666" },
		Observe: r.observe,
	}
	for _, change := range changes {
		change(&config)
	}
	var err error
	r.ua, err = New(config, HandlerFunc(func(ctx context.Context, c *Call) {
		context.AfterFunc(ctx, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.causes = append(r.causes, context.Cause(ctx))
		})
		f(ctx, c)
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.served <- r.ua.Serve(ctx) }()
	t.Cleanup(func() { // also after a failure; a goroutine that stays fails the bubble
		stop()
		if err := <-r.served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	synctest.Wait()
	return r
}

func (r *rig) listen(addr string) net.PacketConn {
	c, err := r.net.Listen(addr)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) observe(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// rules are the rules of all refusals so far.
func (r *rig) rules() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var rules []string
	for _, e := range r.events {
		if e.Kind == Refused {
			rules = append(rules, e.Rule)
		}
	}
	return strings.Join(rules, " ")
}

func (r *rig) count(kind Kind) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// ended waits for the end of a call's handler and checks its cause.
func (r *rig) ended(want error) {
	r.t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.causes) == 0 {
		r.t.Fatalf("the call did not end; want %v", want)
	}
	if got := r.causes[0]; !errors.Is(got, want) {
		r.t.Errorf("the call ended with %v, want %v", got, want)
	}
	r.causes = r.causes[1:]
}

// A peer speaks raw SIP from one address.
type peer struct {
	*rig
	addr string
	conn net.PacketConn
	got  chan string
}

func (r *rig) peer(addr string) *peer {
	p := &peer{rig: r, addr: addr, conn: r.listen(addr), got: make(chan string, 256)}
	r.t.Cleanup(func() { p.conn.Close() })
	go func() {
		buffer := make([]byte, 1<<16)
		for {
			n, _, err := p.conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			p.got <- string(buffer[:n])
		}
	}()
	return p
}

func (p *peer) send(m any) {
	p.t.Helper()
	if _, err := p.conn.WriteTo([]byte(fmt.Sprint(m)), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(gateway))); err != nil {
		p.t.Fatal(err)
	}
}

// expect takes the next message and checks how it starts.
func (p *peer) expect(start string) string {
	p.t.Helper()
	return p.expectWithin(2*time.Minute, start)
}

func (p *peer) expectWithin(patience time.Duration, start string) string {
	p.t.Helper()
	select {
	case m := <-p.got:
		if !strings.HasPrefix(m, start) {
			p.t.Fatalf("got %q, want %q", firstLineOf(m), start)
		}
		return m
	case <-time.After(patience):
		p.t.Fatalf("got nothing, want %q", start)
	}
	return ""
}

// quiet checks that nothing comes for a while.
func (p *peer) quiet(d time.Duration) {
	p.t.Helper()
	select {
	case m := <-p.got:
		p.t.Fatalf("got %q, want silence", firstLineOf(m))
	case <-time.After(d):
	}
}

// skip drops what has come so far.
func (p *peer) skip() {
	synctest.Wait()
	for len(p.got) > 0 {
		<-p.got
	}
}

func firstLineOf(m string) string { line, _, _ := strings.Cut(m, "\r\n"); return line }

// field is the value of the first header with a name; empty when there is none.
func field(m, name string) string {
	for line := range strings.SplitSeq(m, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func bodyOf(m string) string { _, body, _ := strings.Cut(m, "\r\n\r\n"); return body }

func toTag(m string) string { _, tag, _ := strings.Cut(field(m, "To"), ";tag="); return tag }

// A msg is a request to write; it is a value, so that a test changes a copy.
type msg struct {
	method, uri, version string // of a raw one, method is the whole text and version "raw"
	via, branch          string
	from, to, callID     string
	cseq                 int
	contact              string
	headers              string // whole lines
	kind, body           string
}

func invite() msg {
	return msg{
		method: "INVITE", uri: "sip:+18887999666@192.0.2.1", version: "SIP/2.0", via: carrier, branch: "z9hG4bK-1",
		from: "<sip:+14155550100@198.51.100.7>;tag=abc", to: "<sip:+18887999666@192.0.2.1>", callID: "call-1", cseq: 1,
		contact: "<sip:sbc@198.51.100.7:5060>", kind: "application/sdp", body: "an offer",
	}
}

func (m msg) String() string {
	if m.version == "raw" {
		return m.method
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\r\nVia: SIP/2.0/UDP %s;branch=%s\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n",
		m.method, m.uri, m.version, m.via, m.branch, m.from, m.to, m.callID, m.cseq, m.method)
	if m.contact != "" {
		fmt.Fprintf(&b, "Contact: %s\r\n", m.contact)
	}
	b.WriteString(m.headers)
	if m.body != "" {
		fmt.Fprintf(&b, "Content-Type: %s\r\n", m.kind)
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(m.body), m.body)
	return b.String()
}

// with is a request of the same caller: same Call-ID and From, its own branch, no body.
func (m msg) with(method string, cseq int) msg {
	m.method, m.cseq, m.branch, m.body, m.headers = method, cseq, fmt.Sprintf("z9hG4bK-%s-%d", method, cseq), "", ""
	return m
}

// inside is a request inside the dialog that a response made.
func (m msg) inside(method string, cseq int, res string) msg {
	m = m.with(method, cseq)
	m.to += ";tag=" + toTag(res)
	m.uri = "sip:readback@" + gateway
	return m
}

// change is one that has a session.
func (m msg) change(method string, cseq int, res, session string) msg {
	c := m.inside(method, cseq, res)
	c.kind, c.body = "application/sdp", session
	return c
}

// update is an UPDATE inside the dialog that a response made.
func (m msg) update(cseq int, res, session string) msg { return m.change("UPDATE", cseq, res, session) }

func (m msg) ack(res string) msg {
	ack := m.with("ACK", m.cseq)
	if strings.HasPrefix(res, "SIP/2.0 2") {
		return m.inside("ACK", m.cseq, res)
	}
	ack.branch = m.branch
	ack.to = field(res, "To")
	return ack
}

func (m msg) cancel() msg {
	c := m.with("CANCEL", m.cseq)
	c.branch, c.contact = m.branch, ""
	return c
}

// respond makes a response to a request that we got.
func respond(req string, status string, headers ...string) string {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + status + "\r\n")
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		value := field(req, name)
		if name == "To" && !strings.Contains(value, "tag=") && !strings.HasPrefix(status, "100") {
			value += ";tag=peer"
		}
		b.WriteString(name + ": " + value + "\r\n")
	}
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.String()
}

// answers is a handler that answers at once and stays until the call ends.
func answers(n Negotiator) func(context.Context, *Call) {
	return func(ctx context.Context, c *Call) {
		if err := c.Answer(ctx, n); err == nil {
			<-ctx.Done()
		}
	}
}

// rings is a handler that never answers.
func rings(ctx context.Context, c *Call) {
	if err := c.Ring(ctx); err == nil {
		<-ctx.Done()
	}
}

// establish makes an answered and acknowledged call, and gives the 200.
func (p *peer) establish(m msg) string {
	p.t.Helper()
	p.send(m)
	ok := p.expect("SIP/2.0 200")
	p.send(m.ack(ok))
	synctest.Wait()
	return ok
}

// A talk is an answered call of the carrier's.
type talk struct {
	*peer
	n  *negotiator
	m  msg    // its INVITE
	ok string // the 200
}

// inTalk runs a test in a bubble with an answered call.
func inTalk(t *testing.T, test func(c *talk), changes ...func(*Config)) {
	t.Helper()
	n := &negotiator{}
	inBubble(t, answers(n), func(r *rig) {
		c := &talk{peer: r.peer(carrier), n: n, m: invite()}
		c.ok = c.establish(c.m)
		test(c)
	}, changes...)
}

// change is a request inside the call that changes its session.
func (c *talk) change(method string, cseq int, session string) msg {
	return c.m.change(method, cseq, c.ok, session)
}

// waits sends a change whose answer waits until the negotiator's block is closed.
func (c *talk) waits(change msg) {
	c.n.block = make(chan struct{})
	c.send(change)
	synctest.Wait()
}

// hangsUp ends the call, which was up.
func (c *talk) hangsUp(cseq int) {
	c.t.Helper()
	c.send(c.m.inside("BYE", cseq, c.ok))
	c.expect("SIP/2.0 200")
	c.ended(ErrHangup)
}

// negotiated checks all sessions of the call so far.
func (c *talk) negotiated(want string) {
	c.t.Helper()
	if got := c.n.log(); got != want {
		c.t.Errorf("negotiated %q, want %q", got, want)
	}
}

// pausing checks the Retry-After of a 500 (RFC 3261 section 14.2, RFC 3311 section 5.2).
func pausing(t *testing.T, res string) {
	t.Helper()
	if s, err := strconv.Atoi(field(res, "Retry-After")); err != nil || s < 0 || s > 10 {
		t.Errorf("Retry-After %q, want 0 to 10", field(res, "Retry-After"))
	}
}

// leavesNothing checks that nothing is kept of calls that ended, once their timers have run.
func (p *peer) leavesNothing() {
	p.t.Helper()
	time.Sleep(2 * time.Minute)
	p.skip()
	p.ua.mu.Lock()
	defer p.ua.mu.Unlock()
	if left := len(p.ua.servers) + len(p.ua.completed) + len(p.ua.dialogs) + len(p.ua.all) + len(p.ua.parked) + len(p.ua.merges) + p.ua.active; left != 0 {
		p.t.Errorf("%d things are left of the call", left)
	}
}

// answersThen is a handler that answers, does something to the call a second later, and stays until it ends.
func answersThen(n Negotiator, f func(ctx context.Context, c *Call)) func(context.Context, *Call) {
	return func(ctx context.Context, c *Call) {
		if c.Answer(ctx, n) != nil {
			return
		}
		time.Sleep(time.Second)
		f(ctx, c)
		<-ctx.Done()
	}
}
