package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"readback/config"
	"readback/tickets"
	"readback/tickets/recordings"
)

type ticketsRecordingCommand struct {
	configFlag
	Number string `arg:"" help:"The ticket's number, with or without the space."`
	Note   int    `help:"Instead of the problem, what was said later: the note or repeated call of this number, as readback tickets show lists them." placeholder:"N"`
	Out    string `short:"o" help:"Write to this file; - is standard output." placeholder:"FILE" type:"path" required:""`
}

// Help is what the command's own help says.
func (r *ticketsRecordingCommand) Help() string {
	return "The recording is fetched from where it is kept (the data directory, or the bucket) and decrypted by recording.encrypt.identity. It is a WAV file."
}

func (r *ticketsRecordingCommand) Run(ctx context.Context, console *console) error {
	number, err := tickets.ParseNumber(strings.ReplaceAll(r.Number, " ", ""))
	if err != nil {
		return err
	}
	if r.Note < 0 {
		return fmt.Errorf("%w: notes are numbered from 1", errUsage)
	}
	if r.Out == "-" && terminalWidth(console.out) > 0 {
		return fmt.Errorf("%w: sound is not for a terminal; say -o FILE, or -o - | PLAYER", errUsage)
	}
	return r.withStore(ctx, func(c *config.Config, s store) error {
		one, ticket, events, err := r.find(ctx, s, number)
		if err != nil {
			return err
		}
		kept, err := recordingsOf(c, nil)
		if err != nil {
			return err
		}
		content, err := readRecording(ctx, kept, one.Name)
		if err != nil {
			return whyNot(c, one, ticket.Account, events, err)
		}
		return r.write(console, content)
	})
}

// find is the recording that is asked for, with its ticket.
func (r *ticketsRecordingCommand) find(ctx context.Context, s tickets.Reader, number tickets.Number) (said, tickets.Ticket, []tickets.Event, error) {
	ticket, err := s.Ticket(ctx, number)
	if err != nil {
		return said{}, ticket, nil, err
	}
	events, err := s.Events(ctx, number)
	if err != nil {
		return said{}, ticket, nil, err
	}
	all := recordingsOfTicket(ticket, events)
	for _, one := range all {
		if one.Note == r.Note {
			return one, ticket, events, nil
		}
	}
	what, others := "recording of the problem", ""
	if r.Note > 0 {
		what = fmt.Sprintf("note %d", r.Note)
	}
	if len(all) > 0 {
		others = fmt.Sprintf("; readback tickets show %s lists what there is", number)
	}
	return said{}, ticket, nil, fmt.Errorf("ticket %s has no %s%s", spaced(number), what, others)
}

// whyNot is why a recording that the ticket names cannot be had.
func whyNot(c *config.Config, one said, account string, events []tickets.Event, err error) error {
	keep := c.Recording.KeepFor(account).D()
	switch {
	case errors.Is(err, recordings.ErrSealed):
		return fmt.Errorf("%w; name the file of a key in recording.encrypt.identity, or fetch %s from the bucket and use age -d", err, one.Name+recordings.Suffix)
	case !errors.Is(err, tickets.ErrNotFound):
		return err
	case erasedAt(events).After(one.At):
		return fmt.Errorf("the recording was erased with its account's other texts on %s", stamp(erasedAt(events)))
	case keep > 0 && time.Since(one.At) > keep:
		return fmt.Errorf("the recording is not kept any more: its time (recording.keep) was over on %s", stamp(one.At.Add(keep)))
	case one.Node != "" && one.Node != c.Node:
		return fmt.Errorf("the recording %s is not here: the gateway %s made it; ask there, or wait until it is moved to the bucket", one.Name, one.Node)
	}
	return fmt.Errorf("the recording %s is gone, though its time is not over: neither the data directory nor the bucket has it", one.Name)
}

// erasedAt is when what a ticket says of people was last erased; zero: never.
func erasedAt(events []tickets.Event) (at time.Time) {
	for _, event := range events {
		if event.What == tickets.EventErased {
			at = event.At
		}
	}
	return at
}

func (r *ticketsRecordingCommand) write(console *console, content []byte) error {
	copyTo := func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(content))
		return err
	}
	if r.Out == "-" {
		return copyTo(console.out)
	}
	if err := writeWhole(r.Out, copyTo); err != nil {
		return err
	}
	_, err := fmt.Fprintf(console.err, "%s: %d bytes\n", r.Out, len(content))
	return err
}
