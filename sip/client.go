package sip

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	sipgo "github.com/emiago/sipgo/sip"
)

// A clientTx is a request of ours and the peer's answers to it.
type clientTx struct {
	tx      *sipgo.ClientTx
	req     *sipgo.Request
	flow    *flow
	started chan struct{}         // closed when responses may be given to tx
	heard   func(*sipgo.Response) // when set, sees responses as they come in; set before any does

	// takeBack, when set, is asked for the final response once nobody waits for it any more; heard says that there was
	// a provisional one.
	takeBack func(heard bool) (*sipgo.Response, error)

	lost atomic.Bool // its connection broke, twice or with no other way

	mu       sync.Mutex
	decided  bool           // a final response came
	refused  bool           // and it was no 2xx
	resent   bool           // over another connection
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
	if t.heard != nil {
		t.heard(res)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = t.refused || !t.decided && !res.IsProvisional() && !res.IsSuccess()
	t.decided = t.decided || !res.IsProvisional()
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
	if conn, ok := f.wire.(*connection); ok && conn.ours() {
		via.Params.Add("alias", "") // RFC 5923 section 5: the peer may send its requests here
	}
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
	return u.sendWith(req, f, func(*clientTx) {})
}

// sendWith does so after prepare, which sees the transaction before any answer.
func (u *UserAgent) sendWith(req *sipgo.Request, f *flow, prepare func(*clientTx)) (*clientTx, error) {
	f.trunk.Quirks.drop(req)
	f = u.outgrow(req, f)
	key, err := sipgo.ClientTxKeyMake(req)
	if err != nil {
		return nil, fmt.Errorf("sip: %w", err)
	}
	t := &clientTx{req: req, flow: f, started: make(chan struct{}), tx: sipgo.NewClientTx(key, req, f, quiet)}
	prepare(t)
	u.mu.Lock()
	if u.stopped && u.ctx.Err() != nil && req.Method == sipgo.INVITE {
		u.mu.Unlock()
		return nil, ErrClosed
	}
	u.clients[key] = t
	u.mu.Unlock()
	t.tx.OnTerminate(func(string, error) { u.forgetClient(key, t) })
	if conn, ok := f.wire.(*connection); ok && req.Method == sipgo.REGISTER {
		conn.registers.Store(true)
	}
	err = t.tx.Init()
	close(t.started)
	if err != nil {
		t.tx.Terminate()
		return nil, fmt.Errorf("sip: cannot send: %w", err)
	}
	return t, nil
}

// final waits for the final response. When ctx ends first the transaction is taken back or given up.
func (t *clientTx) final(ctx context.Context) (*sipgo.Response, error) {
	for heard := false; ; heard = true {
		select {
		case res := <-t.tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
		case <-t.tx.Done():
			return nil, t.failure()
		case <-ctx.Done():
			if t.takeBack != nil {
				return t.takeBack(heard)
			}
			t.tx.Terminate()
			return nil, context.Cause(ctx)
		}
	}
}

// isDecided says that a final response came.
func (t *clientTx) isDecided() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.decided
}

func (t *clientTx) failure() error {
	if t.lost.Load() {
		return ErrConnection
	}
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
	copyCredentials(t.req, ack)
	if len(session) > 0 {
		ack.AppendHeader(header("Content-Type", sdpType))
		ack.SetBody(session)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ack, t.way = ack, way
	return way.WriteMsg(ack)
}

// copyCredentials gives the ACK of a 2xx those of its INVITE (RFC 3261 section 22.1).
func copyCredentials(from, to *sipgo.Request) {
	sipgo.CopyHeaders("Authorization", from, to)
	sipgo.CopyHeaders("Proxy-Authorization", from, to)
}

// repeatAck answers a repeated 200 with the same ACK; the first one may have been lost.
func (t *clientTx) repeatAck() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ack != nil {
		_ = t.way.WriteMsg(t.ack)
	}
}

func (c *Call) contact() *sipgo.ContactHeader { return c.ua.contact(c.dialog.flow, c.dialog.secure) }
