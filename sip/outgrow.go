package sip

import (
	"net/netip"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

const (
	requestFits   = 1300             // bytes of a request in a datagram (RFC 3261 section 18.1.1)
	withoutTCP    = 10 * time.Minute // a peer that refused TCP is not asked again for so long
	withoutTCPMax = 64               // peers of a trunk that are remembered so
)

// outgrow gives a request that is too large for a datagram a connection instead, with the Via that belongs
// to it. It goes by UDP all the same when there is none to be had.
func (u *UserAgent) outgrow(req *sipgo.Request, f *flow) *flow {
	if f.wire.network() != "udp" || len(req.String()) <= requestFits {
		return f
	}
	note := Event{Kind: Note, Trunk: f.trunkName(), Peer: f.peer, CallID: callIDOf(req), Method: string(req.Method), Rule: "large-request"}
	note.Text = "the request may not fit one datagram on the way"
	if u.hasListener("tcp") && f.trunk.mayHaveTCP(f.peer) {
		conn, err := u.connect(f.trunk, "tcp", f.peer, "")
		if err == nil {
			wide := &flow{ua: u, wire: conn, peer: f.peer, source: f.source, trunk: f.trunk, again: f.peer}
			u.viaFor(req, wide)
			return wide
		}
		f.trunk.hasNoTCP(f.peer)
		note.Text += ": " + err.Error()
	}
	u.observe(note)
	return f
}

// viaFor writes the top Via anew for the wire that a request takes.
func (u *UserAgent) viaFor(req *sipgo.Request, f *flow) {
	via := req.Via()
	via.Transport = sipgo.NetworkToUpper(f.wire.network())
	via.Host, via.Port = u.advertised(f)
	req.SetTransport(via.Transport)
}

func (t *trunk) mayHaveTCP(peer netip.AddrPort) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Now().After(t.noTCP[peer])
}

func (t *trunk) hasNoTCP(peer netip.AddrPort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.noTCP == nil || len(t.noTCP) >= withoutTCPMax {
		t.noTCP = map[netip.AddrPort]time.Time{}
	}
	t.noTCP[peer] = time.Now().Add(withoutTCP)
}
