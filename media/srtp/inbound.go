package srtp

import (
	"encoding/binary"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/srtp/v3"
)

const (
	// window is how many packets one may come late and still be told from a replay (RFC 3711 section 3.3.2: 64 or more).
	window = 128
	// maxStreams bounds the SSRCs of a peer under one key; each takes memory until the call ends.
	maxStreams = 64
)

// Inbound opens what a peer sends under its key.
type Inbound struct {
	context *pion.Context
	header  rtp.Header // kept so that nothing is allocated
	report  rtcp.Header
	streams int    // SSRCs of packets
	reports int    // and of reports
	ssrc    uint32 // of the last packet
	former  *former
}

// former is a stream of which nobody knows whether it counts on under this key.
type former struct {
	ssrc      uint32
	rollovers uint32
	try       []byte
}

// NewInbound fails for no key.
func NewInbound(key Key) (*Inbound, error) {
	c, err := newContext(key, pion.SRTPReplayProtection(window), pion.SRTCPReplayProtection(window))
	if err != nil {
		return nil, err
	}
	return &Inbound{context: c}, nil
}

// Follow tells that the peer sent under another key before. Whether its sequence numbers count on from there (RFC 3711
// section 3.3.1) or have not wrapped under the new key (RFC 4568 section 7.1.4), peers do not agree: either is taken.
func (i *Inbound) Follow(before *Inbound) {
	if n, _ := before.context.ROC(before.ssrc); n > 0 {
		i.former = &former{ssrc: before.ssrc, rollovers: n, try: make([]byte, 2048)}
	}
}

// Unprotect opens a packet and returns what it was; false for one that was not made under the key, or that came before.
// The packet is opened within dst's memory, which may be the packet's own; else the packet is left as it is.
func (i *Inbound) Unprotect(dst, p []byte) ([]byte, bool) {
	if len(p) < 12 {
		return nil, false
	}
	ssrc := binary.BigEndian.Uint32(p[8:])
	if i.former != nil && i.former.ssrc == ssrc {
		return i.settle(dst, p)
	}
	_, known := i.context.ROC(ssrc)
	if !known && i.streams == maxStreams {
		return nil, false
	}
	out, err := i.context.DecryptRTP(dst[:0], p, &i.header)
	if err != nil {
		return nil, false
	}
	if !known {
		i.streams++
	}
	i.ssrc = ssrc
	return out, true
}

// settle finds out by a packet how the sequence numbers are counted; they may just have wrapped once more.
func (i *Inbound) settle(dst, p []byte) ([]byte, bool) {
	f := i.former
	for _, rollovers := range [...]uint32{0, f.rollovers, f.rollovers + 1} {
		i.context.SetROC(f.ssrc, rollovers)
		if out, err := i.context.DecryptRTP(f.try[:0], p, &i.header); err == nil {
			i.former, i.ssrc = nil, f.ssrc
			i.streams++
			return append(dst[:0], out...), true
		}
	}
	return nil, false
}

// UnprotectReport does the same for RTCP.
func (i *Inbound) UnprotectReport(dst, p []byte) ([]byte, bool) {
	if len(p) < 8 {
		return nil, false
	}
	_, known := i.context.Index(binary.BigEndian.Uint32(p[4:]))
	if !known && i.reports == maxStreams {
		return nil, false
	}
	out, err := i.context.DecryptRTCP(dst[:0], p, &i.report)
	if err != nil {
		return nil, false
	}
	if !known {
		i.reports++
	}
	return out, true
}
