package media

import (
	"context"
	"errors"
	"fmt"

	"readback/media/dtmf"
)

const (
	// pressed is how long a key that we send is down, and pause how long none is after it, in samples.
	pressed = sampleRate / 10
	pause   = sampleRate / 10
	// endPackets is how often the end of a press is sent (RFC 4733 section 2.5.1.4).
	endPackets = 3
	// keyVolume is the level a key claims, in −dBm0.
	keyVolume = 10
)

// SendKeys presses keys, 100 ms each, in place of the sound: by telephone-events (RFC 4733) or, where they were not agreed
// on, by tones (ITU-T Q.23), which ErrBusy refuses beside a Play. It returns nil after the last one was sent; ErrNoEvents
// before anything was agreed on, ErrBusy, ErrClosed, or the cause of ctx.
func (s *Session) SendKeys(ctx context.Context, keys string) error {
	if keys == "" {
		return nil
	}
	d := &dialling{done: make(chan struct{})}
	for _, k := range []byte(keys) {
		event, ok := Key(k).Event()
		if !ok {
			return fmt.Errorf("media: %q is no key; keys are 0 to 9, *, #, A to D", rune(k))
		}
		d.events = append(d.events, event)
	}
	switch err := s.startDialling(d); {
	case errors.Is(err, errTonesOnly):
		return s.Play(ctx, keyTones(keys))
	case err != nil:
		return err
	}
	select {
	case <-d.done:
		return nil
	case <-ctx.Done():
		s.stopDialling(d)
		return context.Cause(ctx)
	case <-s.done:
		return ErrClosed
	}
}

// errTonesOnly says that the peer takes no telephone-events.
var errTonesOnly = errors.New("tones only")

// keyTones is the sound of keys.
func keyTones(keys string) *Clip {
	var pcm []int16
	for _, k := range []byte(keys) {
		tone, _ := dtmf.ToneOf(Key(k))
		pcm = tone.Append(pcm, pressed*sample)
		pcm = append(pcm, make([]int16, pause)...)
	}
	return NewClip(pcm)
}

func (s *Session) startDialling(d *dialling) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case !s.joined:
		return ErrNoEvents
	case !s.agreed.Events:
		return errTonesOnly
	case s.dialling != nil:
		return ErrBusy
	}
	s.dialling = d
	return nil
}

func (s *Session) stopDialling(d *dialling) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dialling == d {
		s.dialling = nil
	}
}

// dial takes a packet's turn for a dialling that runs: true when it carries a press. s.mu is held.
func (s *Session) dial(d *departure, timestamp uint32) (dtmf.Packet, bool) {
	if s.dialling == nil {
		return dtmf.Packet{}, false
	}
	k := s.dialling.next(timestamp, d.size)
	d.dialling, d.state = s.dialling, k.state
	return k.packet, k.press
}

// advanceDialling moves on after a packet has left. s.mu is held.
func (s *Session) advanceDialling(d *departure) {
	if d.dialling == nil || d.dialling != s.dialling {
		return
	}
	s.dialling.state = d.state
	if len(s.dialling.events) == d.state.key {
		close(s.dialling.done)
		s.dialling = nil
	}
}

// dialling is a SendKeys under way.
type dialling struct {
	events []byte
	state  dialState
	done   chan struct{}
}

// dialState is where it is: which key, since when it is down, for how long, how many end packets were sent, how long the
// pause after it has lasted.
type dialState struct {
	key      int
	stamp    uint32
	duration int
	ends     int
	paused   int
}

// step is what a packet does for a dialling: it carries a press, or it is a pause in which sound goes out.
type step struct {
	press  bool
	packet dtmf.Packet
	state  dialState // after the packet has left
}

// next is the step for a packet of so many samples that begins at timestamp.
func (d *dialling) next(timestamp uint32, samples int) step {
	k := step{state: d.state}
	n := &k.state
	if n.ends == endPackets {
		if n.paused += samples; n.paused >= pause {
			*n = dialState{key: n.key + 1}
		}
		return k
	}
	k.press = true
	if n.duration == 0 {
		n.stamp = timestamp
	}
	if n.duration < pressed {
		n.duration += samples
	} else {
		n.ends++
	}
	if n.duration >= pressed && n.ends == 0 {
		n.ends = 1 // this packet reaches the end
	}
	k.packet = dtmf.Packet{
		Timestamp: n.stamp, Event: d.events[n.key], End: n.ends > 0,
		Volume: keyVolume, Duration: uint16(n.duration),
	}
	return k
}
