package ivr

import (
	"context"
	"errors"
	"time"
)

// The keys around a recording.
const (
	keyDecline Key = '2'
	keyKeep    Key = '1'
	keyRedo    Key = '2'
)

const (
	minSpeech = time.Second // less than this says nothing
	maxEmpty  = 3           // recordings without a word, before the conversation goes on without one
)

// describe lets the caller say what happened, hears whether it is to be kept, or goes on without a
// recording, as the caller likes. Who comes back to it is asked about the recording there is.
func (c *conversation) describe(ctx context.Context) error {
	again := !c.recorded()
	for {
		if again {
			if err := c.dictate(ctx); err != nil || !c.recorded() {
				return err
			}
		}
		key, err := c.ask(ctx, string(keyKeep)+string(keyRedo), c.prompts("record-keep"))
		if err == nil && key == keyKeep {
			return nil
		}
		if err != nil && !errors.Is(err, errBack) {
			return err
		}
		again = true
	}
}

// dictate announces the recording and makes it, unless the caller declines.
func (c *conversation) dictate(ctx context.Context) error {
	introduction := "describe"
	if c.kind == enquiry {
		introduction = "services-describe"
	}
	for range maxEmpty {
		declined, err := c.announce(ctx, c.prompts(introduction, "record-notice"))
		if err != nil {
			return err
		}
		if declined {
			c.recording = Recording{}
			return nil
		}
		err = c.record(ctx)
		if errors.Is(err, errUnrecordable) {
			return nil
		}
		if err != nil || c.recorded() {
			return err
		}
		c.tell("record-empty")
	}
	return nil
}

// announce says that a recording begins, and reports whether the caller declines it. No other key cuts
// it short: nobody is recorded unawares.
func (c *conversation) announce(ctx context.Context, notice []Prompt) (declined bool, err error) {
	_, err = c.offer(ctx, string(keyDecline), notice, c.patience.Notice)
	if errors.Is(err, errNoInput) {
		return false, nil
	}
	return err == nil, err
}

// errUnrecordable: nothing can be recorded now, a full disk perhaps. The call goes on without.
var errUnrecordable = errors.New("nothing can be recorded")

// record records the problem. What was said is known to the conversation also when the caller hangs up
// meanwhile, or when it fails with errUnrecordable.
func (c *conversation) record(ctx context.Context) error {
	recording, err := c.tape(ctx, "description")
	if recording.Name != "" {
		c.recording = recording
		c.spoke = c.spoke || recording.Speech >= minSpeech
		c.observe(Step{Kind: Recorded, Recording: recording})
	}
	return err
}

// tape records after the tone, under a name. What was said before the caller hung up, or before it failed
// with errUnrecordable, is returned too.
func (c *conversation) tape(ctx context.Context, name string) (Recording, error) {
	if err := c.play(ctx, Prompt{Locale: c.locale, Name: "tone"}); err != nil {
		return Recording{}, err
	}
	c.line.DropKeys() // a key from before the tone does not end what comes after it
	recording, err := c.line.Record(ctx, name, RecordLimit{Max: c.patience.Speech, Silence: c.patience.Silence})
	switch {
	case err != nil && ctx.Err() == nil:
		c.trouble("record", err)
		return recording, errUnrecordable
	case err == nil && recording.EndedBy == EndMax:
		c.tell("record-full")
	}
	return recording, err
}

// recorded reports whether there is a recording in which something is said.
func (c *conversation) recorded() bool { return c.recording.Speech >= minSpeech }
