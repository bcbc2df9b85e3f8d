package tickets

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"strings"
	"time"
)

// What happens to tickets of incidents.
const (
	EventAttached = "attached" // it belongs to an incident
	EventIncident = "incident" // its customer is told news of the incident
)

// The notices about incidents.
const (
	IncidentNews    NoticeKind = "incident-news"     // those attached are to be told
	IncidentByEmail NoticeKind = "incident-by-email" // one of them is
)

// An IncidentChange is what an agent says about an incident; zero fields leave as it is.
type IncidentChange struct {
	By       string // who
	Priority Priority
	Regions  []string
	Products []string
	Text     map[string]string // by language; an empty one takes a text away
	WAV      map[string][]byte // recordings by language; an empty one takes it away
	Tell     bool              // those attached are told
}

// Declare has callers told of an incident from now on: a new one, or with the ID of a proposed one that, with the tickets it was
// proposed for. It fails with ErrNotFound, ErrInvalid and ErrUnavailable.
func (d *Desk) Declare(ctx context.Context, id string, c IncidentChange) (Incident, error) {
	now, fresh := d.now(), newIncidentID()
	return d.onDocket(ctx, "declare", func(docket *Docket) (i Incident, err error) {
		i = Incident{ID: fresh, State: IncidentProposed, Created: now}
		if id != "" {
			if i, err = FindIncident(docket.Incidents, id); err != nil {
				return i, err
			}
		}
		if i.State != IncidentProposed {
			return i, fmt.Errorf("incident %s: %w: it is %s already", i.ID, ErrInvalid, i.State)
		}
		i.State, i.Declared = IncidentDeclared, now
		if len(i.Tickets) > 0 {
			docket.spread(i, now)
		}
		return i, docket.apply(&i, c, now)
	})
}

// newIncidentID is one that nobody has: 40 random bits.
func newIncidentID() string { return "inc-" + strings.ToLower(rand.Text()[:8]) }

// UpdateIncident changes one that is not resolved, and has those attached told when the change says so.
func (d *Desk) UpdateIncident(ctx context.Context, id string, c IncidentChange) (Incident, error) {
	now := d.now()
	return d.onDocket(ctx, "update", func(docket *Docket) (Incident, error) {
		i, err := docket.open(id)
		if err != nil {
			return i, err
		}
		if err := docket.apply(&i, c, now); err != nil || !c.Tell {
			return i, err
		}
		docket.tell(&i, now)
		return i, nil
	})
}

// A Resolution ends an incident.
type Resolution struct {
	By      string
	Text    map[string]string // what is to be said about it, by language
	Tickets bool              // the tickets attached are resolved with it
}

// Resolve ends an incident: callers hear no more of it, and everyone attached is told. A proposed one is turned down by it.
func (d *Desk) Resolve(ctx context.Context, id string, r Resolution) (Incident, error) {
	now := d.now()
	return d.onDocket(ctx, "resolve", func(docket *Docket) (Incident, error) {
		i, err := docket.open(id)
		if err != nil {
			return i, err
		}
		was := i.State
		i.State, i.Resolved, i.Changed, i.By, i.Resolution, i.Close = IncidentResolved, now, now, r.By, r.Text, r.Tickets
		if was == IncidentDeclared {
			docket.tell(&i, now)
		}
		return i, nil
	})
}

// onDocket changes one incident, under the lock of all.
func (d *Desk) onDocket(ctx context.Context, what string, change func(*Docket) (Incident, error)) (after Incident, err error) {
	d.init()
	err = d.Store.AmendIncidents(ctx, func(docket *Docket) error {
		i, err := change(docket)
		if err == nil {
			i, err = i.bounded()
		}
		if err == nil {
			docket.Save(i)
			after = i
		}
		return err
	})
	if err != nil {
		return Incident{}, fmt.Errorf("%s an incident: %w", what, err)
	}
	return after, nil
}

// open is an incident that is not resolved.
func (d *Docket) open(id string) (Incident, error) {
	i, err := FindIncident(d.Incidents, id)
	if err == nil && i.State == IncidentResolved {
		return i, fmt.Errorf("incident %s: %w: it is resolved", i.ID, ErrInvalid)
	}
	return i, err
}

func (d *Docket) apply(i *Incident, c IncidentChange, now time.Time) error {
	i.By, i.Changed = c.By, now
	if c.Priority != 0 {
		i.Priority = c.Priority
	}
	if c.Regions != nil {
		i.Regions = c.Regions
	}
	if c.Products != nil {
		i.Products = c.Products
	}
	if len(c.Text) > 0 {
		texts := map[string]string{}
		maps.Copy(texts, i.Text)
		maps.Copy(texts, c.Text)
		maps.DeleteFunc(texts, func(_, text string) bool { return text == "" })
		i.Text = texts
	}
	return d.record(i, c.WAV)
}

// lateNews is when those who attached themselves while an incident was being resolved are told.
const lateNews = 10 * time.Minute

// tell has those attached told what there is to say.
func (d *Docket) tell(i *Incident, now time.Time) {
	i.News++
	d.spread(*i, now)
}

// spread has a clerk look after those attached, and after those to be attached.
func (d *Docket) spread(i Incident, now time.Time) {
	for _, after := range []time.Duration{0, lateNews} {
		d.Add(Notice{
			ID: fmt.Sprintf("%s%s:%d:%v", incidentLetters, i.ID, i.News, after), Kind: IncidentNews, Reason: string(i.State), To: i.ID,
			Created: now, Due: now.Add(after),
		})
	}
}

// Incidents are those that are not resolved, or all, the latest first.
func (d *Desk) Incidents(ctx context.Context, all bool) ([]Incident, error) {
	return d.Store.ListIncidents(ctx, all)
}

// Attach adds a ticket to an incident that is not resolved. One that belongs to another one changes over. It fails with
// ErrNotFound, ErrInvalid and ErrUnavailable.
func (d *Desk) Attach(ctx context.Context, number Number, id, by string) error {
	all, err := d.Store.ListIncidents(ctx, true)
	if err != nil {
		return err
	}
	incident, err := (&Docket{Incidents: all}).open(id)
	if err != nil {
		return err
	}
	return d.attach(ctx, number, incident.ID, clean(by, maxShort))
}

func (d *Desk) attach(ctx context.Context, number Number, id, by string) error {
	now := d.now()
	_, err := d.amend(ctx, number, func(f *Folder) error {
		if f.Ticket.Incident != id {
			f.Ticket.Incident, f.Ticket.IncidentNews, f.Ticket.Changed = id, 0, now
			f.Note(attached(number, id, by, now))
		}
		return nil
	})
	return err
}

func attached(number Number, id, by string, at time.Time) Event {
	return Event{Ticket: number, At: at, Who: by, What: EventAttached, Detail: detail("incident", id)}
}
