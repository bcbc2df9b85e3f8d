package media

import (
	"context"
	"fmt"
	"io"
	"time"

	"readback/media/wav"
)

const (
	// recordDelay is how long a recording waits for late packets, and how far back a key still erases its tone;
	// recordPatience is how long it waits where many are late.
	recordDelay    = 200 * time.Millisecond
	recordPatience = 750 * time.Millisecond
	// recordIntake is how long the writer may be busy before sound is lost.
	recordIntake = 4 * time.Second
	// recordPace is how often the writer is woken, on the session's clock.
	recordPace = 200 * time.Millisecond
)

// RecordLimit bounds a recording; zero means no bound.
type RecordLimit struct{ Max, Silence time.Duration }

// End is what ended a recording.
type End uint8

// The ends of a recording.
const (
	EndCall    End = iota // the context was done, or the session closed
	EndKey                // '#'
	EndSilence            // nothing was said for RecordLimit.Silence
	EndMax                // RecordLimit.Max was reached
	EndFailed             // the file could not be written
)

var ends = [...]string{"call", "key", "silence", "max", "failed"}

// String is a word for the end.
func (e End) String() string { return ends[e] }

// Recording is what was recorded.
type Recording struct {
	Length  time.Duration
	Speech  time.Duration // of it, how long somebody spoke
	EndedBy End
}

// Record writes what the caller says to w, which is at its start, as a WAV file of 16 bits: at 16 kHz where the call's
// codec is G.722 when it begins, else at 8 kHz. It ends at '#', after limit.Silence without speech, or at limit.Max. What
// is lost on the way is concealed. Keys are not to be heard in it, and '#' is not handed to ReadKey. When ctx is done or
// the session closed it returns what was recorded and the cause; on a hold it stands still. When writing fails, it returns
// what is on w and that error.
//
// The header of the file tells each second how much there is, and where w has a method Sync, that is called each ten
// seconds and at the end. Of a file that the program did not live to finish, wav.Repair saves all but the last half second.
func (s *Session) Record(ctx context.Context, w io.WriteSeeker, limit RecordLimit) (Recording, error) {
	file, err := wav.NewWriter(w, s.recordingRate())
	if err != nil {
		return Recording{EndedBy: EndFailed}, fmt.Errorf("record: %w", err)
	}
	r, err := s.startRecording()
	if err != nil {
		return Recording{EndedBy: EndFailed}, err
	}
	k := newKeeper(s, r, file, limit)
	end, err := k.keep(ctx)
	s.mu.Lock()
	s.recording = nil
	s.mu.Unlock()
	if syncErr := file.Commit(); err == nil && syncErr != nil {
		end, err = EndFailed, syncErr
	}
	return Recording{
		Length:  time.Duration(file.Samples()) * time.Second / time.Duration(file.Rate()),
		Speech:  k.speech.total(),
		EndedBy: end,
	}, err
}

func (s *Session) recordingRate() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.agreed.Codec.Rate()
}

func (s *Session) startRecording() (*recorder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, ErrClosed
	case s.recording != nil:
		return nil, ErrBusy
	}
	s.recording = newRecorder(s.clock.time)
	return s.recording, nil
}

// recorder is the packet path's side of a recording.
type recorder struct {
	intake intake
	begun  time.Duration // on the session's clock
	woken  time.Duration
	wake   chan struct{}
	ended  bool // by a key
	until  time.Duration
}

// newRecorder begins at a time on the session's clock.
func newRecorder(at time.Duration) *recorder {
	return &recorder{intake: newIntake(recordIntake), begun: at, woken: at, wake: make(chan struct{}, 1)}
}

// endByKey ends the recording before the key; false when it had ended already. s.mu is held.
func (r *recorder) endByKey(at time.Duration) bool {
	if r.ended {
		return false
	}
	r.ended, r.until = true, at
	r.signal()
	return true
}

func (r *recorder) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// listen wakes the writer now and then, and gives the tap its share. s.mu is held.
func (s *Session) listen(_ *worker) {
	if r := s.recording; r != nil && s.clock.time-r.woken >= recordPace {
		r.woken = s.clock.time
		r.signal()
	}
	if s.tap != nil {
		s.tap.pass(s.clock.time)
	}
}
