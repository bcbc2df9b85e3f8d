package media

import (
	"math/rand/v2"
	"time"

	"readback/media/sdp"
	"readback/media/srtp"
)

const (
	// underWay is how long packets under the peer's key of before are taken after a new one was agreed on: it goes on
	// using the old one until it has our answer.
	underWay = 10 * time.Second
	// outOfOrder is the same after the first packet under the new key.
	outOfOrder = time.Second
)

// policy is the same in the words of offer and answer.
func (e Encryption) policy() sdp.Policy {
	switch e {
	case EncryptionOptional:
		return sdp.SecureIfOffered
	case EncryptionRequired:
		return sdp.SecureOnly
	}
	return sdp.ClearOnly
}

// encryption protects a session's packets. The zero value leaves them as they are.
type encryption struct {
	agreed sdp.Crypto
	out    *srtp.Outbound // nil in the clear
	in     *srtp.Inbound
	former *formerKey // nil when nothing more is to come under it
}

// formerKey is the peer's key of before.
type formerKey struct {
	in     *srtp.Inbound
	until  time.Duration   // on the worker's clock
	opened [maxPacket]byte // it is tried on a copy
}

// setEncryption puts keys into force. What does not change goes on as it is: counting anew under a key that was in use
// would send two packets in the same cipher. s.mu is held.
func (s *Session) setEncryption(agreed sdp.Crypto) error {
	e := &s.crypto
	if agreed.Equal(e.agreed) {
		return nil
	}
	out, in := e.out, e.in
	var err error
	if !agreed.Ours.Equal(e.agreed.Ours) {
		if out, err = outbound(agreed.Ours); err != nil {
			return err
		}
	}
	if !agreed.Theirs.Equal(e.agreed.Theirs) {
		if in, err = inbound(agreed.Theirs); err != nil {
			return err
		}
		e.part(in, s.clock.last)
	}
	if e.out != nil && e.out.Rollovers(s.out.ssrc) > 0 || s.out.sequence >= firstSequences {
		s.out.begin()
	}
	e.agreed, e.out, e.in = agreed, out, in
	return nil
}

func outbound(key srtp.Key) (*srtp.Outbound, error) {
	if key.Suite() == srtp.None {
		return nil, nil
	}
	return srtp.NewOutbound(key)
}

func inbound(key srtp.Key) (*srtp.Inbound, error) {
	if key.Suite() == srtp.None {
		return nil, nil
	}
	return srtp.NewInbound(key)
}

// part keeps the peer's key of now for what is still under way when the next one, or none, comes into force.
func (e *encryption) part(next *srtp.Inbound, now time.Duration) {
	e.former = nil
	if e.in == nil {
		return
	}
	e.former = &formerKey{in: e.in, until: now + underWay}
	if next != nil {
		next.Follow(e.in)
	}
}

// firstSequences is where a stream begins at most, so that a receiver that misses its first packets is not wrong about
// how often its sequence numbers have wrapped (RFC 3711 section 3.3.1).
const firstSequences = 1 << 15

// begin begins our stream, or begins it anew.
func (o *emission) begin() {
	o.ssrc, o.sequence = rand.Uint32(), uint16(rand.Uint32N(firstSequences))
	o.earlier, o.earlierBytes, o.flowing = o.sent, o.bytes, false
}

// seal protects the n bytes of a packet in place (RFC 3711), and returns how many it has then; false for a packet that
// must not be sent. s.mu is held.
func (s *Session) seal(packet []byte, n int) (int, bool) {
	if s.crypto.out == nil {
		return n, true
	}
	n, err := s.crypto.out.Protect(packet, n)
	return n, err == nil
}

// unseal opens a protected packet in place; false for one that is not the peer's. s.mu is held.
func (s *Session) unseal(packet []byte) ([]byte, bool) {
	return s.crypto.open(packet, (*srtp.Inbound).Unprotect, s.clock.last)
}

// sealReport and unsealReport are the same for RTCP.
func (s *Session) sealReport(report []byte) ([]byte, bool) {
	if s.crypto.out == nil {
		return report, true
	}
	n := len(report)
	report = append(report, make([]byte, srtp.ReportOverhead)...)
	n, err := s.crypto.out.ProtectReport(report, n)
	return report[:n], err == nil
}

func (s *Session) unsealReport(report []byte) ([]byte, bool) {
	return s.crypto.open(report, (*srtp.Inbound).UnprotectReport, s.clock.last)
}

// open opens a packet by the key of now or, while its time lasts, that of before.
func (e *encryption) open(p []byte, by func(in *srtp.Inbound, dst, p []byte) ([]byte, bool), now time.Duration) ([]byte, bool) {
	f := e.former
	if f != nil && now >= f.until {
		f, e.former = nil, nil
	}
	if f != nil {
		if opened, ok := by(f.in, f.opened[:], p); ok {
			return opened, true
		}
	}
	if e.in == nil {
		return p, true
	}
	opened, ok := by(e.in, p, p)
	if ok && f != nil {
		f.until = min(f.until, now+outOfOrder)
	}
	return opened, ok
}
