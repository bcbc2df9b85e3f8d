package media_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"readback/media"
	"readback/media/srtp"
	"readback/testdata/memnet"
)

// secured is a handset with keys.
type secured struct {
	*handset
	in      *srtp.Inbound
	sound   int             // packets that were opened
	refused int             // packets that could not be
	ssrcs   map[uint32]bool // of what was opened
}

func securedAt(t *testing.T, n *memnet.Network, addr string, to netip.AddrPort) *secured {
	t.Helper()
	return &secured{handset: handsetAt(t, n, addr, to), ssrcs: map[uint32]bool{}}
}

// offers offers a key, takes that of the answer into use, and returns what protects under its own.
func (h *secured) offers(s *media.Session, version int, key srtp.Key) *srtp.Outbound {
	h.t.Helper()
	at := h.LocalAddr().String()
	answer, err := s.Answer(keyedOffer(at, version, key))
	if err != nil {
		h.t.Fatal(err)
	}
	text := regexp.MustCompile(`a=crypto:5 (\S+) inline:(\S+)`).FindSubmatch(answer)
	if text == nil {
		h.t.Fatalf("no key in\n%s", answer)
	}
	theirs, err := srtp.ParseKey(srtp.SuiteNamed(string(text[1])), string(text[2]))
	if err == nil {
		h.in, err = srtp.NewInbound(theirs)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return outboundOf(h.t, key)
}

func outboundOf(t *testing.T, key srtp.Key) *srtp.Outbound {
	t.Helper()
	out, err := srtp.NewOutbound(key)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// keyedOffer is offer as RTP/SAVP with a key.
func keyedOffer(at string, version int, key srtp.Key) []byte {
	o := string(offer(at, version, fmt.Sprintf("a=rtcp-mux\na=crypto:5 %v inline:%s\n", key.Suite(), key.Encode())))
	return []byte(strings.Replace(o, "RTP/AVP", "RTP/SAVP", 1))
}

// says sends a packet of 20 ms of sound.
func (h *secured) says(out *srtp.Outbound) {
	h.t.Helper()
	p := binary.BigEndian.AppendUint16([]byte{0x80, 0}, h.sequence)
	p = append(binary.BigEndian.AppendUint32(p, h.stamp), 0, 0, 0, 7)
	p = append(p, make([]byte, 160+srtp.Overhead)...)
	h.sequence++
	h.stamp += 160
	n, err := out.Protect(p, 172)
	if err == nil {
		_, err = h.WriteToAddrPort(p[:n], h.to)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// listens opens what has come.
func (h *secured) listens() {
	var p [1500]byte
	for {
		n, _, ok := h.TryRead(p[:])
		if !ok {
			return
		}
		by := h.in.Unprotect
		report := p[1] >= 192 && p[1] <= 223
		if report {
			by = h.in.UnprotectReport
		}
		switch opened, ok := by(p[:], p[:n]); {
		case !ok:
			h.refused++
		case !report:
			h.sound++
			h.ssrcs[binary.BigEndian.Uint32(opened[8:])] = true
		}
	}
}

func securedGateway(t *testing.T, mend ...func(*media.Config)) (*media.Session, *secured) {
	t.Helper()
	n := memnet.New()
	s := open(t, engineAt(t, n, "192.0.2.2", mend...), media.Options{Encryption: media.EncryptionOptional})
	return s, securedAt(t, n, "198.51.100.1:4000", s.LocalAddr())
}
