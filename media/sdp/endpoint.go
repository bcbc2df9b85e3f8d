package sdp

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"readback/media/srtp"
)

// The payload types under which we offer telephone-events and comfort noise.
const (
	offeredEvents = 101
	offeredNoise  = 13
)

// Endpoint is one call's side of offer and answer. It is not for several goroutines at once.
type Endpoint struct {
	// Local is the address and port that the peer is told.
	Local netip.AddrPort
	// Codecs are the ones to offer and to accept; nil means all.
	Codecs []Codec
	// Policy is whether sound is encrypted.
	Policy Policy

	id      uint64
	version uint64
	said    [sha256.Size]byte       // of our last description but for its origin: it has keys in it
	lines   []mediaLine             // the m-lines agreed on so far: they keep their places
	audio   int                     // which of them is ours
	heard   string                  // the origin and address of the peer's last description
	crypto  Crypto                  // agreed on so far
	offered []cryptoLine            // of our last offer
	keys    map[srtp.Suite]srtp.Key // that we offered
}

// Answer answers an offer, the call's first or a later one. ErrSyntax and ErrUnacceptable leave the endpoint as it was.
func (e *Endpoint) Answer(offer []byte) ([]byte, Agreement, error) {
	d, err := parse(offer)
	if err != nil {
		return nil, Agreement{}, err
	}
	index, chosen, err := e.choose(d)
	if err != nil {
		return nil, Agreement{}, err
	}
	s := d.streams[index]
	line, _ := e.Policy.choose(s)
	a := e.agree(s)
	a.Crypto = e.crypto.answer(line.key)
	a.use(chosen)
	a.Mux = s.mux
	a.Formats = []Format{chosen}
	if noise, ok := s.noise(); ok {
		a.Noise, a.NoiseType = true, noise.Number
		a.Formats = append(a.Formats, noise)
	}
	if events, ok := s.events(); ok {
		a.Events, a.EventType = true, events.Number
		a.Formats = append(a.Formats, events)
	}
	if !a.Crypto.Equal(e.crypto) {
		e.keys = nil
	}
	e.remember(d, index, &a)
	o := a.ours(d.lines[index].proto)
	if line.key = a.Crypto.Ours; line.tag != "" {
		o.crypto = []cryptoLine{line}
	}
	return e.write(o), a, nil
}

// Offer makes an offer: all our codecs, or the streams of the call so far with theirs renewed. A call that is encrypted
// is offered to stay so.
func (e *Endpoint) Offer() []byte {
	o := ours{proto: "RTP/AVP", ptime: DefaultPtime, mux: true}
	switch {
	case e.crypto.Suite() != srtp.None:
		o.proto, o.crypto = e.lines[e.audio].proto, e.offerKeys()
	case e.Policy == SecureOnly:
		o.proto, o.crypto = "RTP/SAVP", e.offerKeys()
	}
	e.offered = o.crypto
	for _, c := range e.codecs() {
		o.formats = append(o.formats, Format{Number: c.static(), Codec: c})
	}
	o.formats = append(o.formats, Format{Number: offeredNoise, Noise: true}, Format{Number: offeredEvents, Events: true})
	if len(e.lines) == 0 {
		e.lines = []mediaLine{{media: "audio"}}
	}
	return e.write(o)
}

// Accept takes the answer to our last offer.
func (e *Endpoint) Accept(answer []byte) (Agreement, error) {
	d, err := parse(answer)
	if err != nil {
		return Agreement{}, err
	}
	index := e.audio
	if index >= len(d.streams) || !d.streams[index].usable {
		return Agreement{}, fmt.Errorf("%w: the answer refuses the audio stream", ErrUnacceptable)
	}
	s := d.streams[index]
	chosen, ok := s.codec(e.codecs())
	if !ok {
		return Agreement{}, fmt.Errorf("%w: the answer has none of the codecs %v", ErrUnacceptable, e.codecs())
	}
	crypto, err := e.accept(s)
	if err != nil {
		return Agreement{}, err
	}
	a := e.agree(s)
	a.Crypto = crypto
	a.use(chosen)
	a.Mux = s.mux
	for _, c := range e.codecs() { // what we offered may come in, by the numbers we gave
		a.Formats = append(a.Formats, Format{Number: c.static(), Codec: c})
	}
	if noise, ok := s.noise(); ok {
		a.Noise, a.NoiseType = true, noise.Number
		a.Formats = append(a.Formats, Format{Number: offeredNoise, Noise: true})
	}
	if events, ok := s.events(); ok {
		a.Events, a.EventType = true, events.Number
		a.Formats = append(a.Formats, Format{Number: offeredEvents, Events: true})
		if events.Number != offeredEvents && !a.has(events.Number) { // peers that send by their own number
			a.Formats = append(a.Formats, events)
		}
	}
	e.remember(d, index, &a)
	return a, nil
}

// choose picks the stream to take: the one of before when it still can be, else one with keys where they are wanted, else
// the first that can.
func (e *Endpoint) choose(d *description) (int, Format, error) {
	order := []int{}
	if len(e.lines) > 0 && e.audio < len(d.streams) {
		order = append(order, e.audio)
	}
	for i, s := range d.streams {
		if line, _ := e.Policy.choose(s); line.tag != "" {
			order = append(order, i)
		}
	}
	for i := range d.streams {
		order = append(order, i)
	}
	for _, i := range order {
		if f, ok := e.takes(d.streams[i]); ok {
			return i, f, nil
		}
	}
	return 0, Format{}, fmt.Errorf("%w: want %v over %s with one of %v", ErrUnacceptable, e.Policy, family(e.Local.Addr()), e.codecs())
}

// takes reports whether a stream can be taken, and with which of its codecs.
func (e *Endpoint) takes(s stream) (Format, bool) {
	if _, ok := e.Policy.choose(s); !ok || !s.usable || s.addr.Addr().Is4() != e.Local.Addr().Is4() {
		return Format{}, false
	}
	return s.codec(e.codecs())
}

func (e *Endpoint) codecs() []Codec {
	if e.Codecs == nil {
		return Codecs()
	}
	return e.Codecs
}

// agree fills in what follows from the peer's stream alone.
func (e *Endpoint) agree(s stream) Agreement {
	theirs := s.direction
	if s.onHold {
		theirs = theirs.withoutReceiving()
	}
	return Agreement{
		Ptime:     packetTime(s.ptime, s.maxptime),
		Direction: theirs.reverse(),
		Remote:    s.addr, RemoteRTCP: s.rtcp,
	}
}

// remember keeps the m-lines and the keys and tells whether the peer said something new.
func (e *Endpoint) remember(d *description, index int, a *Agreement) {
	e.lines, e.audio = d.lines, index
	e.crypto = a.Crypto
	heard := d.origin + " " + a.Remote.String()
	a.Changed = heard != e.heard
	e.heard = heard
}

// write puts a description together; its version grows when it says something new (RFC 3264 section 8).
func (e *Endpoint) write(o ours) []byte {
	body := e.body(o)
	said := sha256.Sum256([]byte(body))
	switch {
	case e.version == 0:
		e.id = rand.Uint64N(1 << 62) // fits signed parsers
		e.version = 1
	case e.said != said:
		e.version++
	}
	e.said = said
	return fmt.Appendf(nil, "v=0\r\no=- %d %d IN %s %s\r\n%s", e.id, e.version, family(e.Local.Addr()), e.Local.Addr(), body)
}

func (s stream) codec(allowed []Codec) (Format, bool) {
	return s.find(func(f Format) bool { return f.Codec != None && slices.Contains(allowed, f.Codec) })
}

func (s stream) events() (Format, bool) { return s.find(func(f Format) bool { return f.Events }) }

func (s stream) noise() (Format, bool) { return s.find(func(f Format) bool { return f.Noise }) }

func (s stream) find(wanted func(Format) bool) (Format, bool) {
	i := slices.IndexFunc(s.formats, wanted)
	if i < 0 {
		return Format{}, false
	}
	return s.formats[i], true
}

func (a *Agreement) use(f Format) { a.Codec, a.PayloadType = f.Codec, f.Number }

func (a *Agreement) has(number uint8) bool {
	return slices.ContainsFunc(a.Formats, func(f Format) bool { return f.Number == number })
}

func family(a netip.Addr) string {
	if a.Is4() {
		return "IP4"
	}
	return "IP6"
}
