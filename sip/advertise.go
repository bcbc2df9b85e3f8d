package sip

import (
	"net"
	"net/netip"
	"slices"

	sipgo "github.com/emiago/sipgo/sip"
)

// advertised is the host and port that Via and Contact show for a flow: the local ones, or what the
// listener or the configuration says is outside the NAT. A peer on this side of the NAT, or of the other
// address family, is shown the local address.
func (u *UserAgent) advertised(f *flow) (host string, port int) {
	local, l := u.ourEnd(f.wire)
	advertise := u.config.Advertise
	if l != nil && l.advertise != "" {
		advertise = l.advertise
	}
	if advertise != "" && !u.isLocal(f.peer.Addr()) {
		host, port = splitAdvertised(advertise, int(local.Port()))
		addr, err := netip.ParseAddr(host)
		if err != nil || !f.peer.IsValid() || addr.Is4() == f.peer.Addr().Is4() {
			return host, port
		}
	}
	addr := local.Addr()
	if addr.IsUnspecified() {
		addr = addressTowards(f.peer)
	}
	return addr.WithZone("").String(), int(local.Port())
}

// ourEnd is the local address of a wire, at the port where we listen, and the listener there.
func (u *UserAgent) ourEnd(w wire) (netip.AddrPort, *supervised) {
	local := w.local()
	l := u.listenerOf(w.network(), local.Addr())
	if conn, ok := w.(*connection); ok && conn.ours() && l != nil {
		local = netip.AddrPortFrom(local.Addr(), l.local().Port())
	}
	for _, other := range u.listeners { // several may share an address
		if other.network == w.network() && other.local() == local {
			return local, other
		}
	}
	return local, l
}

func (u *UserAgent) isLocal(peer netip.Addr) bool {
	return slices.ContainsFunc(u.config.LocalNetworks, func(n netip.Prefix) bool { return n.Contains(peer) })
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

// contact is where the peer sends its requests inside a dialog. A dialog that a sips URI made stays with
// it, and that says TLS by itself (RFC 5630 sections 3.1.3 and 4.1.2).
func (u *UserAgent) contact(f *flow, secure bool) *sipgo.ContactHeader {
	host, port := u.advertised(f)
	network := f.wire.network()
	uri := sipgo.Uri{Scheme: "sip", User: "readback", Host: host, Port: port}
	if secure && isSecure(network) {
		uri.Scheme = "sips"
	}
	switch {
	case isWebSocket(network):
		uri.UriParams.Add("transport", "ws") // RFC 7118 section 5.2.3: also over TLS
	case network != "udp" && uri.Scheme == "sip":
		uri.UriParams.Add("transport", network)
	}
	return &sipgo.ContactHeader{Address: uri}
}
