package tickets

import (
	"context"
	"sync"
	"time"
)

// bulletinTime is how long reading incidents, or looking for new ones, may take.
const bulletinTime = 2 * time.Second

// A bulletin is what callers are told of incidents, as last read: no call waits for the store because of it.
type bulletin struct {
	mu     sync.Mutex
	list   []Incident
	sounds map[string][]byte // by digest
}

// ReadIncidents reads what callers are to be told of incidents. When it fails, what was read before stands.
func (d *Desk) ReadIncidents(ctx context.Context) error {
	d.init()
	ctx, cancel := context.WithTimeoutCause(ctx, bulletinTime, ErrUnavailable)
	defer cancel()
	list, err := d.Store.ListIncidents(ctx, false)
	if err != nil {
		return err
	}
	sounds := map[string][]byte{}
	for _, incident := range list {
		for language, digest := range incident.Sounds {
			if wav, ok := d.IncidentSound(digest); ok {
				sounds[digest] = wav
			} else if wav, err := d.Store.IncidentSound(ctx, incident.ID, language); err == nil {
				sounds[digest] = wav
			}
		}
	}
	d.bulletin.mu.Lock()
	defer d.bulletin.mu.Unlock()
	d.bulletin.list, d.bulletin.sounds = list, sounds
	return nil
}

// Touching are the incidents that callers of a country's numbers are told of, the latest first. It does not wait.
func (d *Desk) Touching(region string) []Incident {
	d.init()
	d.bulletin.mu.Lock()
	defer d.bulletin.mu.Unlock()
	var touching []Incident
	for _, incident := range d.bulletin.list {
		if incident.State == IncidentDeclared && incident.Touches(region) && len(touching) < announced {
			touching = append(touching, incident)
		}
	}
	return touching
}

// IncidentSound is a recording by its digest, as far as it has been read. It does not wait.
func (d *Desk) IncidentSound(digest string) (wav []byte, ok bool) {
	d.init()
	d.bulletin.mu.Lock()
	defer d.bulletin.mu.Unlock()
	wav, ok = d.bulletin.sounds[digest]
	return wav, ok
}

// HasSound reports whether a recording has been read.
func (d *Desk) HasSound(digest string) bool {
	_, ok := d.IncidentSound(digest)
	return ok
}
