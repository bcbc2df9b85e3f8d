package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"readback/tickets"
)

// ListIncidents implements tickets.Incidents.
func (s *Store) ListIncidents(ctx context.Context, all bool) ([]tickets.Incident, error) {
	found, err := list(ctx, s.reader, scanIncident, incidentsListSQL, all, tickets.MaxPage)
	if err != nil {
		return nil, failed("read incidents", err)
	}
	return found, nil
}

// AmendIncidents implements tickets.Incidents. Its lock is that of every write.
func (s *Store) AmendIncidents(ctx context.Context, change func(*tickets.Docket) error) error {
	return s.write(ctx, "change incidents", func(tx *sql.Tx) error {
		all, err := list(ctx, tx, scanIncident, incidentsListSQL, true, tickets.MaxPage)
		if err != nil {
			return err
		}
		docket := &tickets.Docket{Incidents: all}
		if err := change(docket); err != nil {
			return err
		}
		for _, incident := range docket.Saved {
			document, err := json.Marshal(incident)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, incidentPutSQL, incident.ID, incident.State, us(incident.Created), string(document)); err != nil {
				return err
			}
		}
		for _, sound := range docket.Sounds {
			if _, err := tx.ExecContext(ctx, incidentSoundPutSQL, sound.Incident, sound.Language, notNull(sound.WAV)); err != nil {
				return err
			}
		}
		for _, notice := range docket.Added {
			if err := putNotice(ctx, tx, notice); err != nil {
				return err
			}
		}
		return s.schedule(ctx, tx, docket.Added...)
	})
}

func notNull(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

// IncidentSound implements tickets.Incidents.
func (s *Store) IncidentSound(ctx context.Context, id, language string) ([]byte, error) {
	var wav []byte
	err := s.reader.QueryRowContext(ctx, incidentSoundGetSQL, id, language).Scan(&wav)
	if errors.Is(err, sql.ErrNoRows) || err == nil && len(wav) == 0 {
		return nil, fmt.Errorf("sound of incident %s in %s: %w", id, language, tickets.ErrNotFound)
	}
	if err != nil {
		return nil, failed("read the sound of an incident", err)
	}
	return wav, nil
}

// TicketsOfIncident implements tickets.Incidents.
func (s *Store) TicketsOfIncident(ctx context.Context, id string, after tickets.Number, limit int) ([]tickets.Ticket, error) {
	found, err := list(ctx, s.reader, scanTicket, ticketsOfIncidentSQL, id, after, tickets.Limit(limit))
	if err != nil {
		return nil, failed("read the tickets of an incident", err)
	}
	return found, nil
}

// SevereTickets implements tickets.Incidents.
func (s *Store) SevereTickets(ctx context.Context, since time.Time) ([]tickets.Ticket, error) {
	found, err := list(ctx, s.reader, scanTicket, ticketsSevereSQL, us(since), tickets.MaxPage)
	if err != nil {
		return nil, failed("read urgent tickets", err)
	}
	return found, nil
}

func scanIncident(r row) (tickets.Incident, error) {
	var incident tickets.Incident
	var document string
	if err := r.Scan(&document); err != nil {
		return incident, err
	}
	return incident, json.Unmarshal([]byte(document), &incident)
}
