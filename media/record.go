package media

import (
	"context"
	"fmt"
	"io"
	"time"

	"readback/media/wav"
)

const (
	// recordDelay is how long a recording waits for late packets, and how far back a key still erases its tone.
	recordDelay = 200 * time.Millisecond
	// recordPace is how often the writer is woken, on the session's clock.
	recordPace = 200 * time.Millisecond
	// syncEvery is how much sound may be missing from the header of a file whose program died.
	syncEvery = 2 * time.Second
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

// Record writes what the caller says to w, which is at its start, as a WAV file of 16 bits at 8 kHz. It ends at '#',
// after limit.Silence without speech, or at limit.Max. Keys are not to be heard in it, and '#' is not handed to ReadKey.
// When ctx is done or the session closed it returns what was recorded and the cause; on a hold it stands still. When
// writing fails, it returns what is on w and that error.
func (s *Session) Record(ctx context.Context, w io.WriteSeeker, limit RecordLimit) (Recording, error) {
	file, err := wav.NewWriter(w, sampleRate)
	if err != nil {
		return Recording{EndedBy: EndFailed}, fmt.Errorf("record: %w", err)
	}
	r, err := s.startRecording()
	if err != nil {
		return Recording{EndedBy: EndFailed}, err
	}
	k := &keeper{session: s, recorder: r, file: file, limit: limit}
	end, err := k.keep(ctx)
	s.mu.Lock()
	s.recording = nil
	s.mu.Unlock()
	if syncErr := file.Sync(); err == nil && syncErr != nil {
		end, err = EndFailed, syncErr
	}
	return Recording{
		Length:  time.Duration(file.Samples()) * sample,
		Speech:  k.speech.total(),
		EndedBy: end,
	}, err
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
	s.recording = &recorder{line: newTimeline(s.clock.time, recordDelay), woken: s.clock.time, wake: make(chan struct{}, 1)}
	return s.recording, nil
}

// recorder is the packet path's side of a recording.
type recorder struct {
	line  timeline
	woken time.Duration // on the session's clock
	wake  chan struct{}
	ended bool // by a key
	until int64
}

// endByKey ends the recording before the key; false when it had ended already. s.mu is held.
func (r *recorder) endByKey(at time.Duration) bool {
	if r.ended {
		return false
	}
	r.ended, r.until = true, r.line.now(at)
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
func (s *Session) listen(w *worker) {
	if r := s.recording; r != nil && s.clock.time-r.woken >= recordPace {
		r.woken = s.clock.time
		r.signal()
	}
	if s.tap != nil {
		s.tap.pass(w.pcm[:], s.clock.time)
	}
}

// keeper is the writer's side: it runs on the goroutine that called Record.
type keeper struct {
	session  *Session
	recorder *recorder
	file     *wav.Writer
	limit    RecordLimit
	speech   speech
	synced   int
	buf      [ringSize / 4]int16
}

func (k *keeper) keep(ctx context.Context) (End, error) {
	for {
		var cause error
		select {
		case <-k.recorder.wake:
		case <-ctx.Done():
			cause = context.Cause(ctx)
		case <-k.session.done:
			cause = ErrClosed
		}
		end, ended, err := k.writeAll(cause != nil)
		switch {
		case err != nil:
			return EndFailed, err
		case cause != nil:
			return EndCall, cause
		case ended:
			return end, nil
		}
	}
}

// writeAll moves the sound that is due from the timeline to the file, and tells whether that ended the recording.
func (k *keeper) writeAll(all bool) (end End, ended bool, err error) {
	for {
		pcm, byKey := k.take(all)
		end, ended, err = k.write(pcm)
		if err != nil || ended {
			return end, ended, err
		}
		if len(pcm) < len(k.buf) {
			return EndKey, byKey, nil
		}
	}
}

func (k *keeper) write(pcm []int16) (end End, ended bool, err error) {
	if left := samplesIn(k.limit.Max) - k.file.Samples(); k.limit.Max > 0 && len(pcm) >= left {
		pcm, end, ended = pcm[:left], EndMax, true
	}
	k.speech.hear(pcm)
	if err := k.file.Write(pcm); err != nil {
		return EndFailed, true, err
	}
	if k.file.Samples()-k.synced >= samplesIn(syncEvery) {
		k.synced = k.file.Samples()
		if err := k.file.Sync(); err != nil {
			return EndFailed, true, err
		}
	}
	if !ended && k.limit.Silence > 0 && k.speech.silence() >= k.limit.Silence {
		return EndSilence, true, nil
	}
	return end, ended, nil
}

// take empties the timeline, at the end up to the key that was pressed.
func (k *keeper) take(all bool) (pcm []int16, byKey bool) {
	s, r := k.session, k.recorder
	s.mu.Lock()
	defer s.mu.Unlock()
	byKey = r.ended
	n := r.line.take(k.buf[:], s.clock.time, all || byKey)
	if over := r.line.read - r.until; byKey && over > 0 {
		n = max(0, n-int(over))
	}
	return k.buf[:n], byKey
}
