package sip

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A streamPeer is the other end of a connection in memory. It takes nothing but what it expects.
func (r *rig) streamPeer() *stream {
	ours, theirs := net.Pipe()
	r.ua.admits(pipeConn{ours, netip.MustParseAddrPort(carrier)})
	return r.streamOn(theirs)
}

func (r *rig) streamOn(conn net.Conn) *stream {
	r.t.Cleanup(func() { conn.Close() })
	return &stream{r.t, conn, bufio.NewReader(conn)}
}

// aCall begins a call over a connection in memory.
func aCall(t *testing.T, test func(r *rig, s *stream, c *Call)) {
	t.Helper()
	calls := make(chan *Call, 1)
	handler := func(ctx context.Context, c *Call) {
		calls <- c
		<-ctx.Done()
	}
	inBubble(t, handler, func(r *rig) {
		s := r.streamPeer()
		s.send(byTCP(invite()))
		test(r, s, <-calls)
	})
}

// answersInSteps says three things about a call, one after another.
func answersInSteps(t *testing.T, c *Call) {
	t.Helper()
	n := &negotiator{}
	for _, err := range []error{c.Ring(t.Context()), c.Progress(t.Context(), n), c.Answer(t.Context(), n)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// atOnce checks that something about a call waits for nobody.
func atOnce(t *testing.T, what string, do func()) {
	t.Helper()
	start := time.Now()
	do()
	if took := time.Since(start); took > 0 {
		t.Errorf("%s waits for the peer, for %v", what, took)
	}
}

// TestAPeerThatTakesNothingHoldsNobodyUp: the window of its connection is full, as that of one that is gone without a word.
func TestAPeerThatTakesNothingHoldsNobodyUp(t *testing.T) {
	aCall(t, func(r *rig, s *stream, c *Call) {
		if err := c.Answer(r.t.Context(), &negotiator{}); err != nil {
			t.Fatal(err)
		}
		ok := s.expect("SIP/2.0 200")
		s.send(byTCP(invite().ack(ok)))
		s.send(byTCP(invite().inside("INVITE", 2, ok))) // nobody takes the answer
		synctest.Wait()
		atOnce(t, "the call", func() { c.OnInfo(nil) })
		atOnce(t, "the next request", func() { s.send(byTCP(invite().inside("OPTIONS", 3, ok))) })
		atOnce(t, "another connection", func() {
			other := r.streamPeer()
			other.send(byTCP(invite().with("OPTIONS", 1)))
			other.expect("SIP/2.0 200")
		})
		time.Sleep(r.ua.config.Limits.Write)
		synctest.Wait()
		if got := r.ua.Connections().ByNetwork["tcp"]; got != 1 {
			t.Errorf("%d connections; want that of the other peer alone", got)
		}
	})
}

// dialsSlowly lets connections of ours open after a while, or not at all, and gives their other ends.
func (r *rig) dialsSlowly(after time.Duration) <-chan *stream {
	opened := make(chan *stream, 10)
	r.ua.dial = func(ctx context.Context, _, address string) (net.Conn, error) {
		select {
		case <-time.After(after):
			ours, theirs := net.Pipe()
			opened <- r.streamOn(theirs)
			return pipeConn{ours, netip.MustParseAddrPort(address)}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return opened
}

// TestAPeerThatCannotBeReachedHoldsNobodyUp: its connection broke, and a new one is answered by silence.
func TestAPeerThatCannotBeReachedHoldsNobodyUp(t *testing.T) {
	aCall(t, func(r *rig, s *stream, c *Call) {
		r.dialsSlowly(time.Hour)
		s.Close()
		synctest.Wait()
		go c.Answer(r.t.Context(), &negotiator{}) //nolint:errcheck // the call ends with the test
		synctest.Wait()
		atOnce(t, "the call", func() { c.OnInfo(nil) })
		time.Sleep(connectWithin)
		synctest.Wait()
		if got := r.count(Note); got == 0 {
			t.Error("nobody is told that the answer was not sent")
		}
	})
}

// TestMessagesKeepTheirOrderOnANewConnection: those of a call wait together for the connection that takes the place of one
// that broke; and a request of ours, which finds that connection, comes behind them.
func TestMessagesKeepTheirOrderOnANewConnection_RFC3261_18_2_2(t *testing.T) {
	aCall(t, func(r *rig, s *stream, c *Call) {
		opened := r.dialsSlowly(100 * time.Millisecond)
		s.Close()
		synctest.Wait()
		answersInSteps(r.t, c)
		go c.Update(r.t.Context()) //nolint:errcheck // nobody answers it
		again := <-opened
		for _, want := range []string{"SIP/2.0 180", "SIP/2.0 183", "SIP/2.0 200", "UPDATE "} {
			again.expect(want)
		}
		if len(opened) > 0 {
			t.Error("two connections were opened")
		}
	})
}

// TestWhatABrokenConnectionHasNotSentGoesByAnother: the peer took nothing, and its connection is given up.
func TestWhatABrokenConnectionHasNotSentGoesByAnother_RFC3261_18_2_2(t *testing.T) {
	aCall(t, func(r *rig, s *stream, c *Call) {
		opened := r.dialsSlowly(100 * time.Millisecond)
		answersInSteps(r.t, c)
		again := <-opened
		for _, want := range []string{"SIP/2.0 180", "SIP/2.0 183", "SIP/2.0 200"} {
			again.expect(want)
		}
	})
}

// TestOrderOfManyMessages changes the flow, as messages of one call do, while the connection opens.
func TestOrderOfManyMessages(t *testing.T) {
	ua := overTCP(t, rings)
	open := make(chan struct{})
	ours, theirs := net.Pipe()
	t.Cleanup(func() { theirs.Close() })
	peer := netip.MustParseAddrPort("127.0.0.1:5999")
	ua.dial = func(context.Context, string, string) (net.Conn, error) {
		<-open
		return pipeConn{ours, peer}, nil
	}
	dead := &connection{ua: ua, over: "tcp", framing: streamFraming{}}
	dead.broken.Store(true)
	dead.outbox.closed = true
	flows := make([]*flow, 3)
	for i := range flows {
		flows[i] = &flow{ua: ua, wire: dead, peer: peer, again: peer, trunk: ua.door.now.Load().trunks[0]}
	}
	const many = 500
	go func() {
		for i := range many {
			if i == many/4 {
				close(open)
			}
			_ = flows[i%len(flows)].deliver(parcel{flow: flows[i%len(flows)], bytes: fmt.Appendf(nil, "%d\n", i)})
		}
	}()
	in := bufio.NewReader(theirs)
	for i := range many {
		line, err := in.ReadString('\n')
		if want := fmt.Sprintf("%d\n", i); line != want || err != nil {
			t.Fatalf("got %q, %v; want %q", line, err, want)
		}
	}
}

func TestWhatWaitsForAConnectionIsBounded(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		r.dialsSlowly(time.Hour)
		s := r.streamPeer()
		synctest.Wait()
		var c *connection
		for c = range r.ua.conns.all {
		}
		f := func(port int) *flow {
			at := netip.AddrPortFrom(c.peer.Addr(), uint16(port))
			return &flow{ua: r.ua, wire: c, peer: c.peer, trunk: c.trunk, again: at}
		}
		fill := func(port int) (taken int, err error) {
			for err == nil && taken < 100 {
				if err = f(port).deliver(parcel{flow: f(port), bytes: make([]byte, 64<<10)}); err == nil {
					taken++
				}
			}
			return taken, err
		}
		// One more than fit is with the writer.
		if taken, err := fill(1); taken < 16 || taken > 17 || !errors.Is(err, errOutboxFull) {
			t.Errorf("the connection takes %d messages of 64 KiB and then says %v; want 16 or 17", taken, err)
		}
		s.Close()
		synctest.Wait()
		if taken, err := fill(1); taken > 16 || !errors.Is(err, errOutboxFull) {
			t.Errorf("a connection that is opened takes %d messages of 64 KiB and then says %v; want 16 at most", taken, err)
		}
		for port := 2; ; port++ {
			if _, err := fill(port); err != nil && !errors.Is(err, errOutboxFull) {
				if port != 1+r.ua.config.Limits.ConnectionsPerSource {
					t.Errorf("%d connections to a peer are being opened, then %v", port-1, err)
				}
				break
			}
		}
		time.Sleep(connectWithin)
		synctest.Wait()
		if len(r.ua.conns.lanes) > 0 {
			t.Error("a lane is left")
		}
	})
}

// TestTheLastWordIsWritten: what waits for a connection leaves before it is closed.
func TestTheLastWordIsWritten(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		s := r.streamPeer()
		done := make(chan string, 1)
		go func() {
			synctest.Wait()
			all, _ := io.ReadAll(s.r)
			done <- string(all)
		}()
		s.send("OPTIONS x SIP/2.0\r\nVia: SIP/2.0/TCP 198.51.100.7;branch=z9hG4bK-1\r\nContent-Length: x\r\n\r\n")
		if got := <-done; !strings.HasPrefix(got, "SIP/2.0 400") {
			t.Errorf("got %q; want 400 before the end", got)
		}
	})
}
