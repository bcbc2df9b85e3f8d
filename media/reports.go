package media

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/rtcp"
)

// reportPace is how often we report (RFC 3550 section 6.2: the least that is recommended).
const reportPace = 5 * time.Second

// reports are the state of a session's RTCP.
type reports struct {
	next   time.Duration // on the worker's clock; 0 before the first
	polled time.Duration
	remote remoteReport
	lastSR uint32        // middle of the NTP time of the peer's last sender report
	heard  time.Duration // when that came, by the wall clock
}

// remoteReport is what the peer says of our stream.
type remoteReport struct {
	heard             bool
	lost              int64
	jitter, roundTrip time.Duration
}

// setRTCP opens the odd port when RTCP goes there, and closes it when it is muxed. s.mu is held.
func (s *Session) setRTCP() {
	switch {
	case s.agreed.Mux && s.rtcp != nil:
		_ = s.rtcp.close()
		s.rtcp = nil
	case !s.agreed.Mux && s.rtcp == nil:
		conn, err := s.engine.listen(s.port + 1)
		if err != nil { // a call without reports is a call
			s.engine.config.Log.Warn("media: cannot open the RTCP port", "port", s.port+1, "error", err)
			return
		}
		s.rtcp = conn
	}
}

// exchangeReports reads the RTCP port now and then and reports every 5 s. s.mu is held.
func (s *Session) exchangeReports(w *worker) {
	const pollPace = 500 * time.Millisecond
	now := w.now
	if s.rtcp != nil && now-s.reports.polled >= pollPace {
		s.reports.polled = now
		for range maxDrain {
			n, from, at, ok := s.rtcp.read(w.report[:])
			if !ok {
				break
			}
			if p := w.report[:n]; isRTCP(p) && s.mayReport(from.Addr()) {
				s.takeReport(p, w.arrival(at))
			}
		}
	}
	switch {
	case s.reports.next == 0:
		s.reports.next = now + reportPace/2
	case now >= s.reports.next:
		s.reports.next = now + reportPace
		s.sendRTCP(s.report(), s.description())
	}
}

// mayReport reports whether an address is that of the peer's sound.
func (s *Session) mayReport(a netip.Addr) bool {
	if s.latch.source.IsValid() {
		return a == s.latch.source.Addr()
	}
	return a == s.agreed.Remote.Addr()
}

// takeReport reads the peer's RTCP that came at a time of the wall clock; it also is a sign of life.
func (s *Session) takeReport(p []byte, at time.Duration) {
	p, ok := s.unsealReport(p)
	if !ok {
		s.in.invalid++
		return
	}
	packets, err := rtcp.Unmarshal(p)
	if err != nil {
		s.in.invalid++
		return
	}
	s.heard = s.clock.time
	for _, packet := range packets {
		switch r := packet.(type) {
		case *rtcp.SenderReport:
			s.reports.lastSR, s.reports.heard = uint32(r.NTPTime>>16), at
			s.takeBlocks(r.Reports, at)
		case *rtcp.ReceiverReport:
			s.takeBlocks(r.Reports, at)
		}
	}
}

func (s *Session) takeBlocks(blocks []rtcp.ReceptionReport, at time.Duration) {
	for _, b := range blocks {
		if b.SSRC != s.out.ssrc {
			continue
		}
		r := &s.reports.remote
		r.heard = true
		r.lost = int64(int32(b.TotalLost<<8) >> 8) // 24 bits with a sign
		r.jitter = time.Duration(b.Jitter) * sample
		if b.LastSenderReport != 0 {
			if trip := int32(uint32(ntp(at)>>16) - b.LastSenderReport - b.Delay); trip >= 0 {
				r.roundTrip = time.Duration(trip) * time.Second >> 16
			}
		}
	}
}

// report is a sender's when we have sent, else a receiver's.
func (s *Session) report() rtcp.Packet {
	blocks := s.blocks()
	if s.out.sent == 0 {
		return &rtcp.ReceiverReport{SSRC: s.out.ssrc, Reports: blocks}
	}
	return &rtcp.SenderReport{
		SSRC: s.out.ssrc, NTPTime: ntp(wall()), RTPTime: s.out.stamp,
		PacketCount: uint32(s.out.sent - s.out.earlier), OctetCount: uint32(s.out.bytes - s.out.earlierBytes), Reports: blocks,
	}
}

// blocks report on the peer's stream (RFC 3550 appendix A.3).
func (s *Session) blocks() []rtcp.ReceptionReport {
	r := &s.in
	if !r.begun {
		return nil
	}
	expected := r.expected()
	lately, came := expected-r.reportedExpected, r.count-r.reportedCount
	r.reportedExpected, r.reportedCount = expected, r.count
	b := rtcp.ReceptionReport{
		SSRC: r.ssrc, LastSequenceNumber: r.highest,
		TotalLost: uint32(min(r.missing(), 1<<23-1)),
		Jitter:    uint32(r.jitter / sample),
	}
	if lost := lately - came; lost > 0 {
		b.FractionLost = uint8(min(lost*256/lately, 255))
	}
	if s.reports.lastSR != 0 {
		b.LastSenderReport = s.reports.lastSR
		b.Delay = uint32((wall() - s.reports.heard) << 16 / time.Second)
	}
	return []rtcp.ReceptionReport{b}
}

// description names us as little as it may (RFC 7022: a name for this stream alone).
func (s *Session) description() rtcp.Packet {
	return rtcp.NewCNAMESourceDescription(s.out.ssrc, fmt.Sprintf("%08x", s.out.ssrc))
}

// sayBye ends our stream. s.mu is held.
func (s *Session) sayBye() {
	if s.joined {
		s.sendRTCP(s.report(), s.description(), &rtcp.Goodbye{Sources: []uint32{s.out.ssrc}})
	}
}

func (s *Session) sendRTCP(packets ...rtcp.Packet) {
	conn, to := s.rtcp, s.reportTo()
	if s.agreed.Mux {
		conn = s.rtp
	}
	if conn == nil || !to.IsValid() {
		return
	}
	p, err := rtcp.Marshal(packets)
	if err != nil {
		s.out.failed++
		return
	}
	if p, ok := s.sealReport(p); !ok || conn.write(p, to) != nil {
		s.out.failed++
	}
}

// reportTo is where the peer's RTCP goes; a peer that is elsewhere than it says is so for RTCP too.
func (s *Session) reportTo() netip.AddrPort {
	to := s.latch.to
	switch {
	case !to.IsValid() || s.agreed.Mux:
		return to
	case to.Addr() == s.agreed.Remote.Addr() && s.options.allows(s.agreed.RemoteRTCP.Addr()):
		return s.agreed.RemoteRTCP
	}
	return netip.AddrPortFrom(to.Addr(), to.Port()+1)
}

// wall is the time since 1970.
func wall() time.Duration { return time.Duration(time.Now().UnixNano()) }

// ntp is a time since 1970 as RTCP counts it: seconds since 1900 in 32.32 bits (RFC 3550 section 4).
func ntp(t time.Duration) uint64 {
	const from1900To1970 = 2208988800
	return uint64(t/time.Second+from1900To1970)<<32 | uint64(t%time.Second)<<32/uint64(time.Second)
}
