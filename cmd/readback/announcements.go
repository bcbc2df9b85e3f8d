package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"readback/media"
	"readback/tickets"
)

const (
	incidentPace    = 3 * time.Second // how often incidents are read
	burstTurns      = 5               // readings between two looks for a new one
	maxAnnouncement = time.Minute
	maxDecoded      = 64 // recordings that are kept ready
)

// followIncidents keeps what callers are told of incidents up to date, and has one proposed when many tickets look like one. While
// the store is away, the last list stands.
func (s *server) followIncidents(ctx context.Context) {
	ticker := time.NewTicker(incidentPace)
	defer ticker.Stop()
	for turn := 0; ; turn++ {
		desk := s.gateway.now.Load().desk
		err := desk.ReadIncidents(ctx)
		if err == nil && turn%burstTurns == 0 {
			err = desk.ProposeIncidents(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Debug("incidents could not be read", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// announcements are recordings of incidents, ready to be played, by digest. The zero value is ready.
type announcements struct {
	mu    sync.Mutex
	clips map[string]*media.Clip
}

// of finds recordings that a desk has read.
func (a *announcements) of(desk *tickets.Desk) func(digest string) (*media.Clip, error) {
	return func(digest string) (*media.Clip, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if clip, ok := a.clips[digest]; ok {
			return clip, nil
		}
		wav, ok := desk.IncidentSound(digest)
		if !ok {
			return nil, fmt.Errorf("recording of an incident: %w", fs.ErrNotExist)
		}
		clip, err := decodeAnnouncement(wav)
		if err != nil {
			return nil, err
		}
		if a.clips == nil || len(a.clips) == maxDecoded {
			a.clips = map[string]*media.Clip{}
		}
		a.clips[digest] = clip
		return clip, nil
	}
}

func decodeAnnouncement(data []byte) (*media.Clip, error) {
	clip, err := media.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("recording of an incident: %w", err)
	}
	if clip.Duration() > maxAnnouncement {
		return nil, fmt.Errorf("recording of an incident: it lasts %v, make it no longer than %v", clip.Duration().Round(time.Second), maxAnnouncement)
	}
	return clip, nil
}
