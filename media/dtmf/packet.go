package dtmf

import (
	"encoding/binary"
	"time"
)

// PayloadSize is the length of one telephone-event (RFC 4733 section 2.3).
const PayloadSize = 4

// unit is that of timestamps and durations: they have a clock of 8 kHz.
const unit = time.Second / 8000

// Packet is one telephone-event with what the RTP header says of it.
type Packet struct {
	Source    uint32 // SSRC
	Sequence  uint16
	Timestamp uint32 // when the press, or this segment of it, began
	Event     byte
	End       bool
	Volume    byte   // −dBm0
	Duration  uint16 // so far, in timestamp units: 8 a millisecond
}

// Parse takes the payload of a packet; of several events in it (section 2.5.1.5) the first counts. False when it is too short.
func Parse(sequence uint16, timestamp uint32, payload []byte) (Packet, bool) {
	if len(payload) < PayloadSize {
		return Packet{}, false
	}
	return Packet{
		Sequence:  sequence,
		Timestamp: timestamp,
		Event:     payload[0],
		End:       payload[1]&0x80 != 0,
		Volume:    payload[1] & 0x3F,
		Duration:  binary.BigEndian.Uint16(payload[2:]),
	}, true
}

// Put writes the payload into b, which holds PayloadSize bytes or more.
func (p Packet) Put(b []byte) {
	b[0], b[1] = p.Event, p.Volume&0x3F
	if p.End {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], p.Duration)
}

// after reports whether p was sent after q by the same sender.
func (p Packet) after(q Packet) bool { return int16(p.Sequence-q.Sequence) > 0 }

// began is when the press began for a packet that arrived at a time.
func (p Packet) began(at time.Duration) time.Duration { return at - units(uint32(p.Duration)) }

func units(n uint32) time.Duration { return time.Duration(n) * unit }
