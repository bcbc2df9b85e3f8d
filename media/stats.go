package media

import (
	"net/netip"
	"time"

	"readback/media/quality"
	"readback/media/srtp"
)

// Stats are the figures of one call's sound.
type Stats struct {
	Codec string        // encoding name; "none" before the first agreement
	Ptime time.Duration // of the packets we send
	// Source is where the sound comes from; invalid before the first packet. Named is where the peer's description says
	// it is, and To where we send, invalid when nowhere. Stray is a source that belongs elsewhere, the last one.
	Source, Named, To, Stray netip.AddrPort
	// Direction is ours (RFC 8866 section 6.7): "sendrecv" and the like.
	Direction string

	Sent, Failed              int64         // packets given to the kernel, and those it did not take
	Gaps                      int64         // packets that left over 20 ms later than their packet time after the last
	Received, Lost, Reordered int64         // packets of the peer; duplicates count as reordered
	Invalid, Strays           int64         // not RTP, and from elsewhere
	Jitter                    time.Duration // RFC 3550 appendix A.8
	RemoteLost                int64         // of ours, by the peer's last report; -1 without one
	RemoteJitter, RoundTrip   time.Duration // by the peer's last report
	Secured                   string        // the SRTP crypto suite; "" in the clear
	// MOS is the quality of what we hear, 1 to 4.5, by the E-model (ITU-T G.107); 0 before anything was heard.
	MOS float64
}

// Stats returns the figures so far; after Close those at its end.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Codec: s.agreed.Codec.String(), Ptime: time.Duration(s.agreed.Ptime) * time.Millisecond,
		Source: s.latch.source, Named: s.latch.named, To: s.latch.to, Stray: s.latch.stray, Direction: s.agreed.Direction.String(),
		Sent: s.out.sent, Failed: s.out.failed, Gaps: s.out.gaps,
		Received: s.in.received, Lost: s.in.lost + s.in.missing(), Reordered: s.in.reordered,
		Invalid: s.in.invalid, Strays: s.latch.strays, Jitter: s.in.jitter,
		RemoteLost: -1,
	}
	if r := s.reports.remote; r.heard {
		st.RemoteLost, st.RemoteJitter, st.RoundTrip = r.lost, r.jitter, r.roundTrip
	}
	if suite := s.crypto.agreed.Suite(); suite != srtp.None {
		st.Secured = suite.String()
	}
	st.MOS = s.in.score(st)
	return st
}

// score is the MOS of what came, heard through a buffer against its jitter; 0 when nothing came.
func (r *reception) score(st Stats) float64 {
	if st.Received == 0 {
		return 0
	}
	loss := float64(st.Lost) / float64(st.Received+st.Lost)
	return quality.MOS(st.Codec, loss, quality.Burst(loss, st.Lost, r.runs), st.RoundTrip/2+r.delay())
}
