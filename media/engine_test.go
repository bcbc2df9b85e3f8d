package media_test

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/testdata/memnet"
)

func TestPortsRestAfterUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := engineAt(t, memnet.New(), "192.0.2.1", func(c *media.Config) { c.PortMin, c.PortMax = 5001, 5006 })
		first, second := open(t, e, media.Options{}), open(t, e, media.Options{})
		if _, err := e.Open(media.Options{}); !errors.Is(err, media.ErrNoPorts) {
			t.Errorf("a third call on two ports: %v", err)
		}
		for _, s := range []*media.Session{first, second} {
			if p := s.LocalAddr().Port(); p != 5002 && p != 5004 {
				t.Errorf("port %d", p)
			}
		}
		first.Close()
		time.Sleep(9 * time.Second)
		if _, err := e.Open(media.Options{}); !errors.Is(err, media.ErrNoPorts) {
			t.Errorf("a port was given out after 9 s: %v", err)
		}
		time.Sleep(time.Second)
		if s := open(t, e, media.Options{}); s.LocalAddr() != first.LocalAddr() {
			t.Errorf("got port %v, want that of the first call", s.LocalAddr())
		}
	})
}

func TestPortsOfOthersArePassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		handsetAt(t, n, "192.0.2.1:5002", netip.AddrPort{})
		e := engineAt(t, n, "192.0.2.1", func(c *media.Config) { c.PortMin, c.PortMax = 5002, 5005 })
		if s := open(t, e, media.Options{}); s.LocalAddr().Port() != 5004 {
			t.Errorf("got %v", s.LocalAddr())
		}
		if _, err := e.Open(media.Options{}); !errors.Is(err, media.ErrNoPorts) {
			t.Errorf("got %v, want %v", err, media.ErrNoPorts)
		}
	})
}

func TestBadConfigurations(t *testing.T) {
	for name, c := range map[string]media.Config{
		"nothing to tell peers": {Address: netip.MustParseAddr("0.0.0.0")},
		"two families":          {Address: netip.MustParseAddr("0.0.0.0"), Advertise: netip.MustParseAddr("::1")},
		"low ports":             {PortMin: 1, PortMax: 100},
		"no even port":          {PortMin: 5001, PortMax: 5001},
	} {
		if _, err := media.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	e, err := media.New(media.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(media.Options{Codecs: []string{"G729"}}); err == nil {
		t.Error("an unknown codec: no error")
	}
	e.Close()
	if _, err := e.Open(media.Options{}); !errors.Is(err, media.ErrClosed) {
		t.Errorf("Open after Close: %v", err)
	}
}
