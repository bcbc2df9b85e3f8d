package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
		"their proof stays whole. Recordings are those in this machine's data directory. Signalling is kept until calls.keep is over. It cannot be undone."
}

// erased is what the command tells.
type erased struct {
	Account string `json:"account"`
	tickets.Erasure
	Recordings int  `json:"recordings"`
	Done       bool `json:"done"`
}

func (e *accountsEraseCommand) Run(ctx context.Context, console *console) error {
	return e.withStore(ctx, func(c *config.Config, s store) error {
		found, names, err := recordingsOfAccount(ctx, s, e.Account)
		if err != nil {
			return err
		}
		result := erased{Account: e.Account, Erasure: tickets.Erasure{Tickets: int64(found)}, Recordings: len(names), Done: e.Yes}
		if e.Yes {
			// The sounds first: their names go with the rest.
			if err := deleteRecordings(recordingsFolder(c), names); err != nil {
				return fmt.Errorf("nothing else is erased yet: %w", err)
			}
			event := tickets.Event{At: time.Now().UTC().Truncate(time.Microsecond), Who: e.By, What: tickets.EventErased}
			if result.Erasure, err = s.Erase(ctx, e.Account, event); err != nil {
				return err
			}
		}
		if e.JSON {
			return printJSON(console.out, result)
		}
		if !e.Yes {
			_, err = fmt.Fprintf(console.out, "account %s: %d tickets, %d recordings; erase what they say of people with --yes\n", e.Account, result.Tickets, result.Recordings)
			return err
		}
		_, err = fmt.Fprintf(console.out, "account %s is erased: %d texts of %d tickets, callers of %d calls, %d recordings\n",
			e.Account, result.Texts, result.Tickets, result.Calls, result.Recordings)
		return err
	})
}

// recordingsOfAccount names what callers said on the tickets of an account, notes and joined calls included.
func recordingsOfAccount(ctx context.Context, s tickets.Reader, account string) (found int, names []string, err error) {
	all, err := allTickets(ctx, s, account, 0)
	if err != nil {
		return 0, nil, err
	}
	seen := map[string]bool{"": true}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, ticket := range all {
		add(ticket.Recording)
		events, err := s.Events(ctx, ticket.Number)
		if err != nil {
			return 0, nil, err
		}
		for _, event := range events {
			add(event.Detail["recording"])
		}
	}
	return len(all), names, nil
}

// deleteRecordings removes recordings of a folder, by name. One that is gone is no error; a name that leads elsewhere is none of ours.
func deleteRecordings(folder string, names []string) error {
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	var problems []error
	for _, name := range names {
		if filepath.Ext(name) != ".wav" {
			continue
		}
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, fmt.Errorf("delete recording %s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}
