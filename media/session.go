package media

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"readback/media/sdp"
)

// Session is one call's sound. Its methods may be used from several goroutines; one Play, one Record and one SendKeys
// run at a time, beside one another.
type Session struct {
	engine  *Engine
	options Options
	port    uint16
	done    chan struct{} // closed by Close
	silent  chan struct{} // closed when the peer has gone silent
	keyed   chan struct{} // has a token when keys wait

	negotiating sync.Mutex // held over a whole offer or answer
	endpoint    sdp.Endpoint

	mu        sync.Mutex // everything below
	closed    bool
	joined    bool
	rtp, rtcp packetIO // rtcp is nil while muxed
	agreed    sdp.Agreement
	formats   [128]sdp.Format // what may come in, by payload type
	latch     latch
	in        reception
	out       emission
	clock     clock
	heard     time.Duration // on the clock: when a packet came last
	gone      bool          // silent is closed
	keys      typeahead
	tones     *inBand // nil while tones are not looked for
	playing   *playback
	dialling  *dialling
	recording *recorder
	tap       *tap
	bridged   *leg // nil outside a bridge
	waits     waits
	reports   reports
	crypto    encryption
	meter     meter
}

// Answer answers an offer, the call's first or that of a re-INVITE or UPDATE: hold, resume, another port, codec or
// packet time. ErrUnacceptable leaves everything as it was.
func (s *Session) Answer(offer []byte) (answer []byte, err error) {
	s.negotiating.Lock()
	defer s.negotiating.Unlock()
	answer, agreed, err := s.endpoint.Answer(offer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnacceptable, err)
	}
	return answer, s.apply(agreed)
}

// Offer makes an offer, for an INVITE of our own or for one that came without (delayed offer).
func (s *Session) Offer() ([]byte, error) {
	s.negotiating.Lock()
	defer s.negotiating.Unlock()
	return s.endpoint.Offer(), nil
}

// Accept takes the answer to the last Offer: ErrUnacceptable.
func (s *Session) Accept(answer []byte) error {
	s.negotiating.Lock()
	defer s.negotiating.Unlock()
	agreed, err := s.endpoint.Accept(answer)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnacceptable, err)
	}
	return s.apply(agreed)
}

// apply puts an agreement into force; with the first the packets begin.
func (s *Session) apply(agreed sdp.Agreement) error {
	s.prepareCodec(agreed.Codec)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if err := s.setEncryption(agreed.Crypto); err != nil {
		return err
	}
	s.agreed = agreed
	s.formats = [128]sdp.Format{}
	for _, f := range agreed.Formats {
		s.formats[f.Number] = f
	}
	if agreed.Changed {
		s.openLatch()
	}
	s.setRTCP()
	s.setHold(!agreed.Direction.Sends())
	if !s.joined {
		s.joined = true
		s.engine.join(s)
	}
	return nil
}

// LocalAddr is where the peer is told to send to.
func (s *Session) LocalAddr() netip.AddrPort {
	return netip.AddrPortFrom(s.engine.config.Advertise, s.port)
}

// Silent is closed when nothing has come for Config.Silence, hold not counted. RTCP counts as life.
func (s *Session) Silent() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent
}

// Answered begins the watch for silence anew, in a call of ours: its sound may have been agreed on long before somebody
// took it. What Silent gave before counts no more.
func (s *Session) Answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = s.clock.time
	if s.gone {
		s.gone, s.silent = false, make(chan struct{})
	}
}

// Close ends the session: whatever runs on it returns ErrClosed, and when its worker has let go of it, the port goes to
// rest.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.sayBye()
	s.closed = true
	close(s.done)
	s.waits.stop()
	s.engine.forget(s)
	if !s.joined {
		s.closePorts()
	}
}

// release closes the ports of a session that its worker has let go of.
func (s *Session) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closePorts()
}

func (s *Session) closePorts() {
	_ = s.rtp.close() // nothing is buffered, and the descriptor is gone either way
	if s.rtcp != nil {
		_ = s.rtcp.close()
	}
	s.engine.ports.put(s.port)
}

// begin makes the first packet due at a tick, and so chooses the session's slot.
func (s *Session) begin(tick int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.due = tick
}

// visit serves a session: what is due, or half way to that, what has come. False is the last one.
func (s *Session) visit(w *worker) (stays bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.clock.advance(w.now)
	s.out.catchUp(w.tick, s.period())
	left := (s.out.due - w.tick) / visitEvery // visits
	if left == 0 {
		s.send(w)
	}
	if left%2 == 1 || s.agreed.Ptime == 10 {
		w.carrier.receive(s)
		s.listen(w)
		s.exchangeReports(w)
		s.watchSilence()
		s.meter.turns.watch(s.clock.time)
	}
	return true
}

// period is the packet time in ticks.
func (s *Session) period() int64 {
	return int64(s.agreed.Ptime) * int64(time.Millisecond) / int64(tickTime)
}

// watchSilence notices a peer of whom nothing is heard.
func (s *Session) watchSilence() {
	if s.gone || !s.agreed.Direction.Receives() || s.clock.time-s.heard < s.engine.config.Silence {
		return
	}
	s.gone = true
	close(s.silent)
}
