package media_test

import (
	"net/netip"
	"sync"
	"testing"

	"readback/media"
)

// TestCallsThatEndAsTheyBegin has sessions closed while their worker takes them over, many at a time: each lock of engine,
// worker and session is wanted by somebody who has another.
func TestCallsThatEndAsTheyBegin(t *testing.T) {
	ways(t, func(t *testing.T, io string) {
		ports := uint16(35000)
		if io == "plain" {
			ports = 40000
		}
		e, err := media.New(media.Config{
			Address: netip.MustParseAddr("127.0.0.1"), PortMin: ports, PortMax: ports + 4999, Quarantine: 1, IO: io,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		offer := []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n")
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				for range 250 {
					s, err := e.Open(media.Options{})
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := s.Answer(offer); err != nil {
						t.Error(err)
					}
					s.Close()
				}
			})
		}
		callers.Wait()
		if left := e.Sessions(); left != 0 {
			t.Errorf("%d sessions are left", left)
		}
	})
}
