package config

import (
	"net/netip"
	"slices"
	"time"
)

// SIP is the signalling side of the gateway.
type SIP struct {
	// The addresses on which calls are accepted.
	Listen []Listen `yaml:"listen" jsonschema:"minItems=1,maxItems=64"`
	// The IP address or host name that peers are told to answer to, when it is not the address listened on (behind NAT).
	Advertise string `yaml:"advertise" jsonschema:"pattern=^([A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?|::1|)$,maxLength=253" fix:"write an IP address or a host name, without a port"`
	// Networks on this side of the NAT: peers there are told the address listened on.
	LocalNetworks []netip.Prefix `yaml:"local_networks" jsonschema:"maxItems=100"`
	// SIP proxies of your own in front of the gateway. A request from one belongs to the trunk in whose networks the address in proxy_header lies.
	Proxies []netip.Prefix `yaml:"proxies" jsonschema:"maxItems=100"`
	// The header in which proxies say where a request came from. From everyone else it is removed.
	ProxyHeader string `yaml:"proxy_header" jsonschema:"pattern=^[A-Za-z][A-Za-z0-9-]*$,maxLength=63" fix:"write the name of a header, like X-Source-Address"`
	// The User-Agent and Server header.
	UserAgent string `yaml:"user_agent" jsonschema:"pattern=^[A-Za-z0-9 ./_()+-]*$,maxLength=100" fix:"use letters, digits, spaces and ./_()+-"`
	// Calls at once over all trunks. More are answered 503 with Retry-After, which makes carriers try elsewhere.
	MaxCalls int `yaml:"max_calls" jsonschema:"minimum=1,maximum=100000"`
	// A call that lasts longer is ended.
	MaxCallTime Duration `yaml:"max_call_time" between:"1m,24h"`
	// The time a call rings before it is answered, where its number does not say otherwise. 0s answers at once.
	RingTime Duration `yaml:"ring_time" between:"0s,2m"`
	// How long running calls may go on after the gateway was told to stop (SIGTERM).
	DrainTime Duration `yaml:"drain_time" between:"0s,24h"`
	// How a call whose end was never told is found out (RFC 4028).
	SessionTimer SessionTimer `yaml:"session_timer"`
	// The certificates of tls and wss listeners, and who vouches for those of peers.
	TLS TLS `yaml:"tls"`
	// What peers may use at most.
	Limits Limits `yaml:"limits"`
	// How signed caller numbers (STIR/SHAKEN) are checked.
	STIR STIR `yaml:"stir"`
	// The name servers for the names of trunks. Empty: those of the machine.
	NameServers []netip.AddrPort `yaml:"name_servers" jsonschema:"maxItems=8"`
}

// Listen is one address on which calls are accepted.
type Listen struct {
	// The transport: ws and wss are WebSocket (RFC 7118).
	Network string `yaml:"network" jsonschema:"required,enum=udp,enum=tcp,enum=tls,enum=ws,enum=wss"`
	// IP address and port, like 192.0.2.10:5060 or [2001:db8::10]:5060. Address 0.0.0.0 is every IPv4 address; port 0 takes a free one.
	Address netip.AddrPort `yaml:"address" jsonschema:"required"`
	// The IP address or host name that peers of this listener are told to answer to, in place of sip.advertise.
	Advertise string `yaml:"advertise,omitzero" jsonschema:"pattern=^([A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?|::1|)$,maxLength=253" fix:"write an IP address or a host name, without a port"`
	// Whether a call from an unknown address is asked for the name and password of a trunk (digest), in place of no answer.
	Challenge bool `yaml:"challenge,omitzero"`
	// What names and passwords are hashed with, the best first (RFC 8760). Empty: sha-256, md5. Some peers take one alone, or md5 alone.
	Algorithms []string `yaml:"algorithms,omitempty" jsonschema:"enum=sha-256,enum=md5,minItems=1,uniqueItems=true"`
	// The web origins whose pages may connect to a ws or wss listener, like https://support.example.com. Empty: any.
	Origins []string `yaml:"origins,omitempty" jsonschema:"maxItems=100"`
}

func (l Listen) offersMD5() bool {
	return len(l.Algorithms) == 0 || slices.Contains(l.Algorithms, "md5")
}

// SessionTimer bounds how long a call may go on without a sign of life in signalling (RFC 4028).
type SessionTimer struct {
	// The interval that is asked for, and the longest that is agreed to. 0s: no session timer.
	Expires Duration `yaml:"expires" between:"0s,24h"`
	// The shortest interval that is agreed to. At least 90s.
	Min Duration `yaml:"min" between:"90s,24h"`
}

// TLS is what encrypted signalling needs.
type TLS struct {
	// Certificates of this gateway. A peer gets the one that has the name it asks for (SNI), else the first.
	Certificates []Certificate `yaml:"certificates" jsonschema:"maxItems=100"`
	// File with the certificates of those who vouch for trunks with tls_names. Empty: those of the machine.
	ClientAuthorities Path `yaml:"client_authorities"`
	// File with the certificates of those who vouch for the servers of trunks that we connect to. Empty: those of the machine.
	Authorities Path `yaml:"authorities"`
}

// Certificate is a certificate and its key, both in PEM.
type Certificate struct {
	// File with the certificate and those between it and its authority.
	Certificate Path `yaml:"certificate" jsonschema:"required"`
	// File with the private key.
	Key Path `yaml:"key" jsonschema:"required"`
}

// Limits are what peers may use at most.
type Limits struct {
	// Header lines of a message.
	Headers int `yaml:"headers" jsonschema:"minimum=20,maximum=256"`
	// Connections (TCP, TLS, WebSocket) of one address.
	ConnectionsPerSource int `yaml:"connections_per_source" jsonschema:"minimum=1,maximum=10000"`
	// Connections in all.
	Connections int `yaml:"connections" jsonschema:"minimum=1,maximum=100000"`
	// How long a connection without a message stays open.
	Idle Duration `yaml:"idle" between:"10s,24h"`
}

// STIR is how the signature of a caller's number (RFC 8224, SHAKEN) is checked. What comes out is noted; no call is dropped for it.
type STIR struct {
	// File with the certificates of those who vouch for signers: the list of your country's policy administrator. Empty: signatures are not checked.
	Roots Path `yaml:"roots"`
	// How old a signature may be.
	Fresh Duration `yaml:"fresh" between:"5s,10m"`
	// Whether certificates that are not known yet are fetched, over https and never while a call waits.
	Fetch bool `yaml:"fetch"`
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
	// The address by which customers reach this listener, like https://support.example.com. Empty: they get no links to it.
	PublicURL string `yaml:"public_url" jsonschema:"maxLength=300"`
	// The networks of reverse proxies, whose X-Forwarded-For says who is asking.
	Proxies []netip.Prefix `yaml:"proxies" jsonschema:"maxItems=100"`
}

// Trunk is a peer that may send calls here: a carrier, an SBC, a PBX.
type Trunk struct {
	// The name in logs, metrics and tickets.
	Name string `yaml:"name" jsonschema:"required,pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$,maxLength=63" fix:"use letters, digits, dot, dash and underscore"`
	// The networks its signalling comes from, like 192.0.2.0/28; a single address is a network of one.
	Networks []netip.Prefix `yaml:"networks" jsonschema:"maxItems=1000"`
	// SIP domains of which its TLS certificate must have one (RFC 5922). Without networks it may come from anywhere then, over TLS.
	TLSNames []string `yaml:"tls_names,omitempty" jsonschema:"maxItems=100"`
	// Names and passwords by which its calls are known on listeners that challenge.
	Users []Credentials `yaml:"users,omitempty" jsonschema:"maxItems=100"`
	// Where our requests go: calls, OPTIONS, like sip:sbc.example.com;transport=tls. Empty: nothing is sent to it of our own accord.
	Address string `yaml:"address,omitzero" jsonschema:"pattern=^(sips?:[^ <>]+)?$,maxLength=253" fix:"write a SIP URI, like sip:sbc.example.com or sip:192.0.2.7:5060;transport=tcp"`
	// What we say when it asks who calls (digest).
	Credentials *Credentials `yaml:"credentials,omitempty"`
	// The certificate that we show when its server asks for one.
	Certificate *Certificate `yaml:"certificate,omitempty"`
	// Registrars at which we say where we are.
	Register []Register `yaml:"register,omitempty" jsonschema:"maxItems=10"`
	// How long a server of its address may say nothing before the next one is tried.
	FailOver Duration `yaml:"fail_over,omitzero" between:"1s,32s"`
	// How often it is asked by OPTIONS whether it is there. 0s: never.
	Ping Duration `yaml:"ping,omitzero" between:"0s,1h"`
	// The country in which its national numbers are read, ISO 3166. Left out: numbers must come with their country code.
	Country string `yaml:"country" jsonschema:"pattern=^([A-Z]{2})?$" fix:"write the ISO 3166 code, like US, GB or AU"`
	// Whether this peer vouches for the caller's number: the number then names the account.
	TrustCaller bool `yaml:"trust_caller"`
	// The headers that name the caller, best first. Left out: p-asserted-identity with trust_caller, and From alone without.
	IdentityHeaders []string `yaml:"identity_headers,omitempty" jsonschema:"enum=p-asserted-identity,enum=p-preferred-identity,enum=remote-party-id,uniqueItems=true"`
	// Whether its word counts on the signature of a caller's number (verstat).
	Verstat bool `yaml:"verstat"`
	// Provisional answers that are acknowledged (PRACK): supported, as the peer wants; required, calls without are refused; off.
	Reliable string `yaml:"reliable" jsonschema:"enum=supported,enum=required,enum=off"`
	// The codecs that are accepted. An offer is answered with the first of its codecs that is here; our own offers have this order.
	Codecs []string `yaml:"codecs" jsonschema:"enum=g722,enum=pcmu,enum=pcma,minItems=1,uniqueItems=true"`
	// Whether sound is encrypted (SRTP with keys by SDES): optional, as the peer offers; required, calls without are refused; off.
	Encryption string `yaml:"encryption" jsonschema:"enum=off,enum=optional,enum=required"`
	// When tones in the sound are taken for keys: without-events, where telephone-event was not agreed on; never; always.
	InBand string `yaml:"inband" jsonschema:"enum=without-events,enum=never,enum=always"`
	// The networks that sound is exchanged with. Left out: the trunk's own networks. The word any opens it to every address.
	Media Media `yaml:"media,omitzero"`
	// What it does or wants other than most.
	Quirks Quirks `yaml:"quirks,omitzero"`
	// New calls a second that are accepted on average.
	CallsPerSecond int `yaml:"calls_per_second" jsonschema:"minimum=1,maximum=10000"`
	// New calls that may come at once before the average counts.
	Burst int `yaml:"burst" jsonschema:"minimum=1,maximum=100000"`
	// Calls of this trunk at once.
	MaxCalls int `yaml:"max_calls" jsonschema:"minimum=1,maximum=100000"`
}

// Credentials are a name and a password (RFC 8760).
type Credentials struct {
	// The user name.
	Username string `yaml:"username" jsonschema:"required,minLength=1,maxLength=100"`
	// The password, best as ${file:PATH}.
	Password Secret `yaml:"password" jsonschema:"required"`
	// The realm that the password is for. Empty: that of the trunk's address, or of the registrar.
	Realm string `yaml:"realm,omitzero" jsonschema:"maxLength=200"`
}

// Quirks are what a trunk does or wants other than most.
type Quirks struct {
	// Answers go to the port that a request came from, asked for or not: for peers behind a NAT that do not ask (RFC 3581).
	ForceRport bool `yaml:"force_rport,omitzero"`
	// Requests inside a call go to where its INVITE came from: for SBCs that name an address that is not to be used from outside.
	StickToSource bool `yaml:"stick_to_source,omitzero"`
	// What we send goes by TCP where it would go by UDP: for carriers whose answers do not fit a datagram.
	AlwaysTCP bool `yaml:"always_tcp,omitzero"`
	// Where the called number stands, best place first: for trunks whose Request-URI is a pilot number. Left out: all places, in this order.
	CalledFrom []string `yaml:"called_from,omitempty" jsonschema:"enum=request-uri,enum=to,enum=p-called-party-id,enum=diversion,enum=history-info,uniqueItems=true"`
	// What is taken off the front of the called number: a technical prefix like 9901#.
	CalledPrefix string `yaml:"called_prefix,omitzero" jsonschema:"pattern=^[0-9A-Da-d#*+]*$,maxLength=20" fix:"use digits, # and *"`
	// What stands for the plus of a number beside 00 and the prefix of the trunk's country, like 0011.
	InternationalPrefixes []string `yaml:"international_prefixes,omitempty" jsonschema:"maxItems=10"`
	// The caller is named although he asked not to be: for your own PBX, which marks every call so, and no carrier.
	IgnorePrivacy bool `yaml:"ignore_privacy,omitzero"`
	// How we write numbers: e164 is +442038905445, bare 442038905445, 00 00442038905445, national 02038905445.
	NumberFormat string `yaml:"number_format,omitzero" jsonschema:"enum=,enum=e164,enum=bare,enum=00,enum=national"`
	// Numbers that we call are written without ;user=phone.
	NoUserPhone bool `yaml:"no_user_phone,omitzero"`
	// The domain in From of our calls: for carriers that know a customer by it.
	FromDomain string `yaml:"from_domain,omitzero" jsonschema:"pattern=^[A-Za-z0-9.-]*$,maxLength=253" fix:"write a domain, like example.com"`
	// Our calls name their caller in P-Asserted-Identity too.
	AssertCaller bool `yaml:"assert_caller,omitzero"`
	// Headers that are not sent, like Server.
	DropHeaders []string `yaml:"drop_headers,omitempty" jsonschema:"maxItems=20"`
}

// Register is one registrar.
type Register struct {
	// The registrar, like sip:registrar.example.com.
	Registrar string `yaml:"registrar" jsonschema:"required,pattern=^sips?:[^ <>]+$,maxLength=253" fix:"write a SIP URI, like sip:registrar.example.com"`
	// The user that is registered. Empty: the name of the credentials.
	User string `yaml:"user,omitzero" jsonschema:"maxLength=100"`
	// Name and password at this registrar. Left out: the trunk's credentials.
	Credentials *Credentials `yaml:"credentials,omitempty"`
	// How long a registration is asked for.
	Expires Duration `yaml:"expires" between:"1m,24h"`
}

// defaults are what a registrar has that does not say otherwise.
func (r *Register) defaults() { r.Expires = Duration(time.Hour) }

// defaults are what a trunk has that does not say otherwise.
func (t *Trunk) defaults() {
	t.Codecs = []string{"g722", "pcmu", "pcma"}
	t.Encryption, t.InBand, t.Reliable = "optional", "without-events", "supported"
	t.CallsPerSecond = 10
	t.Burst = 20
	t.MaxCalls = 200
}

// MediaNetworks are the networks that sound may be exchanged with: the trunk's own where nothing else is said, and all of
// IPv4 and IPv6 for "any". They are empty for a trunk that is known by password alone: its callers' addresses count.
func (t Trunk) MediaNetworks() []netip.Prefix {
	switch {
	case t.Media.Any:
		return []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	case len(t.Media.Networks) > 0:
		return t.Media.Networks
	}
	return t.Networks
}
