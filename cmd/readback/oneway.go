package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"readback/media"
)

// unheardAfter is how long a caller may say nothing at all before an operator is told: long enough for every
// telephone that has answered to send its first packet.
const unheardAfter = 5 * time.Second

var (
	errSilence = errors.New("nothing was heard from the caller")
	errUnheard = errors.New("no packet has come")
)

// whileHeard ends with ctx, or when nothing has come from the caller for rtp.silence. That nothing comes from the start
// is told to the diary long before.
func whileHeard(ctx context.Context, session *media.Session, diary *diary) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if unheard(ctx, session) {
			diary.oneWay(session)
		}
		select {
		case <-session.Silent():
			cancel(errSilence)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-watched
	}
}

// unheard waits until something should have come, and reports whether nothing has. The time on hold does not count.
func unheard(ctx context.Context, session *media.Session) bool {
	ctx, stop := session.Patience(ctx, unheardAfter, errUnheard)
	defer stop()
	<-ctx.Done()
	s := session.Stats()
	return errors.Is(context.Cause(ctx), errUnheard) && s.Received == 0 && strings.Contains(s.Direction, "recv")
}

// oneWay notes a call that hears nothing, with what an operator needs to find out why.
func (d *diary) oneWay(session *media.Session) {
	s := session.Stats()
	d.record.OneWay = true
	d.gateway.metrics.sound.unheard.WithLabelValues(d.record.Trunk).Inc()
	d.log.Warn("nothing is heard from the caller, one-way audio", "trunk", d.record.Trunk, "likely", whyUnheard(s, session.LocalAddr(), d.call.Source.Addr()),
		"peer_named", s.Named, "sending_to", s.To, "receiving_on", session.LocalAddr(), "signalling_from", d.call.Source,
		"codec", s.Codec, "encryption", s.Secured, "direction", s.Direction, "sent", s.Sent, "unsent", s.Failed,
		"strays", s.Strays, "stray_from", s.Stray, "invalid", s.Invalid, "reports", s.RemoteLost >= 0)
}

// whyUnheard is the likeliest reason for a call that hears nothing, and what mends it.
func whyUnheard(s media.Stats, local netip.AddrPort, signalling netip.Addr) string {
	named := s.Named.Addr()
	switch {
	case s.Invalid > 0 && s.Secured != "":
		return "packets come that the agreed keys do not open: the peer encrypts by other keys, or not at all"
	case s.Invalid > 0:
		return "packets come that are no RTP"
	case s.Strays > 0 && s.Stray.Addr() == named:
		return "packets come from the peer with a payload type that was not agreed on"
	case s.Strays > 0:
		return fmt.Sprintf("packets come from %v, which is neither the address that the peer named nor in the trunk's media networks: add it to trunks[].media if it is the carrier's", s.Stray)
	case s.RemoteLost >= 0:
		return "the peer's reports come, its sound does not: it is muted, or only its sound is filtered on the way"
	case !s.To.IsValid():
		return fmt.Sprintf("the peer named %v, which is in none of the networks that sound may go to, so nothing is sent either: add it to trunks[].media if it is the carrier's", s.Named)
	case named.IsPrivate() && !signalling.IsPrivate() && !signalling.IsLoopback():
		return fmt.Sprintf("the peer named the private address %v, though it calls from %v: it is behind a NAT that does not mend its session description", named, signalling)
	case s.Failed > s.Sent/2:
		return fmt.Sprintf("what is sent to %v is turned away there: nobody listens at what the peer named", s.To)
	default:
		return fmt.Sprintf("nothing at all arrives at %v: a firewall before this machine may drop UDP to rtp.ports, or rtp.advertise is not an address that the carrier reaches", local)
	}
}
