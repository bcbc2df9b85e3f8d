package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"readback/ivr"
	"readback/ivr/say"
	"readback/media"
	"readback/tickets"
)

// line is the caller's end of one call: the script's prompts become sound, the keys come from the media session.
type line struct {
	session *media.Session
	sounds  *sounds
	folder  string                                   // where this call's recordings go
	call    string                                   // the call's key, which names them
	own     func(digest string) (*media.Clip, error) // a recording of an incident
	made    []string                                 // the recordings there are
	kept    tickets.Recordings                       // those of other calls
	fetched map[string]*media.Clip                   // of those
}

func (l *line) Play(ctx context.Context, prompts ...ivr.Prompt) error {
	clips := make([]*media.Clip, 0, len(prompts))
	for _, prompt := range prompts {
		clip, err := l.clip(ctx, prompt)
		if err != nil {
			return err
		}
		clips = append(clips, clip)
	}
	return l.session.Play(ctx, clips...)
}

// clip is the sound of a prompt, which may be a recording. One of an incident may be replaced or gone by now: then there is a
// pause.
func (l *line) clip(ctx context.Context, prompt ivr.Prompt) (*media.Clip, error) {
	if prompt.Recording != "" {
		return l.recorded(ctx, prompt.Recording)
	}
	if digest, ok := strings.CutPrefix(prompt.Name, ivr.SoundOfIncident); ok {
		if clip, err := l.own(digest); err == nil {
			return clip, nil
		}
		prompt = ivr.Prompt{Gap: say.BetweenGroups}
	}
	return l.sounds.clip(prompt)
}

// fetchPatience is how long somebody on the line waits for a recording that is kept elsewhere.
const fetchPatience = 3 * time.Second

// recorded is what another caller said, as long as it is kept.
func (l *line) recorded(ctx context.Context, name string) (*media.Clip, error) {
	if clip := l.fetched[name]; clip != nil {
		return clip, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, fetchPatience, fmt.Errorf("it did not arrive within %v", fetchPatience))
	defer cancel()
	content, err := readRecording(ctx, l.kept, name)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	clip, err := media.Decode(bytes.NewReader(content))
	if err == nil {
		l.fetched = map[string]*media.Clip{name: clip} // one is enough: it is played again and again
	}
	return clip, err
}

func (l *line) ReadKey(ctx context.Context) (ivr.Key, error) {
	key, err := l.session.ReadKey(ctx)
	return ivr.Key(key), err
}

func (l *line) DropKeys() { l.session.DropKeys() }

func (l *line) Patience(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	return l.session.Patience(ctx, d, cause)
}

// Record keeps the recording under a draft name until it is whole and on disk.
func (l *line) Record(ctx context.Context, name string, limit ivr.RecordLimit) (ivr.Recording, error) {
	final := fmt.Sprintf("%s-%s.wav", l.call, name)
	path := filepath.Join(l.folder, final)
	file, err := os.OpenFile(path+draft, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return ivr.Recording{}, fmt.Errorf("recording: %w", err)
	}
	heard, err := l.session.Record(ctx, file, media.RecordLimit(limit))
	if kept := errors.Join(file.Sync(), file.Close(), os.Rename(file.Name(), path)); kept != nil {
		return ivr.Recording{}, errors.Join(err, fmt.Errorf("recording: %w", kept))
	}
	if !slices.Contains(l.made, final) {
		l.made = append(l.made, final)
	}
	return ivr.Recording{Name: final, Length: heard.Length, Speech: heard.Speech, EndedBy: recordEnds[heard.EndedBy]}, err
}

// tidy removes recordings that no ticket refers to, unless a ticket was wanted and could not be opened.
func (l *line) tidy(outcome ivr.Outcome) {
	if outcome.Joined || outcome.Disposition == tickets.DispositionFailed {
		return
	}
	for _, name := range l.made {
		if name != outcome.Ticket.Recording && !slices.Contains(outcome.Notes, name) {
			_ = os.Remove(filepath.Join(l.folder, name)) // at the latest it goes with the old ones
		}
	}
}

// recordEnds are the conversation's words for what ended a recording.
var recordEnds = map[media.End]ivr.End{
	media.EndCall: ivr.EndHangup, media.EndKey: ivr.EndKey, media.EndSilence: ivr.EndSilence, media.EndMax: ivr.EndMax,
}
