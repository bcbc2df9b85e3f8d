package ivr

import (
	"context"
	"time"
)

// A Key is a key of the caller's telephone: '0' to '9', '*', '#', 'A' to 'D'.
type Key byte

// A Prompt is one thing to be heard: a sound by its name in the locale's pack, a silence, or a recording. The
// name "tone" is the tone before a recording, in every locale.
type Prompt struct {
	Locale, Name string
	Gap          time.Duration // a silence, when Name is empty
	Recording    string        // what a caller said, by the name of its Recording, when both are empty
}

// A Line is the caller's end of the call: prompts go out, keys and speech come in.
//
// Every method returns when its ctx is done, with the cause of ctx as the error. ReadKey may be called
// while Play or Record runs; apart from that a Line serves one call of a method at a time.
type Line interface {
	// Play returns nil only after the last packet of the last prompt was sent on an up dialog that is
	// not on hold: this is the evidence of an acknowledgement.
	Play(ctx context.Context, prompts ...Prompt) error

	// ReadKey returns the next key that the caller pressed, be it typed ahead. A key that was typed
	// ahead is returned even when ctx is done already.
	ReadKey(ctx context.Context) (Key, error)

	// DropKeys forgets the keys that were typed ahead.
	DropKeys()

	// Record stores what the caller says under a name that is unique within the call; a recording of
	// the same name is replaced. It ends at the # key, which it takes, after a silence, and at the
	// maximum. When the caller hangs up, it returns what was recorded along with the cause.
	Record(ctx context.Context, name string, limit RecordLimit) (Recording, error)

	// Patience is context.WithTimeoutCause on a clock that stands still while the call is on hold.
	Patience(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc)
}

// A RecordLimit ends a recording: at its longest, and after silence.
type RecordLimit struct{ Max, Silence time.Duration }

// A Recording is what the caller said, as it is stored.
type Recording struct {
	Name    string        // where it is kept, for the ticket
	Length  time.Duration // of the file
	Speech  time.Duration // active speech heard in it
	EndedBy End
}

// An End tells what ended a recording.
type End string

const (
	EndKey     End = "key"
	EndSilence End = "silence"
	EndMax     End = "max"
	EndHangup  End = "hangup"
)
