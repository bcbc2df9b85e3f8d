package resolve

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// A want is what a URI says of where it leads.
type want struct {
	host    string // lower case, without a last dot
	addr    netip.Addr
	port    uint16 // 0 when it says none
	network string // "" when it says none
	secure  bool   // sips
}

func parse(uri string) (want, error) {
	var u sip.Uri
	if err := sip.ParseUri(uri, &u); err != nil || u.Scheme != "sip" && u.Scheme != "sips" {
		return want{}, fmt.Errorf("resolve: %q is no SIP URI; write it as sip:host", uri)
	}
	w := want{host: u.Host, secure: u.Scheme == "sips"}
	if maddr, ok := u.UriParams.Get("maddr"); ok && maddr != "" {
		w.host = maddr
	}
	if u.Port < 0 || u.Port > 65535 {
		return want{}, fmt.Errorf("resolve: %s: %d is no port", uri, u.Port)
	}
	w.port = uint16(u.Port)
	if transport, ok := u.UriParams.Get("transport"); ok {
		if w.network = w.over(strings.ToLower(transport)); w.network == "" {
			return want{}, fmt.Errorf("resolve: %s: the transport %s is not known here", uri, transport)
		}
	}
	w.host = strings.ToLower(strings.TrimSuffix(w.host, "."))
	if addr, err := netip.ParseAddr(strings.Trim(w.host, "[]")); err == nil {
		w.addr = addr.Unmap()
	} else if !isName(w.host) {
		return want{}, fmt.Errorf("resolve: %s: %q is no name", uri, w.host)
	}
	return w, nil
}

// over is the transport that a parameter means, within TLS for sips (RFC 3261 section 26.2.2).
func (w want) over(transport string) string {
	switch {
	case transport == "tls", transport == "tcp" && w.secure:
		return "tls"
	case transport == "ws" && w.secure:
		return "wss"
	case transport == "udp" && w.secure:
		return ""
	case transport == "udp", transport == "tcp", transport == "ws", transport == "wss":
		return transport
	}
	return ""
}

// usual is the transport that the URI says, or else the one of its scheme (RFC 3263 section 4.1).
func (w want) usual() string {
	switch {
	case w.network != "":
		return w.network
	case w.secure:
		return "tls"
	}
	return "udp"
}

// portOr is the port that the URI says, or else the one of a transport (RFC 3261 section 19.1.2, RFC 7118 section 5).
func (w want) portOr(network string) uint16 {
	switch {
	case w.port != 0:
		return w.port
	case network == "tls":
		return 5061
	case network == "ws":
		return 80
	case network == "wss":
		return 443
	}
	return 5060
}

// isName says that a name can be asked for: labels of up to 63 letters, digits, hyphens and underscores, 253 in all.
func isName(s string) bool {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-_"
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, alphabet) != "" {
			return false
		}
	}
	return true
}
