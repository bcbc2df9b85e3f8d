package media_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/testdata/memnet"
)

// An offer that is forked has several answers, as early media and at last. The last one counts: its peer alone is heard
// and sent to, in its codec and under its key.
func TestALaterAnswerReplacesAnEarlier_RFC3261_13_2_2_4(t *testing.T) {
	for name, encryption := range map[string]media.Encryption{"in the clear": media.EncryptionOff, "encrypted": media.EncryptionRequired} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := memnet.New()
				gate := open(t, engineAt(t, n, "192.0.2.2"), media.Options{Encryption: encryption})
				forks := engineAt(t, n, "192.0.2.1")
				offer, err := gate.Offer()
				if err != nil {
					t.Fatal(err)
				}
				var earlier []*media.Session
				for i, codec := range []string{"PCMU", "PCMA", "PCMA", "G722"} {
					phone := open(t, forks, media.Options{Codecs: []string{codec}, Encryption: encryption})
					answer, err := phone.Answer(offer)
					if err != nil {
						t.Fatal(err)
					}
					for range 2 { // in a 183, and again in the 200
						if err := gate.Accept(answer); err != nil {
							t.Fatal(err)
						}
						c := &call{net: n, phone: phone, gate: gate}
						time.Sleep(200 * time.Millisecond)
						said := babble(2*time.Second, -20)
						go func() { _ = phone.Play(t.Context(), media.NewClip(said)) }()
						heard := heardDuring(gate, func() {
							if err := gate.Play(t.Context(), media.NewClip(said)); err != nil {
								t.Error(err)
							}
							time.Sleep(500 * time.Millisecond)
						})
						if like := likeness(said[3200:9600], heard[3200:]); like < 0.9 {
							t.Errorf("fork %d is heard %.2f like it speaks", i, like)
						}
						crosses(t, gate, phone, 0.9)
						if st := gate.Stats(); st.Source != phone.LocalAddr() || st.To != phone.LocalAddr() || st.Codec != codec {
							t.Errorf("fork %d: %+v", i, st)
						}
						c.pressed(t)
					}
					for _, s := range earlier {
						before := s.Stats().Received
						go func() { _ = s.SendKeys(t.Context(), "9") }()
						time.Sleep(500 * time.Millisecond)
						if got := s.Stats().Received - before; got != 0 {
							t.Errorf("a fork that is given up is sent %d packets", got)
						}
					}
					if got := waiting(t, gate); got != "" {
						t.Errorf("keys of a fork that is given up: %q", got)
					}
					earlier = append(earlier, phone)
				}
				refusal := []byte("v=0\no=- 9 9 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 0 RTP/AVP 0\n")
				if err := gate.Accept(refusal); !errors.Is(err, media.ErrUnacceptable) || gate.Stats().Codec != "G722" {
					t.Errorf("an answer that refuses: %v; the call has %+v", err, gate.Stats())
				}
			})
		})
	}
}

// pressed has the phone press keys, and the gateway read them.
func (c *call) pressed(t *testing.T) {
	t.Helper()
	if err := c.phone.SendKeys(t.Context(), "42"); err != nil {
		t.Error(err)
	}
	time.Sleep(300 * time.Millisecond)
	if got := waiting(t, c.gate); got != "42" {
		t.Errorf("heard %q, want 42", got)
	}
}

// A fork that goes on sending after another has answered is not let in again, neither while the other one is silent.
func TestAnEarlierForkIsNotHeardAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		if _, err := s.Offer(); err != nil {
			t.Fatal(err)
		}
		first := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		second := handsetAt(t, n, "198.51.100.2:4000", s.LocalAddr())
		answered := netip.MustParseAddrPort("198.51.100.2:4000")
		for i, at := range []string{"198.51.100.1:4000", "198.51.100.2:4000"} {
			answer := strings.Replace(string(offer(at, 1, "")), "o=- 1 ", "o=- 1"+string(rune('0'+i))+" ", 1)
			if err := s.Accept([]byte(answer)); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first.sound()
				rounds(2)
			}
		}
		for range 50 { // a second
			first.sound()
			rounds(1)
		}
		if st := s.Stats(); st.Source.IsValid() || st.To.Addr() != answered.Addr() {
			t.Errorf("the earlier fork is let in again: %+v", st)
		}
		second.sound()
		rounds(2)
		first.sound()
		rounds(2)
		if st := s.Stats(); st.Source != answered || st.To != answered {
			t.Errorf("the answering fork is not heard: %+v", st)
		}
	})
}
