package sip

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"readback/sip/auth"
)

// Defaults of Config and Trunk.
const (
	DefaultMaxCalls       = 2000
	DefaultMaxCallTime    = 30 * time.Minute
	DefaultSessionExpires = 30 * time.Minute
	DefaultMinSE          = leastExpires
	DefaultCallsPerSecond = 10
	DefaultBurst          = 20
)

// Config is what a UserAgent needs to know. Listen and Trunks are required; every other zero field
// means its default. New copies it; later changes have no effect.
type Config struct {
	// Listen are the addresses where messages come in.
	Listen []Listen
	// Advertise is the host or address that Via and Contact show, with an optional port;
	// empty is the local address towards the peer. A peer of the other address family sees the local one.
	Advertise string
	// LocalNetworks are on our side of the NAT: peers there see the local address, not an advertised one.
	LocalNetworks []netip.Prefix
	// Trunks are the peers. A source outside all their networks is never answered, unless a listener challenges it.
	Trunks []Trunk
	// Proxies are SIP proxies of our own in front of the gateway. A request from one belongs to the trunk in whose
	// Networks the address lies that ProxyHeader holds; responses and requests inside its call go by the proxy.
	Proxies []netip.Prefix
	// ProxyHeader is the name of a header with one IP address, with or without a port, such as X-Source. It is
	// removed from every request, and ignored from everyone but Proxies.
	ProxyHeader string
	// ClientCAs sign the client certificates of trunks with TLSNames; nil is the system's authorities.
	ClientCAs *x509.CertPool
	// RootCAs sign the server certificates of trunks that we connect to by TLS; nil is the system's.
	RootCAs *x509.CertPool
	// Limits bound what peers may use.
	Limits Limits
	// Numbers says whether a number (E.164) is answered for a trunk; nil answers every number.
	Numbers func(trunk *Trunk, e164 string) bool
	// MaxCalls is the cap on calls at once on all trunks, DefaultMaxCalls when zero.
	MaxCalls int
	// Realm is what listeners that challenge ask a name and password for; Advertise when empty, or else UserAgent.
	Realm string
	// UserAgent is the product name shown in Server and User-Agent; "readback" when empty.
	UserAgent string
	// RingTime is how long Call.Ring lets a number (E.164) ring; nil is not at all.
	RingTime func(called string) time.Duration
	// Verifier checks signatures on callers' numbers, such as a *stir.Verifier; nil does not.
	Verifier Verifier
	// Resolver finds where a name in a URI leads; nil is A and AAAA records alone.
	Resolver Resolver
	// MaxCallTime is how long an answered call may last, DefaultMaxCallTime when zero.
	MaxCallTime time.Duration
	// SessionExpires is the session interval (RFC 4028) that is asked for, and the longest that is agreed to: a call
	// that is not refreshed in it ends. DefaultSessionExpires when zero; negative turns session timers off.
	SessionExpires time.Duration
	// MinSE is the shortest session interval that is agreed to, DefaultMinSE when zero and never less.
	MinSE time.Duration
	// DrainTime is how long running calls may go on once Serve's context has ended.
	DrainTime time.Duration
	// Overload says why new calls are refused (503, also to OPTIONS outside a call) and how long a peer is asked to
	// stay away; an empty reason takes calls. It is asked at each of them, so it must be quick. nil takes all.
	Overload func() (reason string, retry time.Duration)
	// Observe, when set, is told every fact: messages, refusals, trouble. It is called from many
	// goroutines, also while a call is locked, so it must be quick and must not call back.
	Observe func(Event)
	// Trace gives Observe the messages themselves, masked: Event.Message.
	Trace bool
	// Log gets trouble with listeners and panics when there is no Observe; nil is slog.Default().
	Log *slog.Logger
}

// Listen is one address where messages come in.
type Listen struct {
	// Network is "udp", "tcp", "tls", "ws" or "wss" (WebSocket, RFC 7118).
	Network string
	// Address is host:port. A listener that died is opened again here.
	Address string
	// TLS are the certificates of a tls or wss listener.
	TLS *Certificates
	// Origins are the web origins, such as "https://support.example.com", whose pages may open a WebSocket
	// here; empty is any client, also one that is no page.
	Origins []string
	// Advertise is shown in place of Config.Advertise to peers of this listener.
	Advertise string
	// Challenge asks an INVITE of a source outside all trunks for the name and password of one (Trunk.AuthUsers),
	// in place of silence.
	Challenge bool
	// Algorithms are offered by a challenge, best first: "SHA-256", "MD5" (RFC 8760). Empty is both, in that order. An
	// answer by another is wrong.
	Algorithms []string
	// PacketConn and Listener, when set, are used instead of opening Address the first time.
	PacketConn net.PacketConn
	Listener   net.Listener
}

// Trunk is a peer: a carrier or SBC, known by its source addresses, by its certificate, or by both.
type Trunk struct {
	Name string
	// Networks are the sources of its messages, and the only places to which we send to it.
	Networks []netip.Prefix
	// TLSNames are SIP domains of which its certificate must name one (RFC 5922 section 7): then it comes by
	// TLS only, from its Networks if there are any and else from anywhere. The server that we connect to by
	// TLS must show one of them too, or else the host of the URI. A name is compared as a whole:
	// "*.example.com" is had by a certificate with that very name, and by no other.
	TLSNames []string
	// ClientCAs and RootCAs are for this trunk in place of those of Config.
	ClientCAs, RootCAs *x509.CertPool
	// ClientCertificate is shown to the trunk's servers when they ask; nil is none.
	ClientCertificate *Certificates
	// AuthUsers are names and passwords by which its calls are known on listeners that challenge.
	AuthUsers []Credentials
	// Registrations say where we register, so that its calls come here.
	Registrations []Registration
	// Ping is how often the targets of Address are asked by OPTIONS whether they are there; 0 is never.
	Ping time.Duration
	// Quirks are what it does or wants other than most.
	Quirks Quirks
	// Country is the region of its national numbers, such as "US" (ISO 3166-1).
	Country string
	// TrustCaller vouches for the caller that its TrustIdentity headers, or else From, name.
	TrustCaller bool
	// TrustIdentity are the headers that name the caller, the first that holds a number counts: P-Asserted-Identity,
	// P-Preferred-Identity, Remote-Party-ID. When empty: P-Asserted-Identity with TrustCaller, and none without.
	TrustIdentity []string
	// Verstat believes what the carrier says of its check of a caller's signature (ATIS-1000074).
	Verstat bool
	// CallsPerSecond and Burst bound its new calls; DefaultCallsPerSecond and DefaultBurst when zero.
	CallsPerSecond int
	Burst          int
	// MaxCalls is its cap on calls at once; Config.MaxCalls when zero.
	MaxCalls int
	// Address is the SIP URI of the next hop for calls to the trunk, such as "sip:sbc.example.com;transport=tcp".
	Address string
	// FailOver is how long a target of Address may say nothing before the next one is tried; 64*T1 (32 s) when zero.
	FailOver time.Duration
	// Username, Password and Realm answer the trunk's challenges to requests of ours, for that realm alone.
	Username string
	Password Password
	Realm    string
	// Reliable is whether its provisional answers are acknowledged (RFC 3262); ReliableSupported when empty.
	Reliable Reliability
}

func (c Config) withDefaults() (Config, error) {
	c.MaxCalls = orDefault(c.MaxCalls, DefaultMaxCalls)
	c.MaxCallTime = orDefault(c.MaxCallTime, DefaultMaxCallTime)
	c.MinSE = orDefault(c.MinSE, DefaultMinSE)
	c.SessionExpires = orDefault(c.SessionExpires, max(DefaultSessionExpires, c.MinSE))
	c.Limits = c.Limits.withDefaults()
	c.UserAgent = orDefault(c.UserAgent, "readback")
	c.Realm = orDefault(c.Realm, orDefault(c.Advertise, c.UserAgent))
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Resolver == nil {
		c.Resolver = addresses{}
	}
	if c.Numbers == nil {
		c.Numbers = func(*Trunk, string) bool { return true }
	}
	if c.Overload == nil {
		c.Overload = func() (string, time.Duration) { return "", 0 }
	}
	if c.RingTime == nil {
		c.RingTime = func(string) time.Duration { return 0 }
	}
	return c, c.check()
}

func (c Config) check() error {
	var problems []error
	if len(c.Listen) == 0 {
		problems = append(problems, errors.New("sip: no listen address; give one such as udp 127.0.0.1:5060"))
	}
	for _, l := range c.Listen {
		problems = append(problems, l.check())
	}
	for _, t := range c.Trunks {
		for _, name := range t.TrustIdentity {
			if _, ok := identityHeader(name); !ok {
				problems = append(problems, fmt.Errorf("sip: trunk %s: %q names no caller; write %s, %s or %s", t.Name, name, AssertedIdentity, PreferredIdentity, RemotePartyID))
			}
		}
		problems = append(problems, t.checkOutbound())
		switch t.Reliable {
		case "", ReliableSupported, ReliableRequired, ReliableOff:
		default:
			problems = append(problems, fmt.Errorf("sip: trunk %s: reliable is %q; write supported, required or off", t.Name, t.Reliable))
		}
	}
	if c.MinSE < leastExpires {
		problems = append(problems, fmt.Errorf("sip: the shortest session interval is %v; RFC 4028 wants at least %v", c.MinSE, leastExpires))
	}
	if c.SessionExpires > 0 && c.SessionExpires < c.MinSE {
		problems = append(problems, fmt.Errorf("sip: the session interval %v is shorter than the shortest that is agreed to, %v", c.SessionExpires, c.MinSE))
	}
	problems = append(problems, c.Limits.check(), ambiguous(c.Trunks))
	if len(c.Trunks) == 0 {
		problems = append(problems, errors.New("sip: no trunk; without one every message is a stranger's"))
	}
	return errors.Join(append(problems, c.checkProxies(), checkTrunks(c.Trunks))...)
}

func (l Listen) check() error {
	at, _ := netip.ParseAddrPort(l.Address)
	switch {
	case !slices.Contains([]string{"udp", "tcp", "tls", "ws", "wss"}, l.Network):
		return fmt.Errorf("sip: listen network %q of %q is neither udp nor tcp, tls, ws, wss", l.Network, l.Address)
	case isSecure(l.Network) && (l.TLS == nil || len(l.TLS.now().pairs) == 0):
		return fmt.Errorf("sip: listening on %s %s needs a certificate", l.Network, l.Address)
	case !isSecure(l.Network) && l.TLS != nil:
		return fmt.Errorf("sip: listening on %s %s has a certificate that nobody would see; give tls or wss", l.Network, l.Address)
	case len(l.Origins) > 0 && !isWebSocket(l.Network):
		return fmt.Errorf("sip: listening on %s %s has origins, which are for ws and wss", l.Network, l.Address)
	case at.Addr().Zone() != "":
		return fmt.Errorf("sip: %s is the address of one link; give one without a zone", l.Address)
	}
	if err := auth.Algorithms(l.Algorithms).Check(); err != nil {
		return fmt.Errorf("sip: listening on %s %s: %w", l.Network, l.Address, err)
	}
	return nil
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
