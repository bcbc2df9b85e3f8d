package tickets

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	absentFirst = 2 * time.Second // until a recording that is not here is looked for again; later as long as it was missed
	absentLast  = 15 * time.Minute
)

// transcribe has a recording written down, and adds that to its ticket.
func (c *Clerk) transcribe(ctx context.Context, n Notice) error {
	if c.Transcriber == nil || c.Recordings == nil {
		return fmt.Errorf("%w: nobody is configured to write recordings down", ErrRefused)
	}
	sound, err := c.Recordings.Open(ctx, n.To)
	switch {
	case errors.Is(err, ErrNotFound):
		return c.absent(n)
	case errors.Is(err, ErrInvalid):
		return fmt.Errorf("%w: %w", ErrRefused, err) // it is the same at the next time
	case err != nil:
		return err
	}
	heard, err := c.Transcriber.Transcribe(ctx, Speech{Name: n.To, Language: n.Language, Sound: sound})
	_ = sound.Close() // it was only read
	if err != nil {
		return c.lasting(n, err)
	}
	if heard = heard.Bounded(); heard.Text == "" {
		return moot("nothing is said in the recording")
	}
	return c.keepTranscript(ctx, n, heard)
}

// absent waits for a recording: it may be on its way, or on the disk of another gateway, which then has to do this.
func (c *Clerk) absent(n Notice) error {
	now := c.Desk.now()
	missed := now.Sub(n.Created)
	if missed > n.Kind.life() {
		return moot("the recording is gone")
	}
	return &Later{At: now.Add(min(max(missed, absentFirst), absentLast)), Reason: "the recording is not on this gateway, or not yet"}
}

// keepTranscript adds the text to the ticket, together with its row being done: so there is one text of a recording, and none
// when the people of the ticket were erased meanwhile.
func (c *Clerk) keepTranscript(ctx context.Context, n Notice, t Transcript) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	now := c.Desk.now()
	_, err := c.Desk.amend(ctx, n.Ticket, func(f *Folder) error {
		wanted := f.each(func(row Notice) bool { return row.ID == n.ID }, func(row *Notice) { row.Done = now })
		if wanted > 0 {
			f.Note(Event{At: now, Who: WhoGateway, What: EventTranscribed, Detail: detail(
				"recording", n.To, "language", t.Language, "model", t.Model, "transcript", t.Text,
			)})
		}
		return nil
	})
	return err
}
