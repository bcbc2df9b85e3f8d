package media

import (
	"context"
	"time"

	"readback/media/g711"
	"readback/media/sdp"
)

// Play sends clips one after the other, without a seam, and returns nil only after the last packet was handed to the
// kernel while the call was not on hold; a hold and a send that fails pause it. Otherwise it returns the cause of ctx,
// ErrClosed, or ErrBusy beside another Play.
func (s *Session) Play(ctx context.Context, clips ...*Clip) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p := &playback{clips: clips, done: make(chan struct{})}
	if p.at(position{}).clip == len(clips) {
		return nil // nothing to hear
	}
	if err := s.startPlaying(p); err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
	case <-s.done:
	}
	played := s.stopPlaying(p)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !played:
		return ErrClosed
	}
	return nil
}

// Loop plays clips over and over until ctx is done, whose cause it returns, or ErrClosed or ErrBusy as Play does; clips of
// no length are ErrClip. It ends within a packet's time, in which the sound fades: it does not click.
func (s *Session) Loop(ctx context.Context, clips ...*Clip) error {
	p := &playback{clips: clips, done: make(chan struct{})}
	if p.at(position{}).clip == len(clips) {
		return ErrClip
	}
	p.loops = true
	if err := s.startPlaying(p); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		s.fadeOut(p)
		s.stopPlaying(p)
		return context.Cause(ctx)
	case <-s.done:
		return ErrClosed
	}
}

// fadeOut waits for the last packet of a playback, which ends with the next one, unless none is sent now.
func (s *Session) fadeOut(p *playback) {
	s.mu.Lock()
	p.fades = true
	held := s.clock.held
	s.mu.Unlock()
	if held {
		return
	}
	select {
	case <-p.done:
	case <-s.done:
	case <-time.After(fadeWait):
	}
}

// fadeWait is how long the last packet of a Loop is waited for: two of the longest.
const fadeWait = 2 * maxFrame * sample

func (s *Session) startPlaying(p *playback) error {
	s.negotiating.Lock() // the codec stays
	defer s.negotiating.Unlock()
	s.mu.Lock()
	codec := s.agreed.Codec
	s.mu.Unlock()
	p.prepare(codec)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case s.playing != nil:
		return ErrBusy
	}
	s.playing = p
	return nil
}

// prepareCodec makes ready for another codec what is playing. s.negotiating is held.
func (s *Session) prepareCodec(codec sdp.Codec) {
	s.mu.Lock()
	p := s.playing
	s.mu.Unlock()
	if p != nil {
		p.prepare(codec)
	}
}

// stopPlaying reports whether p had been played to its end.
func (s *Session) stopPlaying(p *playback) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.playing == p {
		s.playing = nil
	}
	return p.over
}

// advancePlaying moves the prompt on after its packet has left. s.mu is held.
func (s *Session) advancePlaying(d *departure) {
	p := d.playing
	if p == nil || p != s.playing {
		return
	}
	p.position = d.next
	if d.next.clip == len(p.clips) {
		p.over = true
		close(p.done)
		s.playing = nil
	}
}

// playback is a Play under way.
type playback struct {
	clips    []*Clip
	position position
	loops    bool // after the last clip comes the first
	fades    bool // the next packet is the last
	over     bool // everything was sent
	done     chan struct{}
}

// prepare codes the clips before the packets come to them, off the packet path.
func (p *playback) prepare(codec sdp.Codec) {
	for _, c := range p.clips {
		c.coded(codec)
	}
}

// position is a place in the clips of a playback: the sample to send next.
type position struct{ clip, sample int }

// at skips clips that have nothing left.
func (p *playback) at(q position) position {
	for q.clip < len(p.clips) && q.sample == p.clips[q.clip].length {
		q = position{clip: q.clip + 1}
		if p.loops && q.clip == len(p.clips) {
			q.clip = 0
		}
	}
	return q
}

// fill puts the next sound into a payload, silence after the end, and returns where it stopped. A nil playback is silent.
func (p *playback) fill(payload []byte, codec sdp.Codec) position {
	if p == nil {
		silence(payload, codec)
		return position{}
	}
	whole, q := payload, p.at(p.position)
	for len(payload) > 0 && q.clip < len(p.clips) {
		n := copy(payload, p.clips[q.clip].coded(codec)[q.sample:])
		payload = payload[n:]
		q.sample += n
		q = p.at(q)
	}
	silence(payload, codec)
	if p.fades {
		fade(whole, codec)
		return position{clip: len(p.clips)}
	}
	return q
}

// fade brings the sound in a payload down to silence. In G.722 silence does: its decoders fade to that by themselves.
func fade(payload []byte, codec sdp.Codec) {
	var pcm [maxFrame]int16
	n := len(payload)
	switch codec {
	case sdp.PCMA:
		g711.DecodeA(pcm[:], payload)
		lower(pcm[:n])
		g711.EncodeA(payload, pcm[:n])
	case sdp.PCMU:
		g711.DecodeMu(pcm[:], payload)
		lower(pcm[:n])
		g711.EncodeMu(payload, pcm[:n])
	default:
		silence(payload, codec)
	}
}

func lower(pcm []int16) {
	for i, v := range pcm {
		pcm[i] = int16(int(v) * (len(pcm) - 1 - i) / len(pcm))
	}
}
