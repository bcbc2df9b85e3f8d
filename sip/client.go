package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	sipgo "github.com/emiago/sipgo/sip"
)

// requestFits is how large a request may be in a datagram (RFC 3261 section 18.1.1).
const requestFits = 1300

// A clientTx is a request of ours and the peer's answers to it.
type clientTx struct {
	tx      *sipgo.ClientTx
	req     *sipgo.Request
	flow    *flow
	started chan struct{} // closed when responses may be given to tx

	mu       sync.Mutex
	ack      *sipgo.Request // sent for the 200; repeated when the 200 is
	way      *flow
	incoming []*sipgo.Response
	carrying bool
}

// responsesWaiting bounds how many responses wait for one transaction; more are lost like any datagram.
const responsesWaiting = 16

// receive carries a response to sipgo's transaction, after those that came before. It does not wait: the
// transaction waits for its reader, and 4 s before it acknowledges a refusal again.
func (t *clientTx) receive(u *UserAgent, res *sipgo.Response) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.incoming) >= responsesWaiting {
		return
	}
	t.incoming = append(t.incoming, res)
	if !t.carrying {
		t.carrying = true
		u.work.Go(t.carry)
	}
}

func (t *clientTx) carry() {
	<-t.started
	for {
		t.mu.Lock()
		if len(t.incoming) == 0 {
			t.carrying = false
			t.mu.Unlock()
			return
		}
		res := t.incoming[0]
		t.incoming = t.incoming[1:]
		t.mu.Unlock()
		t.tx.Receive(res)
	}
}

// newRequest makes a request of a dialog, without Route and Contact.
func (u *UserAgent) newRequest(method sipgo.RequestMethod, uri sipgo.Uri, f *flow, d *dialog, seq uint32) *sipgo.Request {
	req := sipgo.NewRequest(method, uri)
	host, port := u.advertised(f)
	via := &sipgo.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: sipgo.NetworkToUpper(f.wire.network()), Host: host, Port: port}
	via.Params.Add("branch", sipgo.GenerateBranch())
	via.Params.Add("rport", "")
	hops, callID := sipgo.MaxForwardsHeader(maxForwards), sipgo.CallIDHeader(d.callID)
	for _, h := range []sipgo.Header{
		via, &hops,
		&sipgo.FromHeader{DisplayName: d.local.display, Address: d.local.address, Params: d.local.params},
		&sipgo.ToHeader{DisplayName: d.remote.display, Address: d.remote.address, Params: d.remote.params},
		&callID, &sipgo.CSeqHeader{SeqNo: seq, MethodName: method},
		header("User-Agent", u.config.UserAgent),
	} {
		req.AppendHeader(h)
	}
	req.SetTransport(sipgo.NetworkToUpper(f.wire.network()))
	req.SetBody(nil)
	return req
}

func withOffer(req *sipgo.Request, offer []byte) {
	if len(offer) > 0 {
		req.AppendHeader(header("Content-Type", sdpType))
		req.SetBody(offer)
	}
}

// send starts the transaction of a request.
func (u *UserAgent) send(req *sipgo.Request, f *flow) (*clientTx, error) {
	key, err := sipgo.ClientTxKeyMake(req)
	if err != nil {
		return nil, fmt.Errorf("sip: %w", err)
	}
	t := &clientTx{req: req, flow: f, started: make(chan struct{}), tx: sipgo.NewClientTx(key, req, f, quiet)}
	u.mu.Lock()
	if u.stopped && u.ctx.Err() != nil && req.Method == sipgo.INVITE {
		u.mu.Unlock()
		return nil, ErrClosed
	}
	u.clients[key] = t
	u.mu.Unlock()
	t.tx.OnTerminate(func(string, error) {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.clients, key)
	})
	if f.wire.network() == "udp" && len(req.String()) > requestFits {
		u.observe(Event{Kind: Note, Trunk: f.trunkName(), Peer: f.peer, CallID: callIDOf(req), Method: string(req.Method), Rule: "large-request", Text: "the request may not fit one datagram on the way"})
	}
	err = t.tx.Init()
	close(t.started)
	if err != nil {
		t.tx.Terminate()
		return nil, fmt.Errorf("sip: cannot send: %w", err)
	}
	return t, nil
}

// final waits for the final response. When ctx ends first the transaction is given up.
func (t *clientTx) final(ctx context.Context) (*sipgo.Response, error) {
	for {
		select {
		case res := <-t.tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
		case <-t.tx.Done():
			return nil, t.failure()
		case <-ctx.Done():
			t.tx.Terminate()
			return nil, context.Cause(ctx)
		}
	}
}

func (t *clientTx) failure() error {
	if err := t.tx.Err(); !errors.Is(err, sipgo.ErrTransactionTimeout) {
		return fmt.Errorf("sip: the request failed: %w", err)
	}
	return ErrTimeout
}

// acknowledge sends the ACK for the 200 of an INVITE inside the dialog (RFC 3261 section 13.2.2.4).
func (c *Call) acknowledge(t *clientTx, session []byte) error {
	c.mu.Lock()
	d := c.dialog
	c.mu.Unlock()
	ack, way, err := c.requestOf(&d, sipgo.ACK, t.req.CSeq().SeqNo)
	if err != nil {
		return err
	}
	if len(session) > 0 {
		ack.AppendHeader(header("Content-Type", sdpType))
		ack.SetBody(session)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ack, t.way = ack, way
	return way.WriteMsg(ack)
}

// repeatAck answers a repeated 200 with the same ACK; the first one may have been lost.
func (t *clientTx) repeatAck() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ack != nil {
		_ = t.way.WriteMsg(t.ack)
	}
}

// advertised is the host and port that Via and Contact show for a flow.
func (u *UserAgent) advertised(f *flow) (host string, port int) {
	local := f.wire.local()
	if conn, ok := f.wire.(*tcpConn); ok && conn.ours {
		if l := u.listenerOf("tcp", local.Addr()); l != nil {
			local = netip.AddrPortFrom(local.Addr(), l.local().Port())
		}
	}
	if u.config.Advertise != "" {
		return splitAdvertised(u.config.Advertise, int(local.Port()))
	}
	addr := local.Addr()
	if addr.IsUnspecified() {
		addr = addressTowards(f.peer)
	}
	return addr.String(), int(local.Port())
}

func splitAdvertised(advertise string, port int) (string, int) {
	if at, err := netip.ParseAddrPort(advertise); err == nil {
		return at.Addr().String(), int(at.Port())
	}
	if host, number, err := net.SplitHostPort(advertise); err == nil {
		if p, err := net.LookupPort("tcp", number); err == nil {
			return host, p
		}
	}
	return advertise, port
}

// addressTowards is the local address that the kernel would use to reach a peer; nothing is sent.
func addressTowards(peer netip.AddrPort) netip.Addr {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(peer))
	if err != nil {
		return netip.IPv4Unspecified()
	}
	defer conn.Close()
	return addrPort(conn.LocalAddr()).Addr()
}

// contact is where the peer sends its requests inside a dialog.
func (u *UserAgent) contact(f *flow) *sipgo.ContactHeader {
	host, port := u.advertised(f)
	uri := sipgo.Uri{Scheme: "sip", User: "readback", Host: host, Port: port}
	if network := f.wire.network(); network != "udp" {
		uri.UriParams.Add("transport", network)
	}
	return &sipgo.ContactHeader{Address: uri}
}

func (c *Call) contact() *sipgo.ContactHeader { return c.ua.contact(c.dialog.flow) }

func (u *UserAgent) hasListener(network string) bool {
	return u.listenerOf(network, netip.Addr{}) != nil
}

// listenerOf is a listener of a network: the one at the address, or else the first of its family.
func (u *UserAgent) listenerOf(network string, local netip.Addr) *supervised {
	var found *supervised
	for _, l := range u.listeners {
		at := l.local().Addr()
		if l.network != network || local.IsValid() && at.Is4() != local.Is4() && !at.IsUnspecified() {
			continue
		}
		if at == local {
			return l
		}
		if found == nil {
			found = l
		}
	}
	return found
}

// udpWire is the UDP listener from which we send to an address; nil when there is none.
func (u *UserAgent) udpWire(to netip.Addr) *udpListener {
	for _, l := range u.listeners {
		udp, ok := l.listener.(*udpListener)
		if at := l.local().Addr(); ok && (at.Is4() == to.Is4() || at.IsUnspecified()) {
			return udp
		}
	}
	return nil
}
