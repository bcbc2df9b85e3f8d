package sip

import (
	"net/netip"
	"testing"

	"readback/testdata/memnet"
)

// A deafWire takes everything and sends nothing.
type deafWire struct{}

func (deafWire) network() string                   { return "udp" }
func (deafWire) local() netip.AddrPort             { return netip.MustParseAddrPort(gateway) }
func (deafWire) send([]byte, netip.AddrPort) error { return nil }

// FuzzReceive: whatever a trunk sends, nothing panics.
func FuzzReceive(f *testing.F) {
	res := "SIP/2.0 180 Ringing\r\nTo: <sip:a@b>;tag=x\r\n\r\n"
	for _, m := range []msg{
		invite(), invite().cancel(), invite().with("OPTIONS", 1), invite().inside("BYE", 2, res), invite().inside("INFO", 2, res), invite().with("ACK", 1),
	} {
		f.Add([]byte(m.String()))
	}
	f.Add([]byte(res))
	f.Add([]byte("INVITE x SIP/2.0\r\nv: SIP/2.0/UDP [::1];branch=\r\nf:\r\nt:\r\ni:\r\ncseq:\r\n\r\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		panicked := ""
		conn, err := memnet.New().Listen(gateway)
		if err != nil {
			t.Fatal(err)
		}
		ua, err := New(Config{
			Listen: []Listen{{Network: "udp", PacketConn: conn}},
			Trunks: []Trunk{{Name: "carrier", Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Country: "US"}},
			Observe: func(e Event) {
				if e.Kind == Panicked {
					panicked = e.Text
				}
			},
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer ua.Close()
		at := netip.MustParseAddrPort(carrier)
		ua.receive(p, &flow{ua: ua, wire: deafWire{}, peer: at, source: at, trunk: ua.trunks[0]})
		if panicked != "" {
			t.Error(panicked)
		}
	})
}
