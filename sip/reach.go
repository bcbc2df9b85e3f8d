package sip

import (
	"net/netip"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// hopNetwork is the transport that a hop of a dialog asks for, or else the one that there is: sips is TLS
// (RFC 3261 section 26.2.2), and what we cannot do is not asked for.
func (u *UserAgent) hopNetwork(uri sipgo.Uri, otherwise string) string {
	wanted, _ := uri.UriParams.Get("transport")
	wanted = strings.ToLower(wanted)
	switch {
	case isSecure(otherwise), isWebSocket(otherwise):
		return otherwise // what began in secret stays so, and only its peer opens a WebSocket
	case uri.Scheme == "sips":
		return "tls"
	case wanted == "udp" && u.hasListener(wanted), wanted == "tcp", wanted == "tls":
		return wanted
	}
	return otherwise
}

// portOf is the port of a URI, or the one that its transport has by default.
func portOf(uri sipgo.Uri) uint16 {
	if uri.Port > 0 && uri.Port < 1<<16 {
		return uint16(uri.Port)
	}
	if transport, _ := uri.UriParams.Get("transport"); uri.Scheme == "sips" || strings.EqualFold(transport, "tls") {
		return defaultPort("tls")
	}
	return defaultPort("udp")
}

func defaultPort(network string) uint16 {
	if isSecure(network) {
		return uint16(sipgo.DefaultTlsPort)
	}
	return uint16(sipgo.DefaultUdpPort)
}

// trunkTo is the trunk of a URI and the target it leads to: the one that has the address, or else the one
// that has the host among its TLS names and proves it.
func (u *UserAgent) trunkTo(uri sipgo.Uri, to Target) *trunk {
	if t := u.door.peer(to.Address.Addr()); t != nil {
		return t
	}
	for _, t := range u.door.now.Load().trunks {
		if t.reaches(to.Network, to.Address.Addr()) && namesAny(t.TLSNames, []string{uri.Host}) {
			return t
		}
	}
	return nil
}

func (u *UserAgent) hasListener(network string) bool {
	return u.listenerOf(network, netip.Addr{}) != nil
}

// listenerOf is a listener of a network: the one at the address, or else the first of its family.
func (u *UserAgent) listenerOf(network string, local netip.Addr) *supervised {
	var found *supervised
	for _, l := range u.listeners {
		at := l.local().Addr()
		if l.network != network || local.IsValid() && !serves(at, local) {
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
		if udp, ok := l.listener.(*udpListener); ok && serves(l.local().Addr(), to) {
			return udp
		}
	}
	return nil
}

// serves says whether a socket at an address reaches another: of the same family, or [::], which is both.
func serves(at, other netip.Addr) bool {
	return at.Is4() == other.Is4() || at == netip.IPv6Unspecified()
}
