package media_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
)

// An offer of ours that was forked is answered by several: the last answer is the one in force (RFC 3264 section 4,
// RFC 3261 section 13.2.1).
func TestAnotherForkAnswersOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		first := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		second := handsetAt(t, n, "198.51.100.2:5000", s.LocalAddr())
		if _, err := s.Offer(); err != nil {
			t.Fatal(err)
		}
		aLaw := strings.Replace(string(offer("198.51.100.1:4000", 1, "a=ptime:30\n")), "RTP/AVP 0", "RTP/AVP 8", 1)
		if err := s.Accept([]byte(aLaw)); err != nil {
			t.Fatal(err)
		}
		go func() { _ = s.Play(t.Context(), media.Tone(500, 10*time.Second)) }()
		if p := first.next(); p[1]&0x7F != 8 || len(p) != 252 {
			t.Errorf("the first was sent payload type %d, %d bytes; want PCMA of 30 ms", p[1]&0x7F, len(p))
		}
		if err := s.Accept(offer("198.51.100.3:0", 1, "")); !errors.Is(err, media.ErrUnacceptable) {
			t.Errorf("a fork without sound: %v, want %v", err, media.ErrUnacceptable)
		}
		if p := first.next(); p[1]&0x7F != 8 {
			t.Error("an answer that was refused changed the call")
		}
		if err := s.Accept(offer("198.51.100.2:5000", 7, "")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		first.count() // what was on its way
		if p := second.next(); p[1]&0x7F != 0 || len(p) != 172 {
			t.Errorf("the second was sent payload type %d, %d bytes; want PCMU of 20 ms", p[1]&0x7F, len(p))
		}
		if n := first.count(); n != 0 {
			t.Errorf("the first still gets sound: %d packets", n)
		}
		if err := s.Accept([]byte(aLaw)); err != nil { // and back: the first takes the call after all
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if p := first.next(); p[1]&0x7F != 8 {
			t.Errorf("the first was sent payload type %d, want PCMA again", p[1]&0x7F)
		}
		again, err := s.Offer() // a re-INVITE goes on from there
		if err != nil || !strings.Contains(string(again), "m=audio") {
			t.Errorf("the next offer: %q, %v", again, err)
		}
	})
}
