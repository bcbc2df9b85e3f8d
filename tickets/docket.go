package tickets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Incidents keeps incidents.
type Incidents interface {
	// ListIncidents are those that are not resolved, or all, the latest first; at most MaxPage.
	ListIncidents(ctx context.Context, all bool) ([]Incident, error)
	// AmendIncidents lets change write into the docket of all incidents, under a lock, and commits that; when change fails,
	// nothing. It may be run again after a conflict, on a fresh docket.
	AmendIncidents(ctx context.Context, change func(*Docket) error) error
	// IncidentSound is the recording of an incident in a language. It fails with ErrNotFound.
	IncidentSound(ctx context.Context, id, language string) ([]byte, error)
	// TicketsOfIncident are those attached, by number; after is the last one of the page before.
	TicketsOfIncident(ctx context.Context, id string, after Number, limit int) ([]Ticket, error)
	// SevereTickets are problems of P1 and P2 by known accounts received since a time that no incident has, the earliest first;
	// at most MaxPage.
	SevereTickets(ctx context.Context, since time.Time) ([]Ticket, error)
}

// A Docket is the incidents, taken out to be changed.
type Docket struct {
	Incidents []Incident // the latest first

	Saved  []Incident // for stores: each in place of the one with its ID
	Sounds []Recorded // for stores
	Added  []Notice   // for stores: each unless there is one with its ID
}

// A Recorded sound is what callers hear of an incident in a language.
type Recorded struct {
	Incident string
	Language string
	WAV      []byte
}

// Save adds an incident, or changes it.
func (d *Docket) Save(i Incident) { d.Saved = append(d.Saved, i) }

// Add puts a notice into the outbox.
func (d *Docket) Add(n Notice) { d.Added = append(d.Added, n) }

// FindIncident finds an incident by its ID. It fails with ErrNotFound.
func FindIncident(all []Incident, id string) (Incident, error) {
	at := slices.IndexFunc(all, func(i Incident) bool { return i.ID == id })
	if at < 0 {
		return Incident{}, fmt.Errorf("incident %.40q: %w", id, ErrNotFound)
	}
	return all[at], nil
}

// record gives an incident its recordings, a WAV for each language; an empty one takes it away.
func (d *Docket) record(i *Incident, wavs map[string][]byte) error {
	sounds := map[string]string{}
	for language, digest := range i.Sounds {
		sounds[language] = digest
	}
	for language, wav := range wavs {
		if err := checkLanguage(language); err != nil || language == "" {
			return fmt.Errorf("sound: %w: name its language, like en-US", ErrInvalid)
		}
		if len(wav) > MaxSound {
			return fmt.Errorf("sound of %s: %w: it has %d bytes, make it shorter than %d", language, ErrInvalid, len(wav), MaxSound)
		}
		sum := sha256.Sum256(wav)
		sounds[language] = hex.EncodeToString(sum[:])
		if len(wav) == 0 {
			delete(sounds, language)
		}
		d.Sounds = append(d.Sounds, Recorded{Incident: i.ID, Language: language, WAV: wav})
	}
	if len(sounds) > maxLanguages {
		return fmt.Errorf("sounds: %w: record at most %d languages", ErrInvalid, maxLanguages)
	}
	i.Sounds = sounds
	return nil
}
