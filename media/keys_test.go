package media_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
)

func TestKeysByINFO(t *testing.T) {
	tests := []struct {
		kind, body string
		want       media.Key // 0: none
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5'},
		{"application/dtmf-relay", "Signal= *\r\nDuration= 160\r\n", '*'},
		{"Application/DTMF-Relay; x=y", "signal=#", '#'},
		{"application/dtmf-relay", "Duration=160\nSignal=11\n", '#'},
		{"application/dtmf-relay", "Signal=10", '*'},
		{"application/dtmf-relay", "Signal=d", 'D'},
		{"application/dtmf-relay", "Signal=12", 'A'},
		{"application/dtmf", "7", '7'},
		{"application/dtmf", " 7\r\n", '7'},
		{"application/dtmf", "Signal=7", '7'},
		{"application/dtmf", "flash", 0},
		{"application/dtmf-relay", "Signal=16", 0},
		{"application/dtmf-relay", "Signal=", 0},
		{"application/dtmf-relay", "\r\n\r\nDuration=250\r\nSignal=0\r\n", '0'},
		{"application/dtmf-relay", "Signal = 9\rDuration = 99999999999999999999", '9'},
		{"application/dtmf-relay", "Signal=9\nDuration=-5\nX-Other: 1=2", '9'},
		{"application/dtmf-relay", "Signal=1\nSignal=2", 0},
		{"application/dtmf-relay", "Signal=12345", 0},
		{"application/dtmf-relay", "Signal=\x00", 0},
		{"application/dtmf-relay", "Signal=٣", 0},
		{"application/dtmf-relay", "Duration=5", 0},
		{"application/dtmf", "1\n2", 0},
		{"application/dtmf-relay", "", 0},
		{"application/dtmf", strings.Repeat(" ", 5000) + "1", 0},
		{"text/plain", "5", 0},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			s, _ := gateway(t)
			if ok := s.Info(test.kind, []byte(test.body)); ok != (test.want != 0) {
				t.Errorf("%s %q: %v", test.kind, test.body, ok)
			}
			if test.want == 0 {
				return
			}
			if key, err := s.ReadKey(t.Context()); err != nil || key != test.want {
				t.Errorf("%s %q: %v, %v; want %v", test.kind, test.body, key, err, test.want)
			}
		})
	}
}

// waiting reads what was typed ahead.
func waiting(t *testing.T, s *media.Session) string {
	t.Helper()
	var keys []byte
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		key, err := s.ReadKey(ctx)
		cancel()
		if err != nil {
			return string(keys)
		}
		keys = append(keys, byte(key))
	}
}

func TestTypeAheadIsBoundedAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := gateway(t)
		for i := range 100 {
			s.Info("application/dtmf", []byte{'0' + byte(i%10)})
		}
		if got := waiting(t, s); len(got) != 64 || !strings.HasPrefix(got, "0123456789") {
			t.Errorf("%d keys wait: %s", len(got), got)
		}
		s.Info("application/dtmf", []byte("1"))
		s.DropKeys()
		s.Info("application/dtmf", []byte("2"))
		if got := waiting(t, s); got != "2" {
			t.Errorf("heard %q, want 2", got)
		}
	})
}

func TestReadKeyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := gateway(t)
		cause := errors.New("hung up")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := s.ReadKey(ctx); !errors.Is(err, cause) {
			t.Errorf("got %v, want %v", err, cause)
		}
		time.AfterFunc(time.Second, s.Close)
		if _, err := s.ReadKey(t.Context()); !errors.Is(err, media.ErrClosed) {
			t.Errorf("got %v, want %v", err, media.ErrClosed)
		}
	})
}

func TestKeysThatWeSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t)
		const keys = "0123456789*#ABCD5544"
		began := time.Now()
		if err := c.phone.SendKeys(t.Context(), keys); err != nil {
			t.Fatal(err)
		}
		if each := time.Since(began) / time.Duration(len(keys)); each < 200*time.Millisecond || each > 300*time.Millisecond {
			t.Errorf("a key took %v", each)
		}
		time.Sleep(time.Second)
		if got := waiting(t, c.gate); got != keys {
			t.Errorf("heard %q, want %q", got, keys)
		}
		if err := c.phone.SendKeys(t.Context(), "x"); err == nil {
			t.Error("x was sent")
		}
	})
}

func TestKeysNeedAnAgreement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := gateway(t)
		if err := s.SendKeys(t.Context(), "1"); !errors.Is(err, media.ErrNoEvents) {
			t.Errorf("got %v, want %v", err, media.ErrNoEvents)
		}
	})
}
