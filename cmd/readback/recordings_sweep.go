package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"readback/config"
	"readback/tickets"
)

// removeRecordings deletes the recordings whose time is over: that of their account, or of all.
func removeRecordings(ctx context.Context, kept tickets.Recordings, store tickets.Reader, c config.Recording, now time.Time) error {
	shortest := c.Keep
	for _, own := range c.Accounts {
		if shortest == 0 || own > 0 && own < shortest {
			shortest = own
		}
	}
	if shortest == 0 {
		return nil
	}
	old := map[string]time.Time{}
	err := kept.List(ctx, now.Add(-shortest.D()), func(name string, at time.Time) error {
		old[name] = at
		return nil
	})
	if err != nil || len(old) == 0 {
		return err
	}
	keep, err := keptOtherwise(ctx, store, c)
	if err != nil {
		return fmt.Errorf("how long recordings of accounts are kept: %w", err)
	}
	var problems []error
	for name, at := range old {
		time, own := keep[name]
		if !own {
			time = c.Keep
		}
		if time > 0 && now.Sub(at) > time.D() {
			problems = append(problems, kept.Delete(ctx, name))
		}
	}
	return errors.Join(problems...)
}

// keptOtherwise are the recordings of accounts that have a time of their own, by name.
func keptOtherwise(ctx context.Context, store tickets.Reader, c config.Recording) (map[string]config.Duration, error) {
	keep := map[string]config.Duration{}
	for account, own := range c.Accounts {
		_, said, err := recordingsOfAccount(ctx, store, account)
		if err != nil {
			return nil, err
		}
		for _, one := range said {
			keep[one.Name] = own
		}
	}
	return keep, nil
}

// A said is a recording that a ticket knows of.
type said struct {
	Name   string         `json:"name"`
	Ticket tickets.Number `json:"ticket"`
	At     time.Time      `json:"at"`             // when the ticket came to know of it
	Node   string         `json:"node,omitempty"` // that made it, if that is known
	Note   int            `json:"note,omitempty"` // which of the ticket's notes it is, from 1; 0: none
}

// recordingsOfAccount are what callers said on the tickets of an account, notes and joined calls included.
func recordingsOfAccount(ctx context.Context, store tickets.Reader, account string) (found int, all []said, err error) {
	theirs, err := allTickets(ctx, store, account, 0)
	if err != nil {
		return 0, nil, err
	}
	for _, ticket := range theirs {
		events, err := store.Events(ctx, ticket.Number)
		if err != nil {
			return 0, nil, err
		}
		all = append(all, recordingsOfTicket(ticket, events)...)
	}
	return len(theirs), all, nil
}

// recordingsOfTicket are what callers said on a ticket: about the problem first, then notes, and what was said in calls that joined it.
func recordingsOfTicket(ticket tickets.Ticket, events []tickets.Event) (all []said) {
	seen := map[string]bool{}
	add := func(one said) {
		if filepath.Ext(one.Name) == ".wav" && !seen[one.Name] {
			seen[one.Name] = true
			all = append(all, one)
		}
	}
	problem := said{Name: ticket.Recording, Ticket: ticket.Number, At: ticket.Received}
	for _, event := range events {
		if event.What == tickets.EventReceived {
			problem.Node = event.Detail["node"]
		}
	}
	add(problem)
	notes := 0
	for _, event := range events {
		one := said{Name: event.Detail["recording"], Ticket: ticket.Number, At: event.At, Node: event.Detail["node"]}
		if event.What == tickets.EventNote || event.What == tickets.EventJoined {
			if one.Name == "" || seen[one.Name] {
				continue
			}
			notes++
			one.Note = notes
		}
		add(one)
	}
	return all
}
