package resolve

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A nameServer answers over real UDP and TCP, from its zone or as a test wants.
type nameServer struct {
	t    *testing.T
	addr netip.AddrPort

	mu     sync.Mutex
	zone   zone
	answer func(n *nameServer, network string, q *dnsmessage.Message) []byte // replaces the zone's
	asked  []string                                                          // network, name and type
}

// A zone is records by name (without a last dot) and type.
type zone map[string][]dnsmessage.ResourceBody

func newServer(t *testing.T, z zone) *nameServer {
	t.Helper()
	n := &nameServer{t: t, zone: z}
	udp, tcp := samePort(t)
	n.addr = udp.LocalAddr().(*net.UDPAddr).AddrPort()
	var work sync.WaitGroup
	work.Go(func() { n.serveUDP(udp) })
	work.Go(func() { n.serveTCP(tcp) })
	t.Cleanup(func() {
		udp.Close()
		tcp.Close()
		work.Wait()
	})
	return n
}

// samePort takes a port that is free for both; the kernel gives out one that is free for UDP.
func samePort(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 100 {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if tcp, err := net.Listen("tcp", udp.LocalAddr().String()); err == nil {
			return udp, tcp
		}
		udp.Close()
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil, nil
}

func (n *nameServer) serveUDP(conn net.PacketConn) {
	buffer := make([]byte, 1<<16)
	for {
		size, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if res := n.handle("udp", buffer[:size]); res != nil {
			_, _ = conn.WriteTo(res, from)
		}
	}
}

func (n *nameServer) serveTCP(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err == nil {
			msg := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(conn, msg); err == nil {
				if res := n.handle("tcp", msg); res != nil {
					_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(res))), res...))
				}
			}
		}
		conn.Close()
	}
}

func (n *nameServer) handle(network string, msg []byte) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(msg); err != nil || len(m.Questions) != 1 {
		n.t.Errorf("asked with %x: %v", msg, err)
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, network+" "+nameOf(m.Questions[0].Name)+" "+typeName(m.Questions[0].Type))
	if n.answer != nil {
		return n.answer(n, network, &m)
	}
	return packed(n.reply(&m))
}

func typeName(t dnsmessage.Type) string {
	if t == typeNAPTR {
		return "NAPTR"
	}
	return strings.TrimPrefix(t.String(), "Type")
}

// reply answers from the zone, aliases included; a name without any record does not exist.
func (n *nameServer) reply(m *dnsmessage.Message) *dnsmessage.Message {
	q := m.Questions[0]
	res := &dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
	name := nameOf(q.Name)
	bodies, exists := n.zone[name]
	for range maxAliases {
		alias := ""
		for _, body := range bodies {
			h := dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name + "."), Type: typeOf(body), Class: q.Class, TTL: 60}
			if h.Type == q.Type || h.Type == dnsmessage.TypeCNAME {
				res.Answers = append(res.Answers, dnsmessage.Resource{Header: h, Body: body})
			}
			if c, ok := body.(*dnsmessage.CNAMEResource); ok {
				alias = nameOf(c.CNAME)
			}
		}
		if alias == "" {
			break
		}
		name, bodies = alias, n.zone[alias]
	}
	if !exists {
		res.RCode = dnsmessage.RCodeNameError
	}
	if len(res.Answers) == 0 {
		res.Authorities = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("example.com."), Type: dnsmessage.TypeSOA, Class: q.Class, TTL: 60},
			Body:   &dnsmessage.SOAResource{NS: dnsmessage.MustNewName("."), MBox: dnsmessage.MustNewName("."), MinTTL: 20},
		}}
	}
	return res
}

func typeOf(b dnsmessage.ResourceBody) dnsmessage.Type {
	switch b := b.(type) {
	case *dnsmessage.AResource:
		return dnsmessage.TypeA
	case *dnsmessage.AAAAResource:
		return dnsmessage.TypeAAAA
	case *dnsmessage.SRVResource:
		return dnsmessage.TypeSRV
	case *dnsmessage.CNAMEResource:
		return dnsmessage.TypeCNAME
	case *dnsmessage.UnknownResource:
		return b.Type
	}
	panic(errors.New("a record that no test has"))
}

func packed(m *dnsmessage.Message) []byte {
	data, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return data
}

// serve replaces how the server answers.
func (n *nameServer) serve(f func(n *nameServer, network string, q *dnsmessage.Message) []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer = f
}

// questions are those asked so far, which are then forgotten.
func (n *nameServer) questions() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	asked := n.asked
	n.asked = nil
	return asked
}

func addr(s string) dnsmessage.ResourceBody {
	a := netip.MustParseAddr(s)
	if a.Is4() {
		return &dnsmessage.AResource{A: a.As4()}
	}
	return &dnsmessage.AAAAResource{AAAA: a.As16()}
}

func srvRecord(priority, weight, port uint16, target string) dnsmessage.ResourceBody {
	return &dnsmessage.SRVResource{Priority: priority, Weight: weight, Port: port, Target: dnsmessage.MustNewName(target + ".")}
}

func cname(name string) dnsmessage.ResourceBody {
	return &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(name + ".")}
}

func naptrRecord(order, preference uint16, flags, service, regexp, replacement string) dnsmessage.ResourceBody {
	data := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, order), preference)
	parts := []string{flags, service, regexp}
	if replacement != "" {
		parts = append(parts, strings.Split(replacement, ".")...)
	}
	for _, s := range append(parts, "") {
		data = append(append(data, byte(len(s))), s...)
	}
	return &dnsmessage.UnknownResource{Type: typeNAPTR, Data: data}
}

// newResolver makes a resolver that asks these servers, and changes its options.
func newResolver(t *testing.T, servers []*nameServer, changes ...func(*Options)) *Resolver {
	t.Helper()
	options := Options{Hosts: map[string][]netip.Addr{}, Timeout: 5 * time.Second, Random: func(int) int { return 0 }}
	for _, n := range servers {
		options.Servers = append(options.Servers, n.addr)
	}
	for _, change := range changes {
		change(&options)
	}
	r, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// led is where a URI leads, in short.
func led(t *testing.T, r *Resolver, uri string) (string, error) {
	t.Helper()
	targets, err := r.Resolve(t.Context(), uri)
	var s []string
	for _, to := range targets {
		s = append(s, to.Network+" "+to.Address.String())
	}
	return strings.Join(s, ", "), err
}
