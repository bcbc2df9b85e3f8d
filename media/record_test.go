package media_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/media/wav"
	"readback/testdata/memnet"
)

// tape is a file to record on.
func tape(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "voice.wav"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func played(t *testing.T, f *os.File) []int16 {
	t.Helper()
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	pcm, rate, err := wav.Read(bytes.NewReader(data))
	if err != nil || rate != 8000 {
		t.Fatalf("a recording at %d Hz: %v", rate, err)
	}
	return pcm
}

var errGone = errors.New("hung up")

func TestRecordingsEnd(t *testing.T) {
	tests := map[string]struct {
		limit  media.RecordLimit
		after  func(t *testing.T, c *call, hangUp func()) // two seconds of speech
		want   media.End
		err    error
		length time.Duration // in all
	}{
		"by #": {
			after: func(t *testing.T, c *call, _ func()) { _ = c.phone.SendKeys(t.Context(), "#") },
			want:  media.EndKey, length: 2100 * time.Millisecond,
		},
		"by silence": {
			limit: media.RecordLimit{Silence: 3 * time.Second},
			want:  media.EndSilence, length: 5 * time.Second,
		},
		"at the maximum": {
			limit: media.RecordLimit{Max: 1500 * time.Millisecond, Silence: time.Second},
			want:  media.EndMax, length: 1500 * time.Millisecond,
		},
		"by the caller": {
			after: func(_ *testing.T, _ *call, hangUp func()) { hangUp() },
			want:  media.EndCall, err: errGone, length: 2 * time.Second,
		},
		"with the session": {
			after: func(_ *testing.T, c *call, _ func()) { c.gate.Close() },
			want:  media.EndCall, err: media.ErrClosed, length: 2 * time.Second,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := dial(t)
				time.Sleep(100 * time.Millisecond)
				ctx, cancel := context.WithCancelCause(t.Context())
				go func() {
					_ = c.phone.Play(t.Context(), media.NewClip(babble(2*time.Second, -25)))
					if test.after != nil {
						test.after(t, c, func() { cancel(errGone) })
					}
				}()
				f := tape(t)
				got, err := c.gate.Record(ctx, f, test.limit)
				if got.EndedBy != test.want || !errors.Is(err, test.err) {
					t.Errorf("ended by %v, %v; want %v, %v", got.EndedBy, err, test.want, test.err)
				}
				if d := got.Length - test.length; d.Abs() > 300*time.Millisecond {
					t.Errorf("%v long, want about %v", got.Length, test.length)
				}
				speech := min(test.length, 2*time.Second)
				if d := got.Speech - speech; d.Abs() > 300*time.Millisecond {
					t.Errorf("%v of speech, want about %v", got.Speech, speech)
				}
				if n := len(played(t, f)); n != int(got.Length*8000/time.Second) {
					t.Errorf("%d samples in the file, %v in the result", n, got.Length)
				}
			})
		})
	}
}

func TestARecordingIsWhatWasSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t)
		said := babble(2*time.Second, -20)
		var n atomic.Int64
		c.net.SetFault(func(_, _ netip.AddrPort, _ []byte) bool { return n.Add(1)%25 == 0 }) // 4 % are lost
		f := tape(t)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		go func() { _ = c.phone.Play(ctx, media.NewClip(said)) }()
		_, _ = c.gate.Record(ctx, f, media.RecordLimit{})
		if like := likeness(said, played(t, f)); like < 0.9 {
			t.Errorf("the recording is %.2f like what was said", like)
		}
		if st := c.gate.Stats(); st.Lost == 0 {
			t.Error("no loss was noticed")
		}
	})
}

// Wideband calls are recorded in wideband.
func TestRecordingsOfG722(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		wideband := media.Options{Codecs: []string{"G722"}}
		c := &call{net: n, phone: open(t, engineAt(t, n, "192.0.2.1"), wideband), gate: open(t, engineAt(t, n, "192.0.2.2"), wideband)}
		c.connect(t)
		said := babble(4*time.Second, -20) // played twice as fast
		f := tape(t)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		go func() { _ = c.phone.Play(ctx, media.NewWideClip(said)) }()
		r, _ := c.gate.Record(ctx, f, media.RecordLimit{})
		data, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		pcm, rate, err := wav.Read(bytes.NewReader(data))
		if err != nil || rate != 16000 || len(pcm) != int(r.Length*16000/time.Second) {
			t.Fatalf("%d samples at %d Hz, %v; %v long", len(pcm), rate, err, r.Length)
		}
		if like := likeness(said, pcm); like < 0.97 {
			t.Errorf("the recording is %.2f like what was said", like)
		}
		if d := r.Speech - 1800*time.Millisecond; d.Abs() > 400*time.Millisecond {
			t.Errorf("%v of speech in 2 s", r.Speech)
		}
	})
}

// What is lost is concealed: where a sound goes on, there are no holes in its recording.
func TestLossIsConcealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t)
		var n atomic.Int64
		c.net.SetFault(func(_, _ netip.AddrPort, _ []byte) bool { return n.Add(1)%10 == 0 })
		f := tape(t)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		go func() { _ = c.phone.Play(ctx, media.Tone(300, 10*time.Second)) }()
		_, _ = c.gate.Record(ctx, f, media.RecordLimit{})
		quiet, longest := 0, 0
		for _, s := range played(t, f)[8000:20000] {
			if quiet++; s < -200 || s > 200 {
				quiet = 0
			}
			longest = max(longest, quiet)
		}
		if longest > 40 {
			t.Errorf("%d samples of silence in a tone", longest)
		}
	})
}

// Keys must not be recorded, neither as tones that a phone sends beside its events nor as those that leak in before them.
func TestKeysAreNotRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		answer(t, s, offer("198.51.100.1:4000", 1, ""))
		phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		tone := bytes.Repeat([]byte{0x90, 0x10}, 80) // loud
		f := tape(t)
		ended := make(chan media.Recording, 1)
		go func() {
			r, _ := s.Record(t.Context(), f, media.RecordLimit{})
			ended <- r
		}()
		phone.sound()
		rounds(1)
		quiet := bytes.Repeat([]byte{0xFF}, 160)
		for range 20 {
			phone.send(0, quiet)
			rounds(1)
		}
		began := phone.stamp
		phone.send(0, tone) // the leak
		rounds(1)
		for i := range 6 {
			now := phone.stamp
			phone.stamp = began
			phone.send(101, []byte{5, 0x0A, byte((i + 1) * 160 >> 8), byte((i + 1) * 160)})
			phone.stamp = now
			phone.send(0, tone)
			rounds(1)
		}
		for range 20 {
			phone.send(0, quiet)
			rounds(1)
		}
		phone.key(11)
		r := <-ended
		if r.EndedBy != media.EndKey {
			t.Errorf("ended by %v", r.EndedBy)
		}
		pcm := played(t, f)[800:]
		if worst := slices.Max(pcm); worst > 100 {
			t.Errorf("a key is to be heard, up to %d", worst)
		}
		if key, err := s.ReadKey(t.Context()); err != nil || key != '5' {
			t.Errorf("read %v, %v; want 5, and # swallowed", key, err)
		}
	})
}

func TestARecordingThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t)
		full := &fullDisk{room: 10000}
		r, err := c.gate.Record(t.Context(), full, media.RecordLimit{})
		if !errors.Is(err, errFull) || r.EndedBy != media.EndFailed || r.Length == 0 {
			t.Errorf("%+v, %v; want what was written and %v", r, err, errFull)
		}
		if err := c.gate.Play(t.Context(), media.Tone(500, time.Second)); err != nil {
			t.Errorf("the call does not go on: %v", err)
		}
	})
}

var errFull = errors.New("disk full")

// fullDisk has room for so many bytes.
type fullDisk struct{ room int }

func (d *fullDisk) Seek(int64, int) (int64, error) { return 0, nil }

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		return 0, errFull
	}
	if len(p) != 44 {
		d.room -= len(p)
	}
	return len(p), nil
}

func TestHoldIsNotRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		answer(t, s, offer("198.51.100.1:4000", 1, ""))
		phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		phone.sound()
		rounds(1)
		go func() {
			time.Sleep(time.Second)
			answer(t, s, offer("198.51.100.1:4000", 2, "a=sendonly\n"))
			time.Sleep(2 * time.Minute)
			answer(t, s, offer("198.51.100.1:4000", 3, ""))
		}()
		r, err := s.Record(t.Context(), tape(t), media.RecordLimit{Silence: 2 * time.Second})
		if err != nil || r.Length > 2500*time.Millisecond || r.EndedBy != media.EndSilence {
			t.Errorf("%+v, %v; want 2 s without the hold", r, err)
		}
	})
}

var _ io.WriteSeeker = (*fullDisk)(nil)
