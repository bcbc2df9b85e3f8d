package media_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/testdata/memnet"
)

// handset is a phone made by hand, for packets that no phone of ours sends.
type handset struct {
	*memnet.Conn
	t        *testing.T
	to       netip.AddrPort
	sequence uint16
	stamp    uint32
}

func handsetAt(t *testing.T, n *memnet.Network, addr string, to netip.AddrPort) *handset {
	t.Helper()
	c, err := n.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	return &handset{Conn: c, t: t, to: to}
}

// send sends a packet of 20 ms of a payload type.
func (h *handset) send(payloadType byte, payload []byte) {
	h.t.Helper()
	if _, err := h.WriteToAddrPort(h.packet(payloadType, payload), h.to); err != nil {
		h.t.Fatal(err)
	}
}

// packet is the next one to send.
func (h *handset) packet(payloadType byte, payload []byte) []byte {
	p := binary.BigEndian.AppendUint16([]byte{0x80, payloadType}, h.sequence)
	p = binary.BigEndian.AppendUint32(p, h.stamp)
	h.sequence++
	h.stamp += 160
	return append(append(p, 0, 0, 0, h.to.Addr().As16()[15]), payload...)
}

func (h *handset) sound() { h.send(0, make([]byte, 160)) }

// key sends one packet of a press.
func (h *handset) key(event byte) { h.send(101, []byte{event, 0x8A, 0, 160}) }

// count is how many packets have come since the last time.
func (h *handset) count() int {
	var p [1500]byte
	for n := 0; ; n++ {
		if _, _, ok := h.TryRead(p[:]); !ok {
			return n
		}
	}
}

// offer describes a phone at an address.
func offer(at string, version int, attributes string) []byte {
	a := netip.MustParseAddrPort(at)
	return fmt.Appendf(nil, "v=0\no=- 1 %d IN IP4 %[2]v\ns=-\nc=IN IP4 %[2]v\nt=0 0\nm=audio %[3]d RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n%[4]s", version, a.Addr(), a.Port(), attributes)
}

func answer(t *testing.T, s *media.Session, offer []byte) {
	t.Helper()
	if _, err := s.Answer(offer); err != nil {
		t.Fatal(err)
	}
}

// gateway is a session on a network of its own that may exchange sound with some networks only.
func gateway(t *testing.T, mend ...func(*media.Config)) (*media.Session, *memnet.Network) {
	t.Helper()
	n := memnet.New()
	return open(t, engineAt(t, n, "192.0.2.2", mend...), media.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}), n
}

// rounds lets some packet times pass.
func rounds(n int) { time.Sleep(time.Duration(n) * 20 * time.Millisecond) }

func TestSoundComesFromOneSource(t *testing.T) {
	tests := map[string]struct {
		said   string // in the session description
		from   string
		heard  bool
		sentTo bool // after its first packets
	}{
		"the described address":                 {"198.51.100.1:4000", "198.51.100.1:4000", true, true},
		"another port of it":                    {"198.51.100.1:4000", "198.51.100.1:5000", true, true},
		"another address of the network":        {"198.51.100.1:4000", "198.51.100.7:4000", true, true},
		"behind a translator":                   {"10.0.0.1:4000", "198.51.100.7:4000", true, true},
		"a described address elsewhere":         {"203.0.113.1:4000", "203.0.113.1:4000", true, false},
		"an address that nobody has spoken of":  {"198.51.100.1:4000", "203.0.113.1:4000", false, false},
		"elsewhere, and one elsewhere was said": {"203.0.113.1:4000", "203.0.113.2:4000", false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, n := gateway(t)
				answer(t, s, offer(test.said, 1, ""))
				phone := handsetAt(t, n, test.from, s.LocalAddr())
				for range 10 {
					phone.sound()
					rounds(1)
				}
				phone.count()
				rounds(10)
				got := phone.count()
				st := s.Stats()
				if (st.Received > 0) != test.heard || (got > 0) != test.sentTo {
					t.Errorf("heard %d packets, sent it %d; want heard %v, sent %v", st.Received, got, test.heard, test.sentTo)
				}
				if test.heard != (st.Source == netip.MustParseAddrPort(test.from)) {
					t.Errorf("the source is %v", st.Source)
				}
			})
		})
	}
}

func TestNobodyElseIsHeardOnceLatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		answer(t, s, offer("198.51.100.1:4000", 1, ""))
		phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		intruder := handsetAt(t, n, "198.51.100.9:4000", s.LocalAddr())
		phone.sound()
		rounds(2)
		for range 20 {
			intruder.key(5)
			rounds(1)
		}
		phone.key(7)
		if key, err := s.ReadKey(t.Context()); err != nil || key != '7' {
			t.Errorf("heard %v, %v; want 7", key, err)
		}
		if got := intruder.count(); got > 0 {
			t.Errorf("the intruder was sent %d packets", got)
		}
	})
}

func TestOtherPayloadTypesDoNotLatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		answer(t, s, offer("198.51.100.1:4000", 1, ""))
		keepAlive := handsetAt(t, n, "198.51.100.1:5000", s.LocalAddr())
		phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		for range 20 { // as sipp sends them before its digits
			keepAlive.send(97, nil)
		}
		rounds(2)
		phone.sound()
		rounds(2)
		if st := s.Stats(); st.Source != netip.MustParseAddrPort("198.51.100.1:4000") {
			t.Errorf("latched %v: %+v", st.Source, st)
		}
	})
}

func TestTheDescribedAddressIsPreferred(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		answer(t, s, offer("198.51.100.1:4000", 1, ""))
		early := handsetAt(t, n, "198.51.100.9:4000", s.LocalAddr())
		phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		early.key(5)
		rounds(1)
		early.key(5)
		phone.key(7)
		rounds(2)
		if key, err := s.ReadKey(t.Context()); err != nil || key != '7' {
			t.Errorf("heard %v, %v; want 7", key, err)
		}
	})
}

func TestOnlyANewDescriptionOpensTheLatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		answer(t, s, offer("198.51.100.1:4000", 1, ""))
		phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		moved := handsetAt(t, n, "198.51.100.2:6000", s.LocalAddr())
		phone.sound()
		rounds(2)
		answer(t, s, offer("198.51.100.1:4000", 1, "")) // a refresh
		moved.key(1)
		rounds(2)
		answer(t, s, offer("198.51.100.2:6000", 2, ""))
		phone.key(2) // it may still be sending
		rounds(2)
		moved.key(3)
		if key, err := s.ReadKey(t.Context()); err != nil || key != '3' {
			t.Errorf("heard %v, %v; want 3", key, err)
		}
		moved.count()
		phone.count()
		rounds(5)
		if a, b := moved.count(), phone.count(); a < 4 || b > 0 {
			t.Errorf("sent %d packets to the new place and %d to the old", a, b)
		}
	})
}

func TestNothingIsSentOutsideTheAllowedNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		victim := handsetAt(t, n, "203.0.113.1:4000", s.LocalAddr())
		control := handsetAt(t, n, "203.0.113.1:4001", s.LocalAddr())
		elsewhere := handsetAt(t, n, "203.0.113.1:9", s.LocalAddr())
		answer(t, s, offer("203.0.113.1:4000", 1, ""))
		rounds(500)
		answer(t, s, offer("198.51.100.1:4000", 2, "a=rtcp:9 IN IP4 203.0.113.1\n"))
		rounds(500)
		s.Close()
		if a, b, c := victim.count(), control.count(), elsewhere.count(); a+b+c > 0 {
			t.Errorf("sent %d packets of sound and %d reports outside", a, b+c)
		}
	})
}
