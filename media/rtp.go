package media

import "encoding/binary"

// headerSize is the RTP header that we send: no sources, no extension (RFC 3550 section 5.1).
const headerSize = 12

// header is what matters of an RTP header.
type header struct {
	marker      bool
	payloadType uint8
	sequence    uint16
	timestamp   uint32
	ssrc        uint32
}

// parseRTP splits a packet; false when it is none.
func parseRTP(p []byte) (h header, payload []byte, ok bool) {
	if len(p) < headerSize || p[0]>>6 != 2 {
		return header{}, nil, false
	}
	start, end := headerSize+4*int(p[0]&0x0F), len(p)
	if p[0]&0x10 != 0 { // an extension
		if end < start+4 {
			return header{}, nil, false
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(p[start+2:]))
	}
	if p[0]&0x20 != 0 { // padding
		end -= int(p[end-1])
	}
	if start > end {
		return header{}, nil, false
	}
	h = header{
		marker:      p[1]&0x80 != 0,
		payloadType: p[1] & 0x7F,
		sequence:    binary.BigEndian.Uint16(p[2:]),
		timestamp:   binary.BigEndian.Uint32(p[4:]),
		ssrc:        binary.BigEndian.Uint32(p[8:]),
	}
	return h, p[start:end], true
}

// put writes the header into b.
func (h header) put(b []byte) {
	b[0], b[1] = 0x80, h.payloadType
	if h.marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], h.sequence)
	binary.BigEndian.PutUint32(b[4:], h.timestamp)
	binary.BigEndian.PutUint32(b[8:], h.ssrc)
}

// isRTCP tells a report from sound on a muxed port (RFC 5761 section 4).
func isRTCP(p []byte) bool {
	return len(p) >= 8 && p[0]>>6 == 2 && p[1] >= 192 && p[1] <= 223
}
