package sdp

import "strings"

// Codec is a way to code sound: a byte for every 125 µs, in each of them.
type Codec uint8

// The codecs we speak; None is no codec.
const (
	None Codec = iota
	PCMU
	PCMA
	G722
)

// Codecs are all of them, in the order in which we offer them.
func Codecs() []Codec { return []Codec{G722, PCMU, PCMA} }

// String is the codec's encoding name (RFC 3551).
func (c Codec) String() string {
	switch c {
	case PCMU:
		return "PCMU"
	case PCMA:
		return "PCMA"
	case G722:
		return "G722"
	}
	return "none"
}

// CodecNamed finds a codec by its encoding name, in any case; None for others.
func CodecNamed(name string) Codec {
	for _, c := range Codecs() {
		if strings.EqualFold(name, c.String()) {
			return c
		}
	}
	return None
}

// Rate is how many samples a second the codec carries. The clock of its RTP timestamps is 8000 Hz all the same, also
// that of G.722 (RFC 3551 section 4.5.2).
func (c Codec) Rate() int {
	if c == G722 {
		return 16000
	}
	return 8000
}

// The payload types that RFC 3551 gives (table 4), and RFC 3389 for comfort noise.
var static = map[uint8]Format{
	0:  {Codec: PCMU},
	8:  {Codec: PCMA},
	9:  {Codec: G722},
	13: {Noise: true},
}

// static is the payload type that RFC 3551 gives the codec.
func (c Codec) static() uint8 {
	for number, f := range static {
		if f.Codec == c && c != None {
			return number
		}
	}
	return 0
}
