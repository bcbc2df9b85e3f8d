package tickets

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

const (
	pageAgain   = time.Minute     // between rounds of phoning those on call
	acceptPace  = 2 * time.Second // how often a ringing call looks whether somebody else took the ticket
	pageSummary = "Ticket %s is %v and waits for an engineer"
)

// page wakes engineers: by every pager, and by phoning those on call one after the other, until one accepts the ticket. One round
// is one attempt; where it stopped is kept, so that a restart goes on with the next engineer.
func (c *Clerk) page(ctx context.Context, n Notice) error {
	ticket, err := c.Desk.Store.Ticket(ctx, n.Ticket)
	if err != nil || !ticket.NeedsEngineer() {
		return err
	}
	if n, err = c.raisePage(ctx, n, ticket); err != nil {
		c.log().Warn("not every pager was reached", "ticket", ticket.Number, "error", err)
	}
	if c.Phone == nil || len(c.Engineers) == 0 {
		return err
	}
	next, _ := strconv.Atoi(n.Detail["next"])
	if next >= len(c.Engineers) { // it was the last one's telephone that rang when the gateway stopped
		next = 0
	}
	for i := next; i < len(c.Engineers); i++ {
		accepted, failure := c.phone(ctx, n, i, ticket)
		switch {
		case accepted:
			return failure
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		err = errors.Join(err, failure)
	}
	if failure := c.amend(ctx, n.ID, func(n *Notice) error { *n = n.with("next", "0"); return nil }); failure != nil {
		return failure
	}
	pause := c.PageAgain
	if pause <= 0 {
		pause = pageAgain
	}
	return &Later{At: c.Desk.now().Add(pause), Err: err, Reason: "nobody has accepted it yet"}
}

// pageAlert is the alert of a ticket's page: one for each ticket, however often it is repeated.
func (c *Clerk) pageAlert(t Ticket) Alert {
	return Alert{
		ID: "page:" + string(t.Number), Reason: string(Page), Summary: fmt.Sprintf(pageSummary, t.Number, t.Priority),
		Ticket: t, Urgent: true, Node: c.Desk.node(), At: t.Received,
	}
}

// raisePage tells the pagers, until all of them know.
func (c *Clerk) raisePage(ctx context.Context, n Notice, ticket Ticket) (Notice, error) {
	if len(c.Pagers) == 0 || n.Detail["raised"] != "" {
		return n, nil
	}
	raised, failed := c.raise(ctx, c.pageAlert(ticket))
	if raised != "" && n.Detail["noted"] == "" {
		if err := c.note(ctx, n.Ticket, Event{Who: WhoGateway, What: EventPaged, Detail: detail("by", raised)}); err != nil {
			return n, err
		}
		n = n.with("noted", "yes")
	}
	if failed == nil {
		n = n.with("raised", "yes")
	}
	return n, errors.Join(failed, c.amend(ctx, n.ID, func(row *Notice) error {
		row.Detail = n.Detail
		return nil
	}))
}

// phone calls one engineer, and hangs up as soon as somebody else has taken the ticket.
func (c *Clerk) phone(ctx context.Context, n Notice, i int, ticket Ticket) (accepted bool, err error) {
	err = c.amend(ctx, n.ID, func(n *Notice) error {
		*n = n.with("next", strconv.Itoa(i+1))
		return nil
	})
	if err != nil {
		return false, err
	}
	engineer := c.Engineers[i]
	calling, stop := context.WithCancelCause(ctx)
	watch := c.watchAccepted(calling, ticket.Number, stop)
	err = c.Phone.Page(calling, engineer, ticket)
	taken := errors.Is(context.Cause(calling), ErrTaken)
	stop(nil)
	<-watch
	outcome := "accepted"
	if err != nil {
		outcome = clean(err.Error(), maxLong)
	}
	noted := c.note(ctx, ticket.Number, Event{Who: WhoGateway, What: EventPaged, Detail: detail("by", "phone", "engineer", engineer.Name, "outcome", outcome)})
	switch {
	case taken && err != nil:
		return true, noted
	case err != nil:
		if errors.Is(err, ErrNobody) {
			err = nil // that is no failure of ours
		}
		return false, errors.Join(err, noted)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	_, err = c.Desk.Accept(ctx, ticket.Number, engineer.Name, "phone")
	return true, errors.Join(err, noted)
}

// watchAccepted stops a call once the ticket needs no engineer any more. It has ended when the channel is closed.
func (c *Clerk) watchAccepted(ctx context.Context, number Number, stop context.CancelCauseFunc) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(acceptPace)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if ticket, err := c.Desk.Store.Ticket(ctx, number); err == nil && !ticket.NeedsEngineer() {
				stop(ErrTaken)
				return
			}
		}
	}()
	return done
}

// clear lets the pagers rest.
func (c *Clerk) clear(ctx context.Context, n Notice) error {
	ticket, err := c.Desk.Store.Ticket(ctx, n.Ticket)
	if err != nil {
		return err
	}
	alert := c.pageAlert(ticket)
	if id := n.Detail["alert"]; id != "" {
		n.ID = id
		alert = c.alarmAlert(n)
		alert.Ticket = ticket
	}
	_, err = c.everyPager(func(p Pager) error { return p.Clear(ctx, alert) })
	return err
}
