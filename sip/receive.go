package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// receive carries one message of a trunk to where it belongs. It is called in the order of arrival and
// must not block. A panic costs this message, nothing else.
func (u *UserAgent) receive(p []byte, f *flow) {
	defer func() {
		if r := recover(); r != nil {
			u.observe(Event{Kind: Panicked, Trunk: f.trunkName(), Peer: f.peer, Text: fmt.Sprintf("%v\n%s", r, debug.Stack())})
		}
	}()
	if len(bytes.Trim(p, "\r\n\x00")) == 0 {
		return // keep-alive
	}
	if v := u.config.Limits.judge(p); v != nil {
		u.rejectRaw(p, f, v.status, v.rule, v.text)
		return
	}
	f.raw = p
	defer func() { f.raw = nil }()
	h, body, fault := readHead(p)
	if fault != "" {
		u.rejectHead(h, p, f, malformed(fault))
		return
	}
	m, v := h.read(body)
	if v != nil {
		u.rejectHead(h, p, f, v)
		return
	}
	switch m := m.(type) {
	case *sipgo.Request:
		m.SetTransport(sipgo.NetworkToUpper(f.wire.network()))
		m.SetSource(f.peer.String())
		if u.claim(m, f) {
			u.receiveRequest(m, f)
		} else if f.trunk != u.door.now.Load().proxy || f.trunk == nil {
			u.strangers.add(f.source.Addr())
		}
	case *sipgo.Response:
		u.receiveResponse(m, f)
	}
}

// claim finds the trunk whose request it is; false for a stranger's.
func (u *UserAgent) claim(req *sipgo.Request, f *flow) bool {
	named := u.takeProxyHeader(req)
	if f.trunk == nil {
		return u.invited(req, f)
	}
	d := u.door.now.Load()
	f.trunk = d.renew(f.trunk, f.source.Addr())
	if f.trunk == d.proxy {
		return u.proxied(req, named, f, d)
	}
	return !f.trunk.past.Load() || u.belongs(req, f)
}

func (u *UserAgent) receiveRequest(req *sipgo.Request, f *flow) {
	u.observeMessage(Received, req, f, f.raw)
	f.answerTo(req.Via())
	switch req.Method {
	case sipgo.ACK:
		u.receiveAck(req, f)
		return
	case sipgo.CANCEL:
		u.receiveCancel(req, f)
		return
	}
	key := transactionKey(req, req.Method, f.trunk)
	if u.repeated(key) {
		return
	}
	call := u.dialogOf(req, f)
	if !u.withinRate(req, f, call) {
		return
	}
	tx, err := u.newServerTx(key, req, f)
	if err != nil {
		return
	}
	u.dispatch(tx, call)
}

// withinRate keeps a trunk within its messages a second. The BYE of a call is always heard: it ends the traffic.
func (u *UserAgent) withinRate(req *sipgo.Request, f *flow, call *Call) bool {
	messages := f.trunk.messages
	if call != nil {
		messages = call.messages
	}
	if messages.take() || req.Method == sipgo.BYE && call != nil && call.ctx.Err() == nil {
		return true
	}
	u.reject(req, f, &verdict{503, "message-rate", "too many messages a second", []sipgo.Header{retryAfterCap()}})
	return false
}

// dispatch is the table of methods.
func (u *UserAgent) dispatch(tx *serverTx, call *Call) {
	req := tx.req
	v := u.understand(req, tx.trunk)
	if v == nil {
		v = checkSIPS(tx)
	}
	if v != nil {
		tx.refuse(v)
		return
	}
	if tagOf(req.To().Params) == "" {
		u.dispatchOutside(tx)
		return
	}
	if call == nil {
		tx.refuse(&verdict{481, "no-dialog", "no call has this Call-ID and these tags", nil})
		return
	}
	if !call.inOrder(req) {
		tx.refuse(&verdict{500, "cseq", "the CSeq is not higher than the last one's", nil})
		return
	}
	call.comesBy(tx.flow)
	switch req.Method {
	case sipgo.INVITE:
		call.receiveOffer(tx)
	case sipgo.PRACK:
		call.receivePrack(tx)
	case sipgo.UPDATE:
		call.receiveUpdate(tx)
	case sipgo.NOTIFY:
		call.receiveNotify(tx)
	case sipgo.BYE:
		call.receiveBye(tx)
	case sipgo.INFO:
		call.receiveInfo(tx)
	case sipgo.OPTIONS:
		u.receiveOptions(tx, call)
	}
}

// dispatchOutside takes the requests that belong to no dialog.
func (u *UserAgent) dispatchOutside(tx *serverTx) {
	if tx.merged {
		tx.refuse(&verdict{482, "merged", "the same request came by another way", nil})
		return
	}
	switch tx.req.Method {
	case sipgo.INVITE:
		u.receiveInvite(tx)
	case sipgo.OPTIONS:
		u.receiveOptions(tx, nil)
	default: // the others make no sense outside a dialog
		tx.refuse(&verdict{481, "no-dialog", "the request names no dialog", nil})
	}
}

// receiveResponse carries a response to the transaction that waits for it; others are dropped.
func (u *UserAgent) receiveResponse(res *sipgo.Response, f *flow) {
	key, err := sipgo.ClientTxKeyMake(res)
	if err != nil {
		return
	}
	u.mu.Lock()
	tx := u.clients[key]
	u.mu.Unlock()
	if tx == nil || !tx.flow.trunk.owns(f) {
		return
	}
	u.observeMessage(Received, res, f, f.raw)
	tx.receive(u, res)
}

// answerTo decides where responses go: to the source address, at the source port when rport asks for
// it and else at the port of the Via; and says so in the Via (RFC 3261 section 18.2.1, RFC 3581).
func (f *flow) answerTo(via *sipgo.ViaHeader) {
	if via.Params == nil {
		via.Params = sipgo.NewParams()
	}
	via.Params.Add("received", f.peer.Addr().String())
	port := defaultPort(f.wire.network())
	if via.Port > 0 && via.Port < 1<<16 {
		port = uint16(via.Port)
	}
	f.again = netip.AddrPortFrom(f.peer.Addr(), port)
	if i := slices.IndexFunc(via.Params, func(p sipgo.HeaderKV) bool { return strings.EqualFold(p.K, "rport") }); i >= 0 {
		via.Params[i].V = strconv.Itoa(int(f.peer.Port()))
	} else if f.wire.network() == "udp" && (f.trunk == nil || !f.trunk.Quirks.ForceRport) {
		f.peer = f.again
	}
	if conn, ok := f.wire.(*connection); ok && via.Params.Has("alias") {
		f.ua.leads(conn, f.again) // RFC 5923 section 5
	}
}
