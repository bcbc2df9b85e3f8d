package media

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// AllKeys are those of the telephone.
const AllKeys = "0123456789*#ABCD"

// ErrSilent says that nothing has come from a peer for Config.Silence.
var ErrSilent = errors.New("the peer has gone silent")

// BridgeOptions are one bridge's. The zero value carries everything.
type BridgeOptions struct {
	// KeepA and KeepB are keys of the one side and of the other that do not go across: they are handed to ReadKey.
	// AllKeys keeps them all. Where keys are kept of a side that presses by tones, its sound is delayed by 60 ms.
	KeepA, KeepB string
	// Unsent is given the keys for a side that takes no telephone-events (RFC 4733), for SIP INFO; it may wait until ctx is
	// done. When it is nil they are sent as tones.
	Unsent func(ctx context.Context, to *Session, key Key)
	// Music is played in a loop to one side while the other is on hold; nil is silence.
	Music *Clip
}

// LegError says on which side a bridge ended: ErrClosed, ErrSilent, or ErrBusy when it is in another bridge.
type LegError struct {
	Leg *Session
	Err error
}

func (e *LegError) Error() string { return fmt.Sprintf("bridge: port %d: %v", e.Leg.port, e.Err) }

// Unwrap is the reason.
func (e *LegError) Unwrap() error { return e.Err }

// Bridge joins two calls until ctx is done, whose cause it returns, or until one of them is over: LegError. What is heard
// on one is said on the other: in packets of 20 ms, 5 to 45 ms after it came, and later by what its jitter demands, 200 ms
// at most. Codecs and packet times may differ and change, what is lost is concealed, and while one is on hold the other
// hears silence or music. Keys go across once each: telephone-events and INFO as telephone-events of 100 ms, tones in the
// sound.
//
// Play, Loop and SendKeys go before the other side's sound, Play not before the music; Record and Tap hear their own side,
// so that two of them record both. Afterwards both are as they were, and nothing of the bridge is left.
func Bridge(ctx context.Context, a, b *Session, o BridgeOptions) error {
	fromA, fromB := newRelay(o.KeepA, a.relayDelay(o.KeepA)), newRelay(o.KeepB, b.relayDelay(o.KeepB))
	for _, side := range []struct {
		s *Session
		l *leg
	}{{a, newLeg(fromB, fromA)}, {b, newLeg(fromA, fromB)}} {
		if err := side.s.attach(side.l); err != nil {
			return &LegError{side.s, err}
		}
		defer side.s.detach()
	}
	ctx, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer stop()
	work.Go(func() { carryKeys(ctx, fromA, b, o.Unsent) })
	work.Go(func() { carryKeys(ctx, fromB, a, o.Unsent) })
	if o.Music != nil {
		work.Go(func() { entertain(ctx, a, b, o.Music) })
		work.Go(func() { entertain(ctx, b, a, o.Music) })
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-a.done:
		return &LegError{a, ErrClosed}
	case <-b.done:
		return &LegError{b, ErrClosed}
	case <-a.Silent():
		return &LegError{a, ErrSilent}
	case <-b.Silent():
		return &LegError{b, ErrSilent}
	}
}

// leg is a session's share of a bridge.
type leg struct {
	in, out *relay        // what is said on it, and what is heard
	holds   chan struct{} // has a token when a hold has begun or ended
}

func newLeg(in, out *relay) *leg { return &leg{in: in, out: out, holds: make(chan struct{}, 1)} }

// pass gives the other side what has come, where keys are heard on a way. Tones that the sound carries are not muted.
func (l *leg) pass(n note, payload []byte, by way) {
	if n.what != noteTone || !l.out.carriesTones(by) {
		l.out.put(n, payload)
	}
}

func (l *leg) tellHold() {
	select {
	case l.holds <- struct{}{}:
	default:
	}
}

func (s *Session) attach(l *leg) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case s.bridged != nil:
		return ErrBusy
	}
	s.bridged = l
	return nil
}

func (s *Session) detach() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bridged = nil
}

// relayDelay is that of what is heard on a session of which some keys are to be kept.
func (s *Session) relayDelay(keep string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if keep != "" && s.wantsTones() {
		return relayWithTones
	}
	return relayDelay
}

// carryKeys sends the keys of a relay to the side that it speaks to.
func carryKeys(ctx context.Context, from *relay, to *Session, unsent func(context.Context, *Session, Key)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-from.typed.ready:
		}
		keys := from.takeTyped()
		if unsent == nil || to.takesEvents() {
			to.pressOn(ctx, keys)
			continue
		}
		for _, key := range []byte(keys) {
			unsent(ctx, to, Key(key))
		}
	}
}

func (s *Session) takesEvents() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.agreed.Events
}

// pressOn is SendKeys, after whatever else is sent or, where they go as tones, played.
func (s *Session) pressOn(ctx context.Context, keys string) {
	for errors.Is(s.SendKeys(ctx, keys), ErrBusy) {
		select {
		case <-ctx.Done():
		case <-time.After(round):
		}
	}
}

// entertain plays music to one side while the other is on hold.
func entertain(ctx context.Context, to, from *Session, music *Clip) {
	holds := from.legHolds()
	for ctx.Err() == nil {
		held, resumed := context.WithCancel(ctx)
		var playing sync.WaitGroup
		if from.Held() {
			playing.Go(func() { _ = to.Loop(held, music) }) // beside another prompt there is no music
		}
		select {
		case <-ctx.Done():
		case <-holds:
		}
		resumed()
		playing.Wait()
	}
}

func (s *Session) legHolds() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bridged.holds
}

// relayed puts into a payload what is heard on the other side of a bridge; false when nothing is to be said: outside a
// bridge, beside and right after a prompt, and where the other side is silent and the peer takes comfort noise. s.mu is
// held.
func (s *Session) relayed(d *departure, payload []byte, timestamp uint32) bool {
	if s.bridged == nil {
		return false
	}
	silent := s.bridged.in.fill(payload, s.agreed.Codec, timestamp)
	if s.playing != nil || silent && s.agreed.Noise || s.unsettled(true) {
		s.bridged.in.interrupt(s.agreed.Codec)
		return false
	}
	d.quiet, d.foreign = d.quiet+d.size, true
	if !silent {
		d.quiet = 0
	}
	return true
}
