package config

import (
	"net/netip"
)

// SIP is the signalling side of the gateway.
type SIP struct {
	// The addresses on which calls are accepted.
	Listen []Listen `yaml:"listen" jsonschema:"minItems=1,maxItems=64"`
	// The IP address or host name that peers are told to answer to, when it is not the address listened on (behind NAT).
	Advertise string `yaml:"advertise" jsonschema:"pattern=^([A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?|::1|)$,maxLength=253" fix:"write an IP address or a host name, without a port"`
	// The User-Agent and Server header.
	UserAgent string `yaml:"user_agent" jsonschema:"pattern=^[A-Za-z0-9 ./_()+-]*$,maxLength=100" fix:"use letters, digits, spaces and ./_()+-"`
	// Calls at once over all trunks. More are answered 503 with Retry-After, which makes carriers try elsewhere.
	MaxCalls int `yaml:"max_calls" jsonschema:"minimum=1,maximum=100000"`
	// A call that lasts longer is ended.
	MaxCallTime Duration `yaml:"max_call_time" between:"1m,24h"`
	// The time a call rings before it is answered, where its number does not say otherwise. 0s answers at once.
	RingTime Duration `yaml:"ring_time" between:"0s,2m"`
}

// Listen is one address on which calls are accepted.
type Listen struct {
	// The transport.
	Network string `yaml:"network" jsonschema:"required,enum=udp,enum=tcp"`
	// IP address and port, like 192.0.2.10:5060 or [2001:db8::10]:5060. Address 0.0.0.0 is every IPv4 address; port 0 takes a free one.
	Address netip.AddrPort `yaml:"address" jsonschema:"required"`
}

// RTP is the sound side of the gateway.
type RTP struct {
	// The IP address that sound is sent from and received on.
	Address netip.Addr `yaml:"address"`
	// The IP address that peers are told to send sound to, when it is not the one above (behind NAT). Empty: the one above.
	Advertise netip.Addr `yaml:"advertise"`
	// First and last port for sound, like 20000-29999. A call takes an even port and the odd one above it.
	Ports PortRange `yaml:"ports"`
	// A call from which nothing was received for this long, hold excepted, is ended.
	Silence Duration `yaml:"silence" between:"5s,10m"`
	// How long a port rests between two calls, so that late packets of one do not reach the next.
	Quarantine Duration `yaml:"quarantine" between:"0s,5m"`
	// How packets reach the kernel: io_uring, plain system calls, or auto, which is io_uring where the kernel and the container allow it.
	IO string `yaml:"io" jsonschema:"enum=auto,enum=io_uring,enum=plain"`
	// When new calls are refused because sound needs the machine for the calls there are.
	Overload Overload `yaml:"overload"`
}

// Overload is the load above which new calls are refused with 503. Calls in progress go on.
type Overload struct {
	// The share of its time that a media worker may be busy, in the last second, like 0.75.
	Busy Share `yaml:"busy"`
	// How late the ticks of a media worker may begin, the slowest hundredth of the last second left out.
	Late Duration `yaml:"late" between:"1ms,1s"`
	// How long a refused peer is asked to wait (Retry-After). It sends no call at all meanwhile.
	RetryAfter Duration `yaml:"retry_after" between:"1s,5m"`
}

// HTTP is the listener for health, metrics and the API.
type HTTP struct {
	// IP address and port. Port 0 takes a free one.
	Listen netip.AddrPort `yaml:"listen"`
}

// Trunk is a peer that may send calls here: a carrier, an SBC, a PBX.
type Trunk struct {
	// The name in logs, metrics and tickets.
	Name string `yaml:"name" jsonschema:"required,pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$,maxLength=63" fix:"use letters, digits, dot, dash and underscore"`
	// The networks its signalling comes from, like 192.0.2.0/28; a single address is a network of one.
	Networks []netip.Prefix `yaml:"networks" jsonschema:"required,minItems=1,maxItems=1000"`
	// The country in which its national numbers are read, ISO 3166. Left out: numbers must come with their country code.
	Country string `yaml:"country" jsonschema:"pattern=^([A-Z]{2})?$" fix:"write the ISO 3166 code, like US, GB or AU"`
	// Whether this peer vouches for the caller's number: the number then names the account.
	TrustCaller bool `yaml:"trust_caller"`
	// The codecs that are accepted. An offer is answered with the first of its codecs that is here; our own offers have this order.
	Codecs []string `yaml:"codecs" jsonschema:"enum=g722,enum=pcmu,enum=pcma,minItems=1,uniqueItems=true"`
	// Whether sound is encrypted (SRTP with keys by SDES): optional, as the peer offers; required, calls without are refused; off.
	Encryption string `yaml:"encryption" jsonschema:"enum=off,enum=optional,enum=required"`
	// When tones in the sound are taken for keys: without-events, where telephone-event was not agreed on; never; always.
	InBand string `yaml:"inband" jsonschema:"enum=without-events,enum=never,enum=always"`
	// The networks that sound is exchanged with. Left out: the trunk's own networks. The word any opens it to every address.
	Media Media `yaml:"media,omitzero"`
	// New calls a second that are accepted on average.
	CallsPerSecond int `yaml:"calls_per_second" jsonschema:"minimum=1,maximum=10000"`
	// New calls that may come at once before the average counts.
	Burst int `yaml:"burst" jsonschema:"minimum=1,maximum=100000"`
	// Calls of this trunk at once.
	MaxCalls int `yaml:"max_calls" jsonschema:"minimum=1,maximum=100000"`
}

// defaults are what a trunk has that does not say otherwise.
func (t *Trunk) defaults() {
	t.Codecs = []string{"g722", "pcmu", "pcma"}
	t.Encryption, t.InBand = "optional", "without-events"
	t.CallsPerSecond = 10
	t.Burst = 20
	t.MaxCalls = 200
}

// MediaNetworks are the networks that sound may be exchanged with, never empty: the trunk's own where nothing else
// is said, and all of IPv4 and IPv6 for "any".
func (t Trunk) MediaNetworks() []netip.Prefix {
	switch {
	case t.Media.Any:
		return []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	case len(t.Media.Networks) > 0:
		return t.Media.Networks
	}
	return t.Networks
}
