package sip

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A pipe is the far end of a connection in memory.
type pipe struct {
	*rig
	net.Conn
	got   chan string   // messages, and keep-alives as "ping" and "pong"
	ended chan struct{} // closed when the gateway closes the connection
}

// dialled is a connection that the gateway opened to the carrier.
func (r *rig) dialled() *pipe {
	ours, theirs := net.Pipe()
	c := &connection{
		ua: r.ua, conn: pipeConn{ours, netip.MustParseAddrPort(carrier)}, over: "tcp",
		peer: netip.MustParseAddrPort(carrier), trunk: r.ua.door.now.Load().trunks[0], framing: streamFraming{},
	}
	if rule := r.ua.keep(c); rule != "" {
		r.t.Fatal(rule)
	}
	r.ua.ready(c)
	return r.pipe(theirs)
}

// accepted is a connection that the carrier opened.
func (r *rig) accepted() *pipe {
	ours, theirs := net.Pipe()
	r.ua.admits(pipeConn{ours, netip.MustParseAddrPort(carrier)})
	return r.pipe(theirs)
}

func (r *rig) pipe(conn net.Conn) *pipe {
	p := &pipe{rig: r, Conn: conn, got: make(chan string, 100), ended: make(chan struct{})}
	r.t.Cleanup(func() { conn.Close() })
	go func() {
		defer close(p.ended)
		in := bufio.NewReader(conn)
		for {
			start, err := in.Peek(2)
			if err != nil {
				return
			}
			if string(start) != "\r\n" {
				frame, err := readFrame(in, maxMessage)
				if err != nil {
					return
				}
				p.got <- string(frame)
				continue
			}
			_, _ = in.Discard(2)
			if in.Buffered() >= 2 {
				_, _ = in.Discard(2)
				p.got <- "ping"
			} else {
				p.got <- "pong"
			}
		}
	}()
	return p
}

func (p *pipe) says(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.Conn, text); err != nil {
		p.t.Fatal(err)
	}
}

// hears takes the next message or keep-alive, and tells how long it took.
func (p *pipe) hears(start string) (string, time.Duration) {
	p.t.Helper()
	since := time.Now()
	select {
	case m := <-p.got:
		if !strings.HasPrefix(m, start) {
			p.t.Fatalf("got %q, want %q", firstLineOf(m), start)
		}
		return m, time.Since(since)
	case <-p.ended:
		if len(p.got) > 0 { // it was said before the end
			return p.hears(start)
		}
		p.t.Fatalf("the connection ended; want %q", start)
	case <-time.After(time.Hour):
		p.t.Fatalf("got nothing, want %q", start)
	}
	return "", 0
}

func TestConnectionsOfOursAreKeptAlive_RFC5626_4_4_1(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.dialled()
		different := map[time.Duration]bool{}
		for range 5 {
			_, after := p.hears("ping")
			if after < pingEvery-pingSpread || after > pingEvery {
				t.Errorf("a ping after %v, want 95 to 120 s", after)
			}
			different[after] = true
			time.Sleep(9 * time.Second)
			p.says("\r\n")
			synctest.Wait()
		}
		if len(different) < 2 {
			t.Errorf("all pings after %v: not random", different)
		}
		p.hears("ping")
		p.says(byTCP(invite().with("OPTIONS", 1))) // a sign of life as good as a pong
		p.hears("SIP/2.0 200")
		p.hears("ping")
		start := time.Now()
		<-p.ended
		if got := time.Since(start); got != pongWithin {
			t.Errorf("closed %v after the ping without a pong, want %v", got, pongWithin)
		}
		synctest.Wait()
		if n := len(r.ua.conns.all) + len(r.ua.conns.routes) + len(r.ua.conns.bySource); n != 0 || r.count(Note) != 1 {
			t.Errorf("%d things left of the connection, %d notes", n, r.count(Note))
		}
	})
}

// A peer that knows no keep-alives loses a connection to them once, and no more.
func TestPeerWithoutPongsKeepsItsNextConnection(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		first := r.dialled()
		first.hears("ping")
		<-first.ended
		synctest.Wait()
		second := r.dialled()
		for range 10 {
			second.hears("ping")
		}
		second.says(byTCP(invite().with("OPTIONS", 1)))
		second.hears("SIP/2.0 200")
		second.hears("ping")
		second.says("\r\n") // it learned
		second.hears("ping")
		<-second.ended
		if r.count(Note) != 2 {
			t.Errorf("%d notes, want one for each connection", r.count(Note))
		}
	})
}

// The pongs of a peer are not pings, however many there are.
func TestPongIsNotAnswered_RFC5626_4_4_1(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.dialled()
		for range 4 {
			p.hears("ping")
			p.says("\r\n")
		}
		p.says("\r\n\r\n") // a ping of theirs, though we opened the connection
		p.hears("pong")
	})
}

func TestIdleConnectionIsClosed(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.accepted()
		p.says(byTCP(invite().with("OPTIONS", 1)))
		p.hears("SIP/2.0 200")
		time.Sleep(50 * time.Minute)
		p.says("\r\n\r\n") // keeps NATs open, but is no use of the connection
		p.hears("pong")
		start := time.Now()
		<-p.ended
		if got := time.Since(start); got != 10*time.Minute {
			t.Errorf("closed %v later, want an hour after the last message", got)
		}
	})
}

func TestConnectionOfACallOrRegistrationIsNotIdle(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.accepted()
		p.says(byTCP(invite()))
		ok, _ := p.hears("SIP/2.0 200")
		p.says(byTCP(invite().ack(ok)))
		time.Sleep(5 * time.Hour)
		p.says(byTCP(invite().inside("BYE", 2, ok)))
		p.hears("SIP/2.0 200")
		start := time.Now()
		<-p.ended
		if got := time.Since(start); got != time.Hour {
			t.Errorf("closed %v after the call, want an hour", got)
		}
		registered := r.dialled()
		r.ua.mu.Lock()
		for c := range r.ua.conns.all {
			c.registers.Store(true)
		}
		r.ua.mu.Unlock()
		for range 200 {
			registered.hears("ping")
			registered.says("\r\n")
		}
	}, func(c *Config) { c.MaxCallTime = 10 * time.Hour })
}
