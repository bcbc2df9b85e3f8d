package media_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
)

// next waits for a packet that comes after this moment.
func (h *handset) next() []byte {
	h.t.Helper()
	h.count()
	var p [1500]byte
	for range 200 {
		if n, _, ok := h.TryRead(p[:]); ok && p[1]&0x7F < 64 {
			return p[:n]
		}
		time.Sleep(time.Millisecond)
	}
	h.t.Fatal("nothing came")
	return nil
}

func TestAReOfferChangesCodecAndPacketTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		answer(t, s, offer("198.51.100.1:4000", 1, ""))
		go func() { _ = s.Play(t.Context(), media.Tone(500, 10*time.Second)) }()
		if p := phone.next(); p[1]&0x7F != 0 || len(p) != 172 {
			t.Errorf("payload type %d, %d bytes; want PCMU of 20 ms", p[1]&0x7F, len(p))
		}
		aLaw := strings.Replace(string(offer("198.51.100.1:4000", 2, "a=ptime:30\n")), "RTP/AVP 0", "RTP/AVP 8", 1)
		answer(t, s, []byte(aLaw))
		time.Sleep(100 * time.Millisecond)
		if p := phone.next(); p[1]&0x7F != 8 || len(p) != 252 {
			t.Errorf("payload type %d, %d bytes; want PCMA of 30 ms", p[1]&0x7F, len(p))
		}
		if st := s.Stats(); st.Codec != "PCMA" || st.Ptime != 30*time.Millisecond {
			t.Errorf("%+v", st)
		}
		if _, err := s.Answer(offer("198.51.100.1:0", 3, "")); !errors.Is(err, media.ErrUnacceptable) {
			t.Errorf("port 0: %v, want %v", err, media.ErrUnacceptable)
		}
		if p := phone.next(); p[1]&0x7F != 8 {
			t.Error("a refused offer changed the call")
		}
	})
}

func TestTheFirstPacketLeavesAtOnce(t *testing.T) {
	for wait := range 20 {
		synctest.Test(t, func(t *testing.T) {
			s, n := gateway(t)
			phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
			time.Sleep(time.Duration(wait) * 1300 * time.Microsecond)
			answer(t, s, offer("198.51.100.1:4000", 1, ""))
			time.Sleep(20*time.Millisecond + time.Microsecond)
			if phone.count() == 0 {
				t.Error("nothing was sent within 20 ms")
			}
		})
	}
}

func TestQualityIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t)
		time.Sleep(time.Minute)
		for name, s := range map[string]*media.Session{"phone": c.phone, "gateway": c.gate} {
			st := s.Stats()
			if st.Sent < 2990 || st.Received < 2990 || st.Lost != 0 || st.Reordered != 0 || st.Jitter > time.Millisecond || st.RemoteLost != 0 || st.RoundTrip > 100*time.Millisecond {
				t.Errorf("%s: %+v", name, st)
			}
		}
	})
}

func TestOneCallsEndIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t)
		ended := make(chan error, 1)
		go func() { ended <- c.gate.Play(t.Context(), media.Tone(500, time.Minute)) }()
		time.Sleep(time.Second)
		if err := c.gate.Play(t.Context(), media.Tone(500, time.Second)); !errors.Is(err, media.ErrBusy) {
			t.Errorf("a second Play: %v, want %v", err, media.ErrBusy)
		}
		c.gate.Close()
		if err := <-ended; !errors.Is(err, media.ErrClosed) {
			t.Errorf("Play ended with %v, want %v", err, media.ErrClosed)
		}
		if _, err := c.gate.Answer(offer("198.51.100.1:4000", 1, "")); !errors.Is(err, media.ErrClosed) {
			t.Errorf("Answer after Close: %v", err)
		}
		c.gate.Close()
	})
}

func TestTapHearsAllInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t)
		var heard []int16
		c.phone.Tap(func(pcm []int16, rate int) {
			if rate != 8000 {
				t.Errorf("%d Hz", rate)
			}
			heard = append(heard, pcm...)
		})
		said := babble(2*time.Second, -20)
		time.Sleep(100 * time.Millisecond)
		if err := c.gate.Play(t.Context(), media.NewClip(said[:7777]), media.NewClip(nil), media.NewClip(said[7777:])); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		c.phone.Tap(nil)
		if like := likeness(said, heard[600:]); like < 0.99 {
			t.Errorf("what is heard is %.2f like what was said", like)
		}
	})
}
