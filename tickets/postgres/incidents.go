package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

// ListIncidents implements tickets.Incidents.
func (s *Store) ListIncidents(ctx context.Context, all bool) ([]tickets.Incident, error) {
	found, err := list(ctx, s.pool, scanIncident, incidentsListSQL, all, tickets.MaxPage)
	if err != nil {
		return nil, failed("read incidents", err)
	}
	return found, nil
}

// AmendIncidents implements tickets.Incidents.
func (s *Store) AmendIncidents(ctx context.Context, change func(*tickets.Docket) error) error {
	return s.write(ctx, "change incidents", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockSQL, lockIncidents, "all"); err != nil {
			return err
		}
		all, err := list(ctx, tx, scanIncident, incidentsListSQL, true, tickets.MaxPage)
		if err != nil {
			return err
		}
		docket := &tickets.Docket{Incidents: all}
		if err := change(docket); err != nil {
			return err
		}
		var batch pgx.Batch
		for _, incident := range docket.Saved {
			exec(&batch, incidentPutSQL, incident.ID, string(incident.State), incident.Created, incident)
		}
		for _, sound := range docket.Sounds {
			exec(&batch, incidentSoundPutSQL, sound.Incident, sound.Language, append([]byte{}, sound.WAV...)) // nil would be null
		}
		for _, notice := range docket.Added {
			putNotice(&batch, notice)
		}
		if batch.Len() == 0 {
			return nil
		}
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return err
		}
		return s.schedule(ctx, tx, docket.Added...)
	})
}

// IncidentSound implements tickets.Incidents.
func (s *Store) IncidentSound(ctx context.Context, id, language string) ([]byte, error) {
	var wav []byte
	ok, err := found(s.pool.QueryRow(ctx, incidentSoundGetSQL, id, language).Scan(&wav))
	if err != nil {
		return nil, failed("read the sound of an incident", err)
	}
	if !ok || len(wav) == 0 {
		return nil, fmt.Errorf("sound of incident %s in %s: %w", id, language, tickets.ErrNotFound)
	}
	return wav, nil
}

// TicketsOfIncident implements tickets.Incidents.
func (s *Store) TicketsOfIncident(ctx context.Context, id string, after tickets.Number, limit int) ([]tickets.Ticket, error) {
	found, err := list(ctx, s.pool, scanTicket, ticketsOfIncidentSQL, id, string(after), tickets.Limit(limit))
	if err != nil {
		return nil, failed("read the tickets of an incident", err)
	}
	return found, nil
}

// SevereTickets implements tickets.Incidents.
func (s *Store) SevereTickets(ctx context.Context, since time.Time) ([]tickets.Ticket, error) {
	found, err := list(ctx, s.pool, scanTicket, ticketsSevereSQL, since, tickets.MaxPage)
	if err != nil {
		return nil, failed("read urgent tickets", err)
	}
	return found, nil
}

func scanIncident(r row) (tickets.Incident, error) {
	var incident tickets.Incident
	err := r.Scan(&incident)
	return incident, err
}
