package sdp

import "strings"

// Codec is a way to code sound at 8 kHz.
type Codec uint8

// The codecs we speak; None is no codec.
const (
	None Codec = iota
	PCMU
	PCMA
)

// Codecs are all of them, in the order in which we offer them.
func Codecs() []Codec { return []Codec{PCMU, PCMA} }

// String is the codec's encoding name (RFC 3551).
func (c Codec) String() string {
	switch c {
	case PCMU:
		return "PCMU"
	case PCMA:
		return "PCMA"
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

// static is the payload type that RFC 3551 gives the codec.
func (c Codec) static() uint8 {
	if c == PCMA {
		return 8
	}
	return 0
}
