package media

import (
	"context"
	"math"
	"time"

	"readback/media/wav"
)

const (
	// syncEvery is how much sound may be missing from the header of a file whose program died, and commitEvery how much
	// of it where the machine did.
	syncEvery   = time.Second
	commitEvery = 10 * time.Second
)

// keeper is the writer's side of a recording: it runs on the goroutine that called Record. It replays what has come, at
// the times at which it came.
type keeper struct {
	session   *Session
	recorder  *recorder
	line      *playout
	file      *wav.Writer
	limit     RecordLimit
	speech    speech
	batch     intake
	synced    int // samples in the header
	committed int // samples on disk
	over      bool
	end       End
	pcm       [2 * piece]int16
}

func newKeeper(s *Session, r *recorder, file *wav.Writer, limit RecordLimit) *keeper {
	return &keeper{
		session: s, recorder: r, file: file, limit: limit, batch: newIntake(recordIntake), speech: newSpeech(file.Rate()),
		line: newPlayout(file.Rate(), r.begun, recordDelay, recordPatience),
	}
}

// keep writes until the recording is over.
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
		err := k.write(cause != nil)
		switch {
		case err != nil:
			return EndFailed, err
		case cause != nil:
			return EndCall, cause
		case k.over:
			return k.end, nil
		}
	}
}

// write moves the sound that is due to the file, or with all everything that has come.
func (k *keeper) write(all bool) error {
	now, byKey := k.take()
	if err := k.replay(now); err != nil {
		return err
	}
	last := int64(math.MaxInt64)
	if byKey {
		last = int64(samplesIn(now - k.recorder.begun))
	}
	if all || byKey {
		if err := k.drain(last); err != nil {
			return err
		}
	}
	if byKey {
		k.finish(EndKey)
	}
	return k.save()
}

// take takes over what has come, and tells what time it is, or when a key ended the recording.
func (k *keeper) take() (now time.Duration, byKey bool) {
	s, r := k.session, k.recorder
	k.batch.reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	k.batch, r.intake = r.intake, k.batch
	if r.ended {
		return r.until, true
	}
	return s.clock.time, false
}

// replay puts what came until now to the rest, and takes from it what was due meanwhile.
func (k *keeper) replay(now time.Duration) error {
	payloads := k.batch.bytes
	for _, n := range k.batch.notes {
		if n.at > now {
			break
		}
		if err := k.advance(n.at); err != nil {
			return err
		}
		k.line.accept(n, payloads[:n.size])
		if n.what == noteEvent || n.what == noteTone {
			k.line.mute(n.timestamp, int(n.duration))
		}
		payloads = payloads[n.size:]
	}
	return k.advance(now)
}

// advance writes what is due at a time.
func (k *keeper) advance(at time.Duration) error {
	for n := k.line.due(at); n > 0 && !k.over; n = k.line.due(at) {
		if err := k.add(k.line.next(k.pcm[:], n)); err != nil {
			return err
		}
	}
	return nil
}

// drain writes what has come and is not due yet, as long as the recording is shorter than so many samples of 8 kHz.
func (k *keeper) drain(last int64) error {
	for !k.over && k.line.given < last && k.line.buffer.Buffered() > 0 {
		n := min(int64(k.line.buffer.Buffered()), last-k.line.given)
		if err := k.add(k.line.next(k.pcm[:], int(n))); err != nil {
			return err
		}
	}
	return nil
}

// add appends sound to the file, and ends the recording where that is at its limit.
func (k *keeper) add(pcm []int16, silent bool) error {
	most := int(k.limit.Max * time.Duration(k.file.Rate()) / time.Second)
	if left := most - k.file.Samples(); k.limit.Max > 0 && len(pcm) >= left {
		pcm = pcm[:left]
		k.finish(EndMax)
	}
	if silent {
		k.speech.pause(len(pcm))
	} else {
		k.speech.hear(pcm)
	}
	if k.limit.Silence > 0 && k.speech.silence() >= k.limit.Silence {
		k.finish(EndSilence)
	}
	return k.file.Write(pcm)
}

// finish ends the recording, unless that has been done.
func (k *keeper) finish(end End) {
	if !k.over {
		k.over, k.end = true, end
	}
}

// save gives to the medium what the file has been given.
func (k *keeper) save() error {
	rate, samples := k.file.Rate(), k.file.Samples()
	switch {
	case samples-k.committed >= int(commitEvery.Seconds())*rate:
		k.synced, k.committed = samples, samples
		return k.file.Commit()
	case samples-k.synced >= int(syncEvery.Seconds())*rate:
		k.synced = samples
		return k.file.Sync()
	}
	return k.file.Flush()
}
