package sdp

import "github.com/pion/sdp/v3"

// Direction says who sends on a stream, seen from the one who says it.
type Direction uint8

// The directions; SendRecv is what is meant when nothing is said.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

var directions = [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}

// String is the attribute's name.
func (d Direction) String() string { return directions[d] }

// Sends reports whether the one who says d sends.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives reports whether the one who says d receives.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// reverse is the other side's view (RFC 3264 section 6.1).
func (d Direction) reverse() Direction {
	switch d {
	case SendOnly:
		return RecvOnly
	case RecvOnly:
		return SendOnly
	}
	return d
}

// withoutReceiving is d of one who gave no address to send to (RFC 3264 section 8.4).
func (d Direction) withoutReceiving() Direction {
	if d.Sends() {
		return SendOnly
	}
	return Inactive
}

// readDirection takes the stream's attribute, else the session's.
func readDirection(session, media []sdp.Attribute) Direction {
	for _, attributes := range [][]sdp.Attribute{media, session} {
		for _, a := range attributes {
			for d, name := range directions {
				if a.Key == name {
					return Direction(d)
				}
			}
		}
	}
	return SendRecv
}
