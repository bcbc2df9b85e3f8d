package tickets

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

const (
	mirrorPause = 2 * time.Second // what happens at once is sent at once
	mirrorBusy  = 5 * time.Second // until the ticket is not being sent any more
	mirrorEvery = time.Minute
)

// Prepare makes the rows that are always open. It is called at every start, and again when it fails, which only the store does.
func (c *Clerk) Prepare(ctx context.Context) error {
	if c.Mirror == nil {
		return nil
	}
	now, name := c.Desk.now(), c.Mirror.Name()
	err := c.reopen(ctx, Notice{ID: "mirror-pull:" + name, Kind: MirrorPull, To: name, Created: now, Due: now})
	if _, busy := errors.AsType[*Later](err); busy {
		return nil // another gateway is at it
	}
	return err
}

// remirror has a ticket sent to the other system once more: the row of the ticket is opened again, unless it is still to be worked.
func (c *Clerk) remirror(ctx context.Context, n Notice) error {
	now := c.Desk.now()
	return c.reopen(ctx, Notice{
		ID: "mirror:" + string(n.Ticket), Kind: MirrorPush, Ticket: n.Ticket, Account: n.Account, CallID: n.CallID, To: c.Mirror.Name(),
		Created: now, Due: now.Add(mirrorPause),
	})
}

// reopen makes a row that is to be worked, of one that was closed too. Whoever is at it just now may have looked before what
// there is to be done was there: then it is to be tried later.
func (c *Clerk) reopen(ctx context.Context, row Notice) error {
	if err := c.Desk.Store.Enqueue(ctx, row); err != nil {
		return err
	}
	var busy error
	return errors.Join(c.Desk.Store.AmendNotice(ctx, row.ID, func(n *Notice) error {
		busy = nil
		switch now := c.Desk.now(); {
		case !n.Open():
			n.Done, n.Dead, n.Cancelled, n.Attempts, n.Failure = time.Time{}, time.Time{}, time.Time{}, 0, ""
			n.Created, n.Due, n.To = row.Created, row.Due, row.To
		case n.Working.After(now):
			busy = &Later{At: now.Add(mirrorBusy), Reason: "the ticket is being sent"}
		}
		return nil
	}), busy)
}

// mirrorPush makes the other system's ticket like ours.
func (c *Clerk) mirrorPush(ctx context.Context, n Notice) error {
	if c.Mirror == nil {
		return fmt.Errorf("%w: no other ticket system is configured", ErrRefused)
	}
	ticket, events, err := c.history(ctx, n.Ticket)
	if err != nil {
		return err
	}
	return c.lasting(n, c.Mirror.Push(ctx, ticket, events))
}

// mirrorPull takes over what changed in the other system. Its row holds the cursor, and is done only when there is no such system.
func (c *Clerk) mirrorPull(ctx context.Context, n Notice) error {
	if c.Mirror == nil || c.Mirror.Name() != n.To {
		return nil
	}
	next, err := c.takeOver(ctx, n.Detail["cursor"])
	failures, _ := strconv.Atoi(n.Detail["failures"])
	if failures++; err == nil {
		failures = 0
	}
	noted := c.amend(ctx, n.ID, func(row *Notice) error {
		*row = row.with("cursor", next).with("failures", strconv.Itoa(failures))
		return nil
	})
	if noted != nil {
		return noted
	}
	pause := c.MirrorEvery
	if pause <= 0 {
		pause = mirrorEvery
	}
	at := c.Desk.now().Add(pause)
	if err != nil {
		at = c.Desk.now().Add(backOff(failures))
	}
	if wait, ok := errors.AsType[*Later](err); ok {
		at, err = later(at, wait.At), wait.Err
	}
	return &Later{At: at, Err: err, Reason: "the next look is not due yet"}
}

// takeOver applies what changed since a cursor, and returns the next one; the same one when something went wrong.
func (c *Clerk) takeOver(ctx context.Context, cursor string) (string, error) {
	changes, next, err := c.Mirror.Pull(ctx, cursor)
	if err != nil {
		return cursor, err
	}
	for _, change := range changes {
		if err := c.apply(ctx, change); err != nil {
			return cursor, fmt.Errorf("take over change %s of ticket %s: %w", change.ID, change.Ticket, err)
		}
	}
	return next, nil
}

// apply makes a change that was made in the other system here too, once. A status that was changed here since stays.
func (c *Clerk) apply(ctx context.Context, m MirrorChange) error {
	events, err := c.Desk.Store.Events(ctx, m.Ticket)
	if errors.Is(err, ErrNotFound) {
		return nil // it is another desk's
	}
	if err != nil {
		return err
	}
	at := instant(m.At)
	if now := c.Desk.now(); at.After(now) {
		at = now
	}
	for _, e := range events {
		if e.Detail["ref"] == m.ID {
			return nil
		}
		if e.What == EventChanged && e.Detail["status"] != "" && e.At.After(at) {
			m.Status = ""
		}
	}
	_, err = c.Desk.Change(ctx, m.Ticket, Change{By: m.Who, Status: m.Status, Note: m.Note, At: at, Ref: m.ID})
	if errors.Is(err, ErrInvalid) {
		c.log().Warn("a change in the other ticket system cannot be taken over", "ticket", m.Ticket, "change", m.ID, "error", err)
		return nil
	}
	return err
}
