package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"readback/config"
	"readback/tickets"
)

type accountsEraseCommand struct {
	configFlag
	Account string `arg:"" help:"The account's number."`
	By      string `help:"Who does it." placeholder:"NAME" env:"USER" required:""`
	Yes     bool   `help:"Erase. Without it, only what would be erased is told."`
	JSON    bool   `help:"Print JSON."`
}

// Help is what the command's own help says.
func (e *accountsEraseCommand) Help() string {
	return "Contacts, names, numbers, addresses, notes and recordings of the account's people go; its tickets and their events stay, and " +
		"their proof stays whole. Recordings are those in this machine's data directory and in the bucket, if there is one; what other gateways have not " +
		"moved to it yet is named. Signalling is kept until calls.keep is over. It cannot be undone."
}

// erased is what the command tells.
type erased struct {
	Account string `json:"account"`
	tickets.Erasure
	Recordings int    `json:"recordings"`
	Missing    []said `json:"recordings_not_found,omitempty"`
	Done       bool   `json:"done"`
}

func (e *accountsEraseCommand) Run(ctx context.Context, console *console) error {
	return e.withStore(ctx, func(c *config.Config, s store) error {
		kept, err := recordingsOf(c, nil)
		if err != nil {
			return err
		}
		found, recordings, err := recordingsOfAccount(ctx, s, e.Account)
		if err != nil {
			return err
		}
		result := erased{Account: e.Account, Erasure: tickets.Erasure{Tickets: int64(found)}, Recordings: len(recordings), Done: e.Yes}
		if e.Yes {
			// The sounds first: their names go with the rest.
			if result.Missing, err = deleteRecordings(ctx, kept, recordings); err != nil {
				return fmt.Errorf("nothing else is erased yet, say it again: %w", err)
			}
			result.Recordings -= len(result.Missing)
			result.Missing = unexpected(result.Missing, c.Recording.KeepFor(e.Account), time.Now())
			event := tickets.Event{At: time.Now().UTC().Truncate(time.Microsecond), Who: e.By, What: tickets.EventErased}
			if result.Erasure, err = s.Erase(ctx, e.Account, event); err != nil {
				return err
			}
		}
		if e.JSON {
			return printJSON(console.out, result)
		}
		return result.print(console.out)
	})
}

func (r erased) print(w io.Writer) error {
	if !r.Done {
		_, err := fmt.Fprintf(w, "account %s: %d tickets, %d recordings; erase what they say of people with --yes\n", r.Account, r.Tickets, r.Recordings)
		return err
	}
	_, err := fmt.Fprintf(w, "account %s is erased: %d texts of %d tickets, callers of %d calls, %d recordings\n", r.Account, r.Texts, r.Tickets, r.Calls, r.Recordings)
	if err != nil || len(r.Missing) == 0 {
		return err
	}
	fmt.Fprintf(w, "%d recordings were not found; where one waits on another gateway, delete it there, in the directory recordings:\n", len(r.Missing))
	for _, one := range r.Missing {
		fmt.Fprintf(w, "  %s of %s, made by %s\n", one.Name, stamp(one.At), cmp.Or(one.Node, "an unknown gateway"))
	}
	return nil
}

// deleteRecordings deletes recordings, and says which were not there.
func deleteRecordings(ctx context.Context, kept tickets.Recordings, all []said) (missing []said, err error) {
	for _, one := range all {
		there, err := kept.Open(ctx, one.Name)
		switch {
		case err == nil:
			_ = there.Close() // nothing was read
		case errors.Is(err, tickets.ErrNotFound):
			missing = append(missing, one)
		case errors.Is(err, tickets.ErrInvalid): // it is there, but cannot be read here
		default:
			return nil, err
		}
		if err := kept.Delete(ctx, one.Name); err != nil {
			return nil, fmt.Errorf("delete recording %s: %w", one.Name, err)
		}
	}
	return missing, nil
}

// unexpected are the recordings that should still be there.
func unexpected(missing []said, keep config.Duration, now time.Time) (rest []said) {
	for _, one := range missing {
		if keep == 0 || now.Sub(one.At) < keep.D() {
			rest = append(rest, one)
		}
	}
	return rest
}
