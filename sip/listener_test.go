package sip

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// B6: sipgo's listener ends for good at the first error of a read, and says nothing.
func TestListenerThatDiesIsOpenedAgain(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			var mu sync.Mutex
			kinds := ""
			ua := overTCP(t, rings, func(c *Config) {
				c.Listen = []Listen{{Network: network, Address: "127.0.0.1:0"}}
				c.Observe = func(e Event) {
					mu.Lock()
					defer mu.Unlock()
					if e.Kind == Down || e.Kind == Up {
						kinds += string(e.Kind) + " "
					}
				}
			})
			before := ua.Addrs()[0].String()
			ua.listeners[0].close()
			waitFor(t, func() bool { mu.Lock(); defer mu.Unlock(); return kinds == "down up " })
			waitFor(t, ua.Ready)
			if got := ua.Addrs()[0].String(); got != before {
				t.Errorf("opened again at %s, want %s", got, before)
			}
			conn, err := net.Dial(network, before)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			m := invite().with("OPTIONS", 1)
			m.via = conn.LocalAddr().String()
			if _, err := conn.Write([]byte(m.String())); err != nil {
				t.Fatal(err)
			}
			answer := make([]byte, 1000)
			if n, err := conn.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "SIP/2.0 200") {
				t.Errorf("got %q, %v", answer[:n], err)
			}
		})
	}
}

// A dying listener serves until it is told to fail, and cannot be opened again for a while.
type dying struct {
	fail    chan error
	done    <-chan struct{}
	refused int
}

func (d *dying) open() error {
	if d.refused--; d.refused >= 0 {
		return errors.New("address in use")
	}
	return nil
}

func (d *dying) serve() error {
	select {
	case err := <-d.fail:
		return err
	case <-d.done:
		return net.ErrClosed
	}
}

func (d *dying) local() netip.AddrPort { return netip.MustParseAddrPort(gateway) }
func (d *dying) close()                {}

func TestGatewayIsNotReadyWhileAListenerIsDown(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		d := &dying{make(chan error, 1), r.ua.ctx.Done(), 4}
		s := &supervised{listener: d, ua: r.ua, network: "udp"}
		s.up.Store(true)
		r.ua.listeners = append(r.ua.listeners, s)
		r.ua.readers.Go(s.run)
		if !r.ua.Ready() {
			t.Error("not ready at first")
		}
		start := time.Now()
		d.fail <- errors.New("read: input/output error")
		synctest.Wait()
		for !r.ua.Ready() {
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if got, want := time.Since(start), 1500*time.Millisecond; got < want || got > want+20*time.Millisecond { // 0.1 + 0.2 + 0.4 + 0.8 s
			t.Errorf("ready again after %v, want about %v", got, want)
		}
		if r.count(Down) != 1 || r.count(Up) != 1 {
			t.Errorf("told %d times down, %d times up", r.count(Down), r.count(Up))
		}
	})
}

// B23: with the kernel's small default, a burst of calls loses messages.
func TestSocketBufferIsAsLargeAsTheKernelAllows(t *testing.T) {
	allowed, err := os.ReadFile("/proc/sys/net/core/rmem_max")
	if err != nil {
		t.Fatal(err)
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(allowed)))
	if err != nil {
		t.Fatal(err)
	}
	ua := overTCP(t, rings)
	raw, err := ua.listeners[1].listener.(*udpListener).current().(*net.UDPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	if err := raw.Control(func(fd uintptr) { size, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF) }); err != nil {
		t.Fatal(err)
	}
	if want := 2 * min(limit, socketBuffer); size < want { // the kernel counts its own overhead in
		t.Errorf("the buffer has %d bytes, want %d", size, want)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for want, c := range map[string]Config{
		"no listen address":   {Trunks: []Trunk{{}}},
		"no trunk":            {Listen: []Listen{{Network: "udp", Address: "127.0.0.1:0"}}},
		"neither udp nor tcp": {Trunks: []Trunk{{}}, Listen: []Listen{{Network: "sctp"}}},
		"cannot listen on":    {Trunks: []Trunk{{}}, Listen: []Listen{{Network: "udp", Address: taken.LocalAddr().String()}}},
	} {
		if _, err := New(c, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New: %v, want %q", err, want)
		}
	}
}
