package media_test

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"readback/media"
	"readback/testdata/memnet"
)

// call is a test phone and the gateway's side of its call, over a network in memory.
type call struct {
	net         *memnet.Network
	phone, gate *media.Session
}

// engineAt is an engine on a network in memory.
func engineAt(t *testing.T, n *memnet.Network, addr string, mend ...func(*media.Config)) *media.Engine {
	t.Helper()
	c := media.Config{
		Address: netip.MustParseAddr(addr),
		Network: func(at netip.AddrPort) (media.PacketConn, error) {
			conn, err := n.Listen(at.String())
			if err != nil {
				return nil, err
			}
			return conn, nil
		},
	}
	for _, m := range mend {
		m(&c)
	}
	e, err := media.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func open(t *testing.T, e *media.Engine, o media.Options) *media.Session {
	t.Helper()
	s, err := e.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dial sets up a call in PCMU by offer and answer.
func dial(t *testing.T, mend ...func(*media.Config)) *call {
	t.Helper()
	return dialIn(t, "PCMU", mend...)
}

func dialIn(t *testing.T, codec string, mend ...func(*media.Config)) *call {
	t.Helper()
	n := memnet.New()
	c := &call{net: n}
	c.phone = open(t, engineAt(t, n, "192.0.2.1"), media.Options{Codecs: []string{codec}})
	c.gate = open(t, engineAt(t, n, "192.0.2.2", mend...), media.Options{})
	c.connect(t)
	return c
}

func (c *call) connect(t *testing.T) {
	t.Helper()
	offer, err := c.phone.Offer()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.gate.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.phone.Accept(answer); err != nil {
		t.Fatal(err)
	}
}

// babble is something like speech at a level in dBov: bursts of 300 ms of changing pitch with pauses of 100 ms.
func babble(d time.Duration, level float64) []int16 {
	pcm := make([]int16, int(d/time.Millisecond)*8)
	amplitude := math.Sqrt2 * 32768 * math.Pow(10, level/20)
	phase := 0.0
	for i := range pcm {
		ms := i / 8
		phase += 2 * math.Pi * (150 + 40*math.Sin(float64(ms)/170)) / 8000
		v := 0.6*math.Sin(phase) + 0.5*math.Sin(3*phase+1) + 0.4*math.Sin(7*phase)
		if ms%400 < 300 {
			pcm[i] = int16(max(-32768, min(32767, amplitude*v)))
		}
	}
	return pcm
}

// likeness is the correlation of two sounds at the best alignment within 125 ms, up to 1.
func likeness(a, b []int16) float64 {
	best, _ := alignment(a, b, 1000)
	return best
}

// alignment is the best one of a in b, later by less than so many samples, and the correlation there.
func alignment(a, b []int16, most int) (best float64, at int) {
	for shift := 0; shift < most && shift+len(a) <= len(b); shift++ {
		var cross, aa, bb float64
		for i := 0; i < len(a); i += 2 { // of babble, nothing is above 2 kHz
			v, w := float64(a[i]), float64(b[shift+i])
			cross, aa, bb = cross+v*w, aa+v*v, bb+w*w
		}
		if like := cross / math.Sqrt(aa*bb); like > best {
			best, at = like, shift
		}
	}
	return best, at
}
