package media_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/media/srtp"
	"readback/testdata/memnet"
)

// only leaves the lines of one suite in an offer of ours.
func only(suite srtp.Suite, offer []byte, without string) []byte {
	var kept []byte
	for line := range strings.Lines(string(offer)) {
		if strings.HasPrefix(line, without) || strings.HasPrefix(line, "a=crypto:") && !strings.Contains(line, suite.String()+" ") {
			continue
		}
		kept = append(kept, line...)
	}
	return kept
}

// securedCall is a call between two sessions of ours under a suite, without some lines in its offer.
func securedCall(t *testing.T, suite srtp.Suite, without string) *call {
	t.Helper()
	n := memnet.New()
	n.SetFault(func(_, _ netip.AddrPort, p []byte) bool {
		for _, b := range p[13:min(len(p), 172)] {
			if b != p[12] {
				return false
			}
		}
		t.Errorf("%d bytes went out in the clear", len(p))
		return false
	})
	c := &call{net: n}
	c.phone = open(t, engineAt(t, n, "192.0.2.1"), media.Options{Encryption: media.EncryptionRequired, Codecs: []string{"PCMU"}})
	c.gate = open(t, engineAt(t, n, "192.0.2.2"), media.Options{Encryption: media.EncryptionOptional})
	c.settle(t, suite, without)
	return c
}

func (c *call) settle(t *testing.T, suite srtp.Suite, without string) {
	t.Helper()
	offer, err := c.phone.Offer()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.gate.Answer(only(suite, offer, without))
	if err == nil {
		err = c.phone.Accept(answer)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestEverySuiteCarriesACall_RFC4568(t *testing.T) {
	for _, suite := range srtp.Suites() {
		for reports, without := range map[string]string{"muxed": "b=", "apart": "a=rtcp-mux"} {
			t.Run(suite.String()+" "+reports, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := securedCall(t, suite, without)
					var heard []int16
					c.phone.Tap(func(pcm []int16, _ int) { heard = append(heard, pcm...) })
					said := babble(2*time.Second, -20)
					time.Sleep(100 * time.Millisecond)
					if err := c.gate.Play(t.Context(), media.NewClip(said)); err != nil {
						t.Fatal(err)
					}
					time.Sleep(300 * time.Millisecond)
					c.phone.Tap(nil)
					if like := likeness(said, heard[600:]); like < 0.99 {
						t.Errorf("what is heard is %.2f like what was said", like)
					}
					c.settle(t, suite, without) // a refresh
					exchangeKeys(t, c, "4711#")
					time.Sleep(20 * time.Second)
					for name, s := range map[string]*media.Session{"phone": c.phone, "gateway": c.gate} {
						st := s.Stats()
						if st.Secured != suite.String() || st.Invalid != 0 || st.Lost != 0 || st.Failed != 0 || st.Received < 1000 || st.RemoteLost != 0 {
							t.Errorf("%s: %+v", name, st)
						}
					}
				})
			})
		}
	}
}

// exchangeKeys presses keys on both sides.
func exchangeKeys(t *testing.T, c *call, keys string) {
	t.Helper()
	for _, way := range []struct{ from, to *media.Session }{{c.phone, c.gate}, {c.gate, c.phone}} {
		sent := make(chan error, 1)
		go func() { sent <- way.from.SendKeys(t.Context(), keys) }()
		for _, want := range keys {
			if key, err := way.to.ReadKey(t.Context()); err != nil || key != media.Key(want) {
				t.Errorf("read %v, %v; want %c", key, err, want)
			}
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
}

func TestReKeyingLosesNothing_RFC4568_Section7_1_4(t *testing.T) {
	for _, suite := range srtp.Suites() {
		t.Run(suite.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, phone := securedGateway(t)
				before := phone.offers(s, 1, srtp.NewKey(suite))
				for range 50 {
					phone.says(before)
					rounds(1)
				}
				phone.listens()
				heard := phone.sound
				after := phone.offers(s, 2, srtp.NewKey(suite))
				for i := range 50 {
					out := after
					if i < 5 || i == 7 || i == 20 { // what was under way
						out = before
					}
					phone.says(out)
					rounds(1)
				}
				phone.listens()
				if st := s.Stats(); st.Received != 100 || st.Invalid != 0 || st.Lost != 0 || st.Secured != suite.String() {
					t.Errorf("%+v", st)
				}
				if got := phone.sound - heard; got < 50 || phone.refused > 0 || len(phone.ssrcs) != 1 {
					t.Errorf("the phone opened %d packets of %d streams, not %d", got, len(phone.ssrcs), phone.refused)
				}
				rounds(100)
				phone.says(before)
				phone.says(after)
				rounds(2)
				if st := s.Stats(); st.Received != 101 || st.Invalid != 1 {
					t.Errorf("seconds later: %+v", st)
				}
			})
		})
	}
}

// TestReKeyingALongCall: nobody can be wrong about how often our sequence numbers have wrapped.
func TestReKeyingALongCall_RFC3711_Section3_3_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, phone := securedGateway(t)
		phone.offers(s, 1, srtp.NewKey(srtp.AESGCM128))
		for range 1400 {
			rounds(50)
			phone.listens()
		}
		if phone.sound < 69_990 || phone.refused > 0 || len(phone.ssrcs) != 1 {
			t.Errorf("opened %d packets of %d streams, not %d", phone.sound, len(phone.ssrcs), phone.refused)
		}
		phone.offers(s, 2, srtp.NewKey(srtp.AESGCM128))
		rounds(100)
		phone.listens()
		if phone.sound < 70_090 || phone.refused > 0 || len(phone.ssrcs) != 2 {
			t.Errorf("then opened %d packets of %d streams, not %d", phone.sound, len(phone.ssrcs), phone.refused)
		}
	})
}

func TestWhatIsNotThePeersIsNotHeard(t *testing.T) {
	for _, suite := range srtp.Suites() {
		synctest.Test(t, func(t *testing.T) {
			s, phone := securedGateway(t)
			right := phone.offers(s, 1, srtp.NewKey(suite))
			wrong := outboundOf(t, srtp.NewKey(suite))
			for range 20 {
				phone.says(wrong)
				phone.handset.sound() // in the clear
				rounds(1)
			}
			st := s.Stats()
			if st.Received != 0 || st.Source.IsValid() || st.Invalid != 40 {
				t.Errorf("%v: %+v", suite, st)
			}
			report := []byte{0x80, 201, 0, 1, 1, 2, 3, 4}
			phone.says(right)
			rounds(2)
			if _, err := phone.WriteToAddrPort(report, s.LocalAddr()); err != nil {
				t.Fatal(err)
			}
			rounds(2)
			if st := s.Stats(); st.Received != 1 || !st.Source.IsValid() || st.Invalid != 41 {
				t.Errorf("%v, with the right key: %+v", suite, st)
			}
		})
	}
}

func TestKeysComeAndGoWithinACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, phone := securedGateway(t)
		clear := offer("198.51.100.1:4000", 1, "a=rtcp-mux\n")
		answer(t, s, clear)
		phone.handset.sound()
		rounds(2)
		out := phone.offers(s, 2, srtp.NewKey(srtp.AESCM128SHA80))
		phone.handset.sound() // too late: it might be anybody's
		phone.says(out)
		rounds(2)
		answer(t, s, clear)
		phone.says(out) // under way
		phone.handset.sound()
		rounds(2)
		if st := s.Stats(); st.Received != 4 || st.Invalid != 1 || st.Secured != "" {
			t.Errorf("%+v", st)
		}
	})
}

// stubborn takes two packets of three.
type stubborn struct {
	media.PacketConn
	n *int
}

func (c stubborn) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if *c.n++; *c.n%3 == 0 {
		return 0, errors.New("no buffer")
	}
	return c.PacketConn.WriteToAddrPort(p, to)
}

func TestNoNumberIsUsedTwice_RFC3711_Section9_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes := 0
		s, phone := securedGateway(t, func(c *media.Config) {
			network := c.Network
			c.Network = func(at netip.AddrPort) (media.PacketConn, error) {
				conn, err := network(at)
				return stubborn{conn, &writes}, err
			}
		})
		phone.offers(s, 1, srtp.NewKey(srtp.AESGCM256))
		var numbers []uint16
		var p [1500]byte
		for range 60 {
			rounds(1)
			if n, _, ok := phone.TryRead(p[:]); ok && n > 172 {
				numbers = append(numbers, binary.BigEndian.Uint16(p[2:]))
			}
		}
		if len(numbers) < 30 {
			t.Fatalf("only %d packets came", len(numbers))
		}
		if spread := int(numbers[len(numbers)-1] - numbers[0]); spread < len(numbers)*4/3 {
			t.Errorf("%d packets have numbers %d apart: those that failed were used again", len(numbers), spread)
		}
	})
}

func TestEncryptionPolicies(t *testing.T) {
	tests := map[media.Encryption]struct{ clear, keyed string }{
		media.EncryptionOff:      {"", "refused"},
		media.EncryptionOptional: {"", "AEAD_AES_128_GCM"},
		media.EncryptionRequired: {"refused", "AEAD_AES_128_GCM"},
	}
	for policy, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			e := engineAt(t, memnet.New(), "192.0.2.2")
			for want, o := range map[string][]byte{
				test.clear: offer("198.51.100.1:4000", 1, ""),
				test.keyed: keyedOffer("198.51.100.1:4000", 1, srtp.NewKey(srtp.AESGCM128)),
			} {
				s := open(t, e, media.Options{Encryption: policy})
				_, err := s.Answer(o)
				got := s.Stats().Secured
				if err != nil {
					got = "refused"
				}
				if got != want || err != nil && !errors.Is(err, media.ErrUnacceptable) {
					t.Errorf("policy %v: %q, %v; want %q", policy, got, err, want)
				}
				s.Close()
			}
		})
	}
}

func TestAnEncryptedCallOverRealSockets(t *testing.T) {
	for i, way := range []string{"io_uring", "plain"} {
		t.Run(way, func(t *testing.T) {
			e, err := media.New(media.Config{Address: netip.MustParseAddr("127.0.0.1"), PortMin: 35000, PortMax: 39999, IO: way})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			o := media.Options{Encryption: media.EncryptionRequired}
			c := &call{phone: open(t, e, o), gate: open(t, e, o)}
			suite := srtp.Suites()[i]
			c.settle(t, suite, "b=")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := c.phone.Play(ctx, media.NewClip(babble(time.Second, -20))); err != nil {
				t.Error(err)
			}
			exchangeKeys(t, c, "7#")
			c.settle(t, suite, "b=") // a re-INVITE
			exchangeKeys(t, c, "4")
			for name, s := range map[string]*media.Session{"phone": c.phone, "gateway": c.gate} {
				if st := s.Stats(); st.Secured != suite.String() || st.Received < 100 || st.Invalid != 0 {
					t.Errorf("%s: %+v", name, st)
				}
			}
		})
	}
}
