package sip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"readback/sip/resolve"
)

// A directory is a Resolver in memory.
type directory map[string][]Target

func (d directory) Resolve(_ context.Context, uri string) ([]Target, error) {
	if targets, ok := d[uri]; ok {
		return targets, nil
	}
	return nil, errors.New("no such name")
}

func udpAt(addr string) Target { return Target{Network: "udp", Address: netip.MustParseAddrPort(addr)} }

// isCalledByName checks that a call to a name comes here, where it is busy.
func (p *peer) isCalledByName() {
	p.t.Helper()
	refused := make(chan error, 1)
	go func() {
		_, err := p.ua.Dial(p.t.Context(), "sip:100@sbc.example.com", &negotiator{}, DialOptions{})
		refused <- err
	}()
	p.send(respond(p.expect("INVITE sip:100@sbc.example.com SIP/2.0"), "486 Busy Here"))
	p.expect("ACK ")
	var status *StatusError
	if err := <-refused; !errors.As(err, &status) || status.Status != 486 {
		p.t.Errorf("Dial: %v", err)
	}
}

func TestDialByName_RFC3263_4(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		r.peer(carrier).isCalledByName()
		if _, err := r.ua.Dial(r.t.Context(), "sip:100@nowhere.example.com", &negotiator{}, DialOptions{}); err == nil {
			t.Error("a name without an address was called")
		}
	}, func(c *Config) {
		c.Resolver = directory{"sip:100@sbc.example.com": {udpAt(carrier)}, "sip:100@nowhere.example.com": {}}
	})
}

// nameServer answers one question on a connection: two servers, of which the second is to be tried first.
func nameServer(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 1500)
	n, err := conn.Read(buffer)
	var m dnsmessage.Message
	if err != nil || m.Unpack(buffer[:n]) != nil {
		return
	}
	q := m.Questions[0]
	res := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
	answer := func(kind dnsmessage.Type, body dnsmessage.ResourceBody) {
		if q.Type == kind {
			res.Answers = append(res.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: kind, Class: q.Class, TTL: 60}, Body: body})
		}
	}
	switch strings.ToLower(q.Name.String()) {
	case "_sip._udp.sbc.example.com.":
		answer(dnsmessage.TypeSRV, &dnsmessage.SRVResource{Priority: 20, Port: 5060, Target: dnsmessage.MustNewName("one.example.com.")})
		answer(dnsmessage.TypeSRV, &dnsmessage.SRVResource{Priority: 10, Port: 5060, Target: dnsmessage.MustNewName("two.example.com.")})
	case "one.example.com.":
		answer(dnsmessage.TypeA, &dnsmessage.AResource{A: netip.MustParseAddrPort(carrier).Addr().As4()})
	case "two.example.com.":
		answer(dnsmessage.TypeA, &dnsmessage.AResource{A: netip.MustParseAddrPort(carrier2).Addr().As4()})
	}
	if packed, err := res.Pack(); err == nil {
		_, _ = conn.Write(packed)
	}
}

func TestDialByServiceRecords_RFC3263_4_2_RFC2782(t *testing.T) {
	byRecords, err := resolve.New(resolve.Options{
		Servers: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.53:53")}, Hosts: map[string][]netip.Addr{},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go nameServer(theirs)
			return ours, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	inBubble(t, rings, func(r *rig) {
		r.peer(carrier2).isCalledByName()
	}, func(c *Config) { c.Resolver = byRecords })
}
