package sip

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// udpPeer is a carrier's UDP socket at the address of a TCP listener, or at any.
func udpPeer(t *testing.T, at string) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

func TestLargeRequestLeavesByTCP_RFC3261_18_1_1(t *testing.T) {
	ua, c := overTCP(t, rings), listenTCP(t, "127.0.0.1:0")
	uri := strings.TrimSuffix(c.uri(), ";transport=tcp")
	large := DialOptions{Headers: []Header{{"X-Filler", strings.Repeat("x", 1300)}}}
	failed := make(chan error, 1)
	go func() {
		_, err := ua.Dial(context.Background(), uri, &negotiator{}, large)
		failed <- err
	}()
	s := c.accept()
	invite := s.expect("INVITE ")
	if via := field(invite, "Via"); !strings.HasPrefix(via, "SIP/2.0/TCP ") {
		t.Errorf("Via %s", via)
	}
	s.send(respond(invite, "486 Busy Here"))
	ack := s.expect("ACK ")
	if field(ack, "Via") != field(invite, "Via") {
		t.Errorf("the ACK has Via %s", field(ack, "Via"))
	}
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "486") {
		t.Errorf("Dial: %v", err)
	}
}

func TestLargeRequestFallsBackToUDP_RFC3261_18_1_1(t *testing.T) {
	log := &eventLog{}
	ua := overTCP(t, rings, func(c *Config) { c.Observe = log.observe })
	peer := udpPeer(t, "127.0.0.1:0")
	uri := "sip:+18887999666@" + peer.LocalAddr().String()
	large := DialOptions{Headers: []Header{{"X-Filler", strings.Repeat("x", 1300)}}}
	for call := range 2 {
		failed := make(chan error, 1)
		go func() {
			_, err := ua.Dial(context.Background(), uri, &negotiator{}, large)
			failed <- err
		}()
		buffer := make([]byte, maxMessage)
		n, from, err := peer.ReadFrom(buffer)
		if err != nil {
			t.Fatal(err)
		}
		invite := string(buffer[:n])
		if via := field(invite, "Via"); !strings.HasPrefix(via, "SIP/2.0/UDP ") || len(invite) < requestFits {
			t.Errorf("%d bytes with Via %s", len(invite), via)
		}
		if _, err := peer.WriteTo([]byte(respond(invite, "486 Busy Here")), from); err != nil {
			t.Fatal(err)
		}
		if err := <-failed; err == nil || !strings.Contains(err.Error(), "486") {
			t.Errorf("Dial: %v", err)
		}
		if _, _, err := peer.ReadFrom(buffer); err != nil { // ACK
			t.Fatal(err)
		}
		log.mu.Lock()
		var notes []string
		for _, e := range log.events {
			if e.Rule == "large-request" {
				notes = append(notes, e.Text)
			}
		}
		log.mu.Unlock()
		if len(notes) != call+1 || strings.Contains(notes[call], "refused") != (call == 0) { // it asks once
			t.Errorf("call %d: notes %q", call, notes)
		}
	}
}

// silentListener takes no connection.
type silentListener struct {
	closing sync.Once
	closed  chan struct{}
}

func (l *silentListener) Accept() (net.Conn, error) {
	<-l.closed
	return nil, net.ErrClosed
}

func (l *silentListener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return nil
}

func (*silentListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5060} }

// A peer whose TCP port says nothing at all gets the request by UDP, and the next one at once.
func TestLargeRequestFallsBackWhenConnectingTakesTooLong_RFC3261_18_1_1(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		r.ua.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		p := r.peer(carrier)
		for call, want := range []time.Duration{connectWithin, 0} {
			start := time.Now()
			_, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{Headers: []Header{{"X-Filler", strings.Repeat("x", 1300)}}})
			req := p.expect("INVITE ")
			if took := time.Since(start); took != want || !strings.HasPrefix(field(req, "Via"), "SIP/2.0/UDP ") {
				t.Errorf("call %d: after %v by %s, want %v", call, took, field(req, "Via"), want)
			}
			p.send(respond(req, "486 Busy Here"))
			p.expect("ACK ")
			if err := <-errs; err == nil {
				t.Errorf("call %d was answered", call)
			}
		}
	}, func(c *Config) {
		c.Listen = append(c.Listen, Listen{Network: "tcp", Listener: &silentListener{closed: make(chan struct{})}})
	})
}

func TestPeersWithoutTCPAreForgottenInTheEnd(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		tr := r.ua.door.now.Load().trunks[0]
		for i := range 1000 {
			at := addrPort(&net.UDPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 1 + i})
			tr.hasNoTCP(at)
			if tr.mayHaveTCP(at) || len(tr.noTCP) > withoutTCPMax {
				t.Fatalf("%s may have TCP, or %d are remembered", at, len(tr.noTCP))
			}
			if i == 999 {
				time.Sleep(withoutTCP + time.Second)
				if !tr.mayHaveTCP(at) {
					t.Error("never asked again")
				}
			}
		}
	})
}
