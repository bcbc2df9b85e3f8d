package sip

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	sipgo "github.com/emiago/sipgo/sip"
)

// A wire carries bytes: a UDP listener, or one connection.
type wire interface {
	network() string // "udp", "tcp", "tls", "ws" or "wss"
	local() netip.AddrPort
	send(p parcel) error
}

var errBroken = errors.New("the connection is broken")

// A flow is where messages go to: a peer on a wire. It is the Connection that sipgo's transactions
// write to. Nothing else writes messages. One is observed before it leaves, so that its answer is never
// observed first; should it not leave after all, a Note follows.
type flow struct {
	ua    *UserAgent
	wire  wire
	peer  netip.AddrPort // where messages go
	trunk *trunk
	// source is where the message came from that made the flow.
	source netip.AddrPort
	// again is where a message goes when its connection is gone: a response to the source, at the port of
	// the Via (RFC 3261 section 18.2.2), a request to the peer.
	again netip.AddrPort
	// raw is the message that is being received; nil when that is done.
	raw []byte
	// detour is the connection that took the place of one that broke.
	detour atomic.Pointer[connection]
}

// carrier is what carries the messages now.
func (f *flow) carrier() wire {
	if c := f.detour.Load(); c != nil {
		return c
	}
	return f.wire
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// WriteMsg sends a message to the peer.
func (f *flow) WriteMsg(m sipgo.Message) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	m.StringWrite(b)
	return f.write(m, b.Bytes())
}

// encode makes the bytes of a message.
func encode(m sipgo.Message) []byte {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	m.StringWrite(b)
	return bytes.Clone(b.Bytes())
}

// resend sends the bytes of a message of ours once more.
func (f *flow) resend(p []byte) error {
	h, body, _ := readHead(p)
	m, v := h.message(body)
	if v != nil {
		return f.deliver(parcel{flow: f, bytes: p}) // it was good enough the first time
	}
	return f.write(m, p)
}

// write sends a message that has been made bytes of.
func (f *flow) write(m sipgo.Message, p []byte) error {
	f.ua.observeMessage(Sent, m, f, p)
	req, _ := m.(*sipgo.Request)
	if req != nil && req.Method == sipgo.ACK {
		req = nil
	}
	return f.deliver(parcel{flow: f, bytes: p, req: req})
}

// deliver does not wait for the peer. What it learns of a connection later on becomes a Note, and the failure of a request.
func (f *flow) deliver(p parcel) error {
	err := f.carrier().send(p)
	if errors.Is(err, errBroken) && f.again.IsValid() {
		err = f.ua.sendAnew(p)
	}
	if err != nil {
		f.noteUnsent(err)
	}
	return err
}

func (f *flow) noteUnsent(err error) {
	f.ua.observe(Event{Kind: Note, Trunk: f.trunkName(), Peer: f.peer, Rule: "unsent", Text: "the last message was not sent: " + err.Error()})
}

// LocalAddr is the address of our end.
func (f *flow) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(f.wire.local()) }

// Ref, TryClose and Close do nothing: wires are closed by who opened them.
func (f *flow) Ref(int) int { return 1 }

// TryClose does nothing, see Ref.
func (f *flow) TryClose() (int, error) { return 1, nil }

// Close does nothing, see Ref.
func (f *flow) Close() error { return nil }
