package srtp

import (
	"errors"
	"fmt"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/srtp/v3"
)

// errRoom says that there is no room behind a packet for what protection adds.
var errRoom = errors.New("srtp: no room behind the packet")

// Outbound protects what we send under a key of ours.
type Outbound struct {
	context *pion.Context
	header  rtp.Header // kept so that nothing is allocated
	report  rtcp.Header
}

// NewOutbound fails for no key.
func NewOutbound(key Key) (*Outbound, error) {
	c, err := newContext(key)
	if err != nil {
		return nil, err
	}
	return &Outbound{context: c}, nil
}

// Protect protects the RTP packet that the first n bytes are, and returns how many they are then: Overhead more at most.
// An error must not let the packet out. No SSRC may be used with the same sequence number twice before it has wrapped.
func (o *Outbound) Protect(p []byte, n int) (int, error) {
	if len(p) < n+Overhead {
		return 0, errRoom
	}
	out, err := o.context.EncryptRTP(p[:0], p[:n], &o.header)
	return len(out), err
}

// ProtectReport does the same for RTCP, which gets ReportOverhead bytes longer at most.
func (o *Outbound) ProtectReport(p []byte, n int) (int, error) {
	if len(p) < n+ReportOverhead {
		return 0, errRoom
	}
	out, err := o.context.EncryptRTCP(p[:0], p[:n], &o.report)
	return len(out), err
}

// Rollovers is how often the sequence numbers of a stream have wrapped under this key.
func (o *Outbound) Rollovers(ssrc uint32) uint32 {
	n, _ := o.context.ROC(ssrc)
	return n
}

// newContext is a context for one way, of packets and reports.
func newContext(key Key, options ...pion.ContextOption) (*pion.Context, error) {
	if key.Suite() == None {
		return nil, ErrKey
	}
	s, material := suites[key.Suite()], key.bytes()
	c, err := pion.CreateContext(material[:s.key], material[s.key:], s.profile, options...)
	if err != nil {
		return nil, fmt.Errorf("srtp: %w", err)
	}
	return c, nil
}
