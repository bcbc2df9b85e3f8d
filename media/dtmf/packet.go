package dtmf

import "encoding/binary"

// PayloadSize is the length of one telephone-event (RFC 4733 section 2.3).
const PayloadSize = 4

// Packet is one telephone-event with what the RTP header says of it.
type Packet struct {
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
