package tickets

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// post sends a letter that is not the acknowledgement itself, and notes in the ticket that it left.
func (c *Clerk) post(ctx context.Context, n Notice) error {
	if c.Mailer == nil {
		return fmt.Errorf("%w: e-mail is not configured", ErrRefused)
	}
	var ticket Ticket
	if n.Ticket != "" {
		var err error
		if ticket, err = c.Desk.Store.Ticket(ctx, n.Ticket); err != nil {
			return err
		}
	}
	if err := c.Mailer.Mail(ctx, c.letter(n, ticket)); err != nil || n.Ticket == "" {
		return err
	}
	return c.note(ctx, n.Ticket, Event{Who: WhoGateway, What: EventSent, Detail: detail("kind", string(n.Kind), "letter", n.ID)})
}

// note adds an event to a ticket, also when the gateway is stopping.
func (c *Clerk) note(ctx context.Context, number Number, e Event) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	e.At = c.Desk.now()
	_, err := c.Desk.amend(ctx, number, func(f *Folder) error {
		f.Note(e)
		return nil
	})
	return err
}

// letter is what a row wants to be sent.
func (c *Clerk) letter(n Notice, t Ticket) Letter {
	l := Letter{
		ID: n.ID, Kind: n.Kind, To: n.To, Name: t.Contact, Language: n.Language, Ticket: t,
		Promise: iso8601(t.Due.Sub(t.Received)), Text: n.Detail["text"],
	}
	if t.Number != "" {
		if first := "acknowledge:" + string(t.Number); first != n.ID {
			l.Thread = first
		}
	}
	if n.Kind.Ladder() {
		l.Kind, l.To = AcknowledgeByEmail, t.Email
	}
	if c.Links != nil {
		l.Links = c.Links(t)
	}
	return l
}

// iso8601 is a duration of whole minutes, like PT4H (ISO 8601-1:2019 section 5.5.2).
func iso8601(d time.Duration) string {
	hours, minutes := int(d.Hours()), int(d.Minutes())%60
	switch {
	case d <= 0:
		return ""
	case minutes == 0:
		return fmt.Sprintf("PT%dH", hours)
	case hours == 0:
		return fmt.Sprintf("PT%dM", minutes)
	}
	return fmt.Sprintf("PT%dH%dM", hours, minutes)
}

// alarm tells agents, by every pager there is. That it was raised is noted in the ticket once one of them took it; where there is
// none, the log is what there is.
func (c *Clerk) alarm(ctx context.Context, n Notice) error {
	alert := c.alarmAlert(n)
	if n.Ticket != "" {
		var err error
		if alert.Ticket, err = c.Desk.Store.Ticket(ctx, n.Ticket); err != nil {
			return err
		}
	}
	c.log().Warn("alarm", "reason", n.Reason, "ticket", n.Ticket, "about", n.To)
	raised, failed := c.raise(ctx, alert)
	if n.Ticket != "" && n.Detail["noted"] == "" && (raised != "" || len(c.Pagers) == 0) {
		if err := c.alarmed(ctx, n, raised); err != nil {
			return err
		}
		if err := c.amend(ctx, n.ID, func(n *Notice) error { *n = n.with("noted", "yes"); return nil }); err != nil {
			return err
		}
	}
	return failed
}

func (c *Clerk) alarmAlert(n Notice) Alert {
	return Alert{ID: n.ID, Reason: n.Reason, Summary: summary(n), Urgent: n.Reason == ReasonUnacknowledged || n.Reason == ReasonNoWay, Node: c.Desk.node(), At: n.Created}
}

// alarmed notes an alarm in its ticket. What was raised because the customer is not told has a row that clears it once that is over.
func (c *Clerk) alarmed(ctx context.Context, n Notice, raised string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	now := c.Desk.now()
	_, err := c.Desk.amend(ctx, n.Ticket, func(f *Folder) error {
		f.Note(Event{At: now, Who: WhoGateway, What: EventAlarmed, Detail: detail("reason", n.Reason, "by", orText(raised, "log"))})
		if raised == "" || !untold(n) {
			return nil
		}
		over := Notice{ID: "clear:" + n.ID, Kind: PageClear, Reason: n.Reason, Created: n.Created, Due: now.Add(alarmLife), Detail: map[string]string{"alert": n.ID}}
		if !f.Ticket.Acknowledged.IsZero() {
			over.Due = now
		}
		f.Add(over)
		return nil
	})
	return err
}

// alarmLife is how long an alarm stands that nobody ends.
const alarmLife = 7 * 24 * time.Hour

// raise raises an alert everywhere, and names the pagers that took it. Repeating one does no harm.
func (c *Clerk) raise(ctx context.Context, alert Alert) (raised string, failed error) {
	return c.everyPager(func(p Pager) error { return p.Raise(ctx, alert) })
}

// everyPager tells all of them, and names those that took it. It is refused for good only if nobody can be told by trying again.
func (c *Clerk) everyPager(tell func(Pager) error) (told string, failed error) {
	var taken []string
	var refused error
	for _, pager := range c.Pagers {
		err := tell(pager)
		if err == nil {
			taken = append(taken, pager.Name())
			continue
		}
		if err = fmt.Errorf("%s: %w", pager.Name(), err); errors.Is(err, ErrRefused) {
			refused = errors.Join(refused, err)
		} else {
			failed = errors.Join(failed, err)
		}
	}
	told = strings.Join(taken, " ")
	if failed == nil || refused == nil {
		return told, errors.Join(failed, refused)
	}
	return told, fmt.Errorf("%w; %s", failed, refused.Error())
}

// summary is an alarm in words, without personal data.
func summary(n Notice) string {
	switch n.Reason {
	case ReasonUnverifiedP1:
		return fmt.Sprintf("Ticket %s is urgent, and its caller is not known: look whether it is", n.Ticket)
	case ReasonNoWay:
		return fmt.Sprintf("The customer of ticket %s cannot be told by us: call or write", n.Ticket)
	case ReasonUnacknowledged:
		return fmt.Sprintf("The customer of ticket %s does not know yet that it is registered, and the response window closes soon", n.Ticket)
	case ReasonIncident:
		return fmt.Sprintf("%s accounts have %s urgent or high tickets%s: declare incident %s, or resolve it", n.Detail["accounts"], n.Detail["tickets"], inRegion(n.Detail["region"]), n.To)
	case ReasonTrunkSlowed:
		return fmt.Sprintf("Many wrong PINs over trunk %s", n.To)
	}
	return fmt.Sprintf("%s %s", n.Reason, n.Ticket)
}

func inRegion(region string) string {
	if region == "" {
		return ""
	}
	return " in " + region
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
