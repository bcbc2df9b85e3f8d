package media_test

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/testdata/memnet"
)

func TestACallOverRealSockets(t *testing.T) {
	for _, test := range []struct{ host, io string }{
		{"127.0.0.1", "io_uring"},
		{"127.0.0.1", "plain"},
		{"::1", "io_uring"},
		{"::1", "plain"},
	} {
		t.Run(test.host+" "+test.io, func(t *testing.T) {
			before := runtime.GOMAXPROCS(0)
			e, err := media.New(media.Config{Address: netip.MustParseAddr(test.host), PortMin: 30000, PortMax: 34999, IO: test.io})
			if err != nil {
				t.Fatal(err)
			}
			if e.IO() != test.io {
				t.Errorf("packets go by %s", e.IO())
			}
			c := &call{phone: open(t, e, media.Options{}), gate: open(t, e, media.Options{})}
			c.connect(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			f := tape(t)
			recorded := make(chan media.Recording, 1)
			go func() {
				r, err := c.gate.Record(ctx, f, media.RecordLimit{})
				if err != nil {
					t.Error(err)
				}
				recorded <- r
			}()
			if err := c.phone.Play(ctx, media.NewClip(babble(time.Second, -20))); err != nil {
				t.Error(err)
			}
			if err := c.phone.SendKeys(ctx, "1#2"); err != nil {
				t.Error(err)
			}
			for _, want := range "12" {
				if key, err := c.gate.ReadKey(ctx); err != nil || key != media.Key(want) {
					t.Errorf("read %v, %v; want %c", key, err, want)
				}
			}
			if r := <-recorded; r.EndedBy != media.EndKey || r.Speech < 500*time.Millisecond {
				t.Errorf("recorded %+v", r)
			}
			st := c.gate.Stats()
			if st.Source != c.phone.LocalAddr() || st.Received < 60 || st.Strays != 0 {
				t.Errorf("%+v", st)
			}
			c.connect(t) // a re-INVITE
			if err := c.phone.SendKeys(ctx, "7"); err != nil {
				t.Error(err)
			}
			if key, err := c.gate.ReadKey(ctx); err != nil || key != '7' {
				t.Errorf("read %v, %v; want 7", key, err)
			}
			e.Close()
			if after := runtime.GOMAXPROCS(0); after != before {
				t.Errorf("GOMAXPROCS is %d after Close, was %d", after, before)
			}
		})
	}
}

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
