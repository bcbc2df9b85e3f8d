package tickets

import (
	"context"
	"io"
	"strings"
	"time"
)

// A Transcriber writes down what was said in a recording: a machine does, which may mishear.
type Transcriber interface {
	// Transcribe reads the recording to its end. After ErrRefused the same one is not to be tried again; a *Later says when it may
	// be. A recording in which nothing is said has no text.
	Transcribe(ctx context.Context, s Speech) (Transcript, error)
}

// A Speech is a recording to be written down.
type Speech struct {
	Name     string // of the recording
	Language string // of the call, like en-GB; the caller may speak another
	Sound    io.Reader
}

// A Transcript is what a machine heard.
type Transcript struct {
	Text     string
	Language string // that it was taken for, like en, or empty
	Model    string
}

// maxTranscript bounds a text in bytes: half an hour of quick talk is about as much.
const maxTranscript = 16 << 10

// Bounded is the transcript fit to keep and to show, its text as one paragraph.
func (t Transcript) Bounded() Transcript {
	const cut = " […]"
	text := strings.Join(strings.Fields(t.Text), " ")
	t.Text = clean(text, maxTranscript)
	if len(text) > maxTranscript {
		t.Text = strings.TrimSpace(clean(text, maxTranscript-len(cut))) + cut
	}
	t.Language, t.Model = clean(t.Language, MaxLanguage), clean(t.Model, maxShort)
	return t
}

// transcribe has a recording that belongs to the ticket written down, once.
func (f *Folder) transcribe(recording, callKey string, now time.Time) {
	if recording != "" {
		n := transcription(f.Ticket, recording, now)
		n.CallID = callKey
		f.Add(n)
	}
}

// transcription is the row that has a recording written down. A recording has one.
func transcription(t Ticket, recording string, now time.Time) Notice {
	return Notice{
		ID: "transcribe:" + recording, Kind: Transcribe, Ticket: t.Number, Account: t.Account, To: recording, Language: t.Language,
		CallID: t.CallID, Created: now, Due: now,
	}
}
