package media

import (
	"time"

	"readback/media/sdp"
)

// An intake keeps what has come until the writer of a recording takes it. All there is to do on the packet path is to copy.
type intake struct {
	notes []note
	bytes []byte // the payloads, one after the other
}

const (
	// intakeNotes is how many packets an intake holds for each second, of 10 ms and more; a part of the room is not for
	// sound, so that sound is never kept whose keys are not known.
	intakeNotes   = 120
	intakeReserve = 6
	// maxComfort is as much of the payload of comfort noise as is looked at.
	maxComfort = 32
)

// note is a packet, or what is known of it.
type note struct {
	at        time.Duration // on the session's clock
	ssrc      uint32
	timestamp uint32
	duration  uint32 // of a press so far, in samples of 8 kHz
	sequence  uint16
	size      uint16 // of the payload
	what      what
	codec     sdp.Codec
	marker    bool
}

// what a note is about.
type what uint8

const (
	noteSound   what = iota
	noteComfort      // comfort noise
	noteEvent        // a press, in a packet that has no sound
	noteTone         // a press, heard in the sound
)

// noteOf is the note of a packet.
func noteOf(h header, what what, codec sdp.Codec) note {
	return note{
		ssrc: h.ssrc, timestamp: h.timestamp, sequence: h.sequence, marker: h.marker, what: what, codec: codec,
	}
}

// newIntake makes one that holds what comes in a time.
func newIntake(d time.Duration) intake {
	return intake{notes: make([]note, 0, intakeNotes*d/time.Second), bytes: make([]byte, 0, samplesIn(d))}
}

// add keeps a note with its payload. What there is no room for is lost, as if it had not come.
func (i *intake) add(n note, payload []byte) {
	room := cap(i.notes) - len(i.notes)
	if n.what == noteSound {
		room -= cap(i.notes) / intakeReserve
	}
	if room <= 0 || len(payload) > cap(i.bytes)-len(i.bytes) {
		return
	}
	n.size = uint16(len(payload))
	i.notes = append(i.notes, n)
	i.bytes = append(i.bytes, payload...)
}

// reset forgets everything.
func (i *intake) reset() { i.notes, i.bytes = i.notes[:0], i.bytes[:0] }
