package doctor

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	heardPackets = 5
	quietTime    = 400 * time.Millisecond
	soundTick    = 20 * time.Millisecond
)

// An ear counts the packets of sound that arrive at a port.
type ear struct {
	conn    *net.UDPConn
	packets atomic.Int64
	last    atomic.Int64 // when one came, in nanoseconds since 1970
	from    atomic.Pointer[netip.AddrPort]
	reader  sync.WaitGroup
}

func listenSound(at netip.Addr) (*ear, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, 0)))
	if err != nil {
		return nil, err
	}
	e := &ear{conn: conn}
	e.reader.Go(e.read)
	return e, nil
}

func (e *ear) port() int { return e.conn.LocalAddr().(*net.UDPAddr).Port }

func (e *ear) close() {
	_ = e.conn.Close()
	e.reader.Wait()
}

func (e *ear) read() {
	buffer := make([]byte, 2048)
	for {
		n, from, err := e.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		if n >= 12 && buffer[0]>>6 == 2 && !isControl(buffer[1]) { // RTP, not RTCP (RFC 5761)
			from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
			e.from.Store(&from)
			e.last.Store(time.Now().UnixNano())
			e.packets.Add(1)
		}
	}
}

func isControl(kind byte) bool { return kind >= 192 && kind <= 223 }

// quiet says that nothing has come for a while.
func (e *ear) quiet(since time.Time) bool {
	last := time.Unix(0, max(e.last.Load(), since.UnixNano()))
	return time.Since(last) >= quietTime
}
