package sdp

import "net/netip"

// Packet times in milliseconds: what is sent when nothing is asked for, and the limits.
const (
	DefaultPtime = 20
	minPtime     = 10
	maxPtime     = 60
)

// Agreement is what an offer and its answer come to.
type Agreement struct {
	Codec       Codec // the one we send
	PayloadType uint8 // the number we send it under
	Events      bool  // telephone-events were agreed on
	EventType   uint8 // the number we send them under
	Noise       bool  // comfort noise (RFC 3389) was agreed on
	NoiseType   uint8 // the number we send it under
	// Formats are the payload types that may come in.
	Formats []Format
	// Ptime is the length of the packets we send: 10, 20, … 60 ms.
	Ptime int
	// Direction is ours: whether we send, and receive.
	Direction Direction
	// Remote is where the peer wants its RTP and RTCP; the address is unspecified on an old-style hold.
	Remote, RemoteRTCP netip.AddrPort
	// Mux: RTCP goes over the RTP port (RFC 5761).
	Mux bool
	// Crypto are the keys of SRTP, none in the clear.
	Crypto Crypto
	// Changed: this description of the peer's is another one than its last. A refresh changes nothing.
	Changed bool
}

// Format is a payload type that may come in: a codec's, or that of telephone-events or of comfort noise.
type Format struct {
	Number uint8
	Codec  Codec
	Events bool
	Noise  bool
}

// packetTime is what we send to a peer that asks for these (RFC 8866 section 6.4): a multiple of 10 ms.
func packetTime(ptime, maxptime int) int {
	if ptime == 0 {
		ptime = DefaultPtime
	}
	if maxptime > 0 {
		ptime = min(ptime, maxptime)
	}
	return max(minPtime, min(ptime, maxPtime)/10*10)
}
