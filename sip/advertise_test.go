package sip

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"readback/testdata/memnet"
)

func TestAdvertisedAddress_RFC3261_18_1_1_20_10(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Config)
		from   string // the peer
		want   string // in the Contact
	}{
		"none":                           {func(*Config) {}, carrier, "192.0.2.1:5060"},
		"an address":                     {func(c *Config) { c.Advertise = "203.0.113.77" }, carrier, "203.0.113.77:5060"},
		"an address and port":            {func(c *Config) { c.Advertise = "203.0.113.77:6060" }, carrier, "203.0.113.77:6060"},
		"a name":                         {func(c *Config) { c.Advertise = "gw.example.com" }, carrier, "gw.example.com:5060"},
		"a name and port":                {func(c *Config) { c.Advertise = "gw.example.com:6060" }, carrier, "gw.example.com:6060"},
		"of the listener":                {func(c *Config) { c.Advertise, c.Listen[0].Advertise = "203.0.113.77", "203.0.113.78" }, carrier, "203.0.113.78:5060"},
		"of another listener":            {func(c *Config) { c.Listen[1].Advertise = "203.0.113.78" }, carrier, "192.0.2.1:5060"},
		"a peer on our side of the NAT":  {func(c *Config) { c.Advertise, c.LocalNetworks = "203.0.113.77", prefixes("198.51.100.0/24") }, carrier, "192.0.2.1:5060"},
		"a peer beyond it":               {func(c *Config) { c.Advertise, c.LocalNetworks = "203.0.113.77", prefixes("10.0.0.0/8") }, carrier, "203.0.113.77:5060"},
		"IPv6":                           {func(*Config) {}, carrier6, "[2001:db8::10]:5060"},
		"IPv6, advertised":               {func(c *Config) { c.Listen[1].Advertise = "2001:db8::77" }, carrier6, "[2001:db8::77]:5060"},
		"IPv6, advertised with its port": {func(c *Config) { c.Advertise = "[2001:db8::77]:6060" }, carrier6, "[2001:db8::77]:6060"},
		"IPv4 is not for an IPv6 peer":   {func(c *Config) { c.Advertise = "203.0.113.77" }, carrier6, "[2001:db8::10]:5060"},
		"nor IPv6 for an IPv4 one":       {func(c *Config) { c.Advertise = "2001:db8::77" }, carrier, "192.0.2.1:5060"},
	} {
		t.Run(name, func(t *testing.T) {
			var six *memnet.Network
			inBubble(t, answers(&negotiator{}), func(r *rig) {
				to, m := gateway, invite()
				if tt.from == carrier6 {
					r.net, to, m.contact = six, gateway6, "<sip:sbc@"+carrier6+">"
				}
				p := r.peer(tt.from)
				m.via = tt.from
				p.sendTo(to, m)
				ok := p.expect("SIP/2.0 200")
				if got, want := field(ok, "Contact"), "<sip:readback@"+tt.want+">"; got != want {
					t.Errorf("Contact %s, want %s", got, want)
				}
				host, _, _ := strings.Cut(strings.Trim(tt.from, "["), "]")
				if via := field(ok, "Via"); tt.from == carrier6 && !strings.Contains(via, ";received="+host) {
					t.Errorf("Via %s, want received=%s", via, host)
				}
				p.sendTo(to, m.ack(ok))
				r.stop() // and our own request says the same
				if via := field(p.expect("BYE "), "Via"); !strings.HasPrefix(via, "SIP/2.0/UDP "+tt.want+";") {
					t.Errorf("Via %s, want %s", via, tt.want)
				}
			}, func(c *Config) {
				six = memnet.New()
				conn, err := six.Listen(gateway6)
				if err != nil {
					panic(err)
				}
				c.Listen = append(c.Listen, Listen{Network: "udp", PacketConn: conn})
				c.Trunks[0].Networks = prefixes("198.51.100.0/24", "2001:db8::9:0/112")
			}, tt.change)
		})
	}
}

func (p *peer) sendTo(to string, m msg) {
	p.t.Helper()
	if _, err := p.conn.WriteTo([]byte(m.String()), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to))); err != nil {
		p.t.Fatal(err)
	}
}

// One socket at [::] serves both families, and each peer sees the address of its own (RFC 3261 section 19.1.2, RFC 5118).
func TestDualStackListener_RFC5118_4(t *testing.T) {
	a := newAuthority(t)
	for _, network := range []string{"udp", "tcp", "tls"} {
		ua := overTCP(t, answers(&negotiator{}), a.overTLS(), func(c *Config) {
			c.Listen[0] = Listen{Network: network, Address: "[::]:0"}
			if network == "tls" {
				c.Listen[0].TLS = a.gateway()
			}
			c.Trunks[0].Networks = prefixes("127.0.0.1/32", "::1/128")
		})
		port := ua.listeners[0].local().Port()
		for host, shown := range map[string]string{"127.0.0.1": "127.0.0.1", "::1": "[::1]"} {
			t.Run(network+" "+host, func(t *testing.T) {
				at := net.JoinHostPort(host, strconv.Itoa(int(port)))
				s := dialAny(t, network, at, a)
				m := invite()
				m.via, m.callID, m.branch = s.LocalAddr().String(), host, "z9hG4bK-"+host+network
				m.contact = "<sip:sbc@" + s.LocalAddr().String() + ";transport=" + network + ">"
				s.send(strings.Replace(m.String(), "SIP/2.0/UDP", "SIP/2.0/"+strings.ToUpper(network), 1))
				ok := s.expect("SIP/2.0 200")
				if got, want := field(ok, "Contact"), "<sip:readback@"+shown+":"+strconv.Itoa(int(port)); !strings.HasPrefix(got, want) {
					t.Errorf("Contact %s, want %s", got, want)
				}
				if via := field(ok, "Via"); !strings.Contains(via, ";received="+host) {
					t.Errorf("Via %s", via)
				}
				s.send(strings.Replace(m.ack(ok).String(), "SIP/2.0/UDP", "SIP/2.0/"+strings.ToUpper(network), 1))
				bye := m.inside("BYE", 2, ok)
				s.send(strings.Replace(bye.String(), "SIP/2.0/UDP", "SIP/2.0/"+strings.ToUpper(network), 1))
				s.expect("SIP/2.0 200")
			})
		}
	}
}

// dialAny connects by UDP, TCP or TLS. A datagram has a Content-Length, so it reads as a stream does.
func dialAny(t *testing.T, network, at string, a *authority) *stream {
	t.Helper()
	if network == "tls" {
		return secureAt(t, at, a)
	}
	conn, err := net.Dial(network, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &stream{t, conn, bufio.NewReaderSize(conn, maxMessage)}
}

func TestDialOverIPv6_RFC3261_19_1_1(t *testing.T) {
	phone := overTCP(t, rings, func(c *Config) {
		c.Listen = []Listen{{Network: "tcp", Address: "[::1]:0"}, {Network: "udp", Address: "[::]:0"}}
		c.Trunks[0].Networks = prefixes("::1/128")
	})
	ua := overTCP(t, answers(&negotiator{}), func(c *Config) {
		c.Listen = []Listen{{Network: "tcp", Address: "[::1]:0"}, {Network: "udp", Address: "[::1]:0"}}
		c.Trunks[0].Networks = prefixes("::1/128")
	})
	for i, transport := range []string{"tcp", "udp"} {
		call, err := phone.Dial(t.Context(), "sip:+18887999666@"+ua.Addrs()[i].String()+";transport="+transport, &negotiator{}, DialOptions{})
		if err != nil {
			t.Fatalf("%s: %v", transport, err)
		}
		if err := call.Hangup(context.Background()); err != nil {
			t.Errorf("%s: %v", transport, err)
		}
	}
}

func TestAddressesOfOneLinkAreRefused_RFC4007_11(t *testing.T) {
	trunk := []Trunk{{Networks: prefixes("fe80::/10")}}
	for _, listen := range []Listen{{Network: "udp", Address: "[fe80::1%eth0]:5060"}, {Network: "tcp", Address: "[fe80::1%eth0]:5060"}} {
		if _, err := New(Config{Listen: []Listen{listen}, Trunks: trunk}, nil); err == nil || !strings.Contains(err.Error(), "one link") {
			t.Errorf("New: %v", err)
		}
	}
	ua := overTCP(t, rings, func(c *Config) { c.Trunks = trunk })
	if _, err := ua.Dial(t.Context(), "sip:x@[fe80::1%25eth0]", &negotiator{}, DialOptions{}); err == nil {
		t.Error("called an address of one link")
	}
	if ua.door.trunk(netip.MustParseAddr("fe80::1%eth0")) != nil || ua.door.named(netip.MustParseAddr("fe80::1%eth0")) != nil {
		t.Error("a source of one link has a trunk")
	}
}
