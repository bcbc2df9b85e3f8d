package tickets

import (
	"context"
	"fmt"
)

// spread tells everyone attached to an incident what a row wants them to know.
func (c *Clerk) spread(ctx context.Context, n Notice) error {
	_, err := c.Desk.Spread(ctx, n.To)
	return err
}

// Spread tells everyone attached to an incident the latest news of it, each once: a letter to whoever has an address, an event
// on every ticket, and where that was wanted the ticket is resolved. It returns how many were told now; run again, it tells
// those who were not.
func (d *Desk) Spread(ctx context.Context, id string) (told int, err error) {
	all, err := d.Store.ListIncidents(ctx, true)
	if err != nil {
		return 0, err
	}
	incident, err := FindIncident(all, id)
	if err != nil {
		return 0, err
	}
	if err := d.attachProposed(ctx, incident); err != nil {
		return 0, err
	}
	after := Number("")
	for {
		page, err := d.Store.TicketsOfIncident(ctx, id, after, MaxPage)
		if err != nil || len(page) == 0 {
			return told, err
		}
		for _, ticket := range page {
			if ticket.IncidentNews >= incident.News {
				continue
			}
			if err := d.tellNews(ctx, ticket.Number, incident); err != nil {
				return told, err
			}
			told++
		}
		after = page[len(page)-1].Number
	}
}

// attachProposed adds the tickets that an incident was proposed for, once it is declared, unless they belong to one already.
func (d *Desk) attachProposed(ctx context.Context, i Incident) error {
	if i.State != IncidentDeclared {
		return nil
	}
	for _, number := range i.Tickets {
		if ticket, err := d.Store.Ticket(ctx, number); err != nil || ticket.Incident != "" {
			continue // an erased one is nobody's
		}
		if err := d.attach(ctx, number, i.ID, i.By); err != nil {
			return err
		}
	}
	return nil
}

// tellNews tells one customer. That it was done is in the ticket, so that it is done once.
func (d *Desk) tellNews(ctx context.Context, number Number, i Incident) error {
	now := d.now()
	_, err := d.amend(ctx, number, func(f *Folder) error {
		if f.Ticket.Incident != i.ID || f.Ticket.IncidentNews >= i.News {
			return nil
		}
		f.Ticket.IncidentNews, f.Ticket.Changed = i.News, now
		text := i.Written(f.Ticket.Language)
		f.Note(Event{At: now, Who: i.By, What: EventIncident, Detail: detail("incident", i.ID, "state", string(i.State), "text", text)})
		if d.Mail && f.Ticket.Email != "" {
			f.Add(Notice{
				ID: fmt.Sprintf("%s%s:%d:%s", incidentLetters, i.ID, i.News, number), Kind: IncidentByEmail, Reason: string(i.State), To: f.Ticket.Email,
				Language: f.Ticket.Language, CallID: f.Ticket.CallID, Created: now, Due: now, Detail: detail("text", text, "incident", i.ID),
			})
		}
		if i.State == IncidentResolved && i.Close && f.Ticket.Status != StatusResolved {
			d.restate(f, Change{By: i.By, Status: StatusResolved, At: now})
		}
		return nil
	})
	return err
}
