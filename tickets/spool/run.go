package spool

import (
	"context"
	"sync"
	"time"

	"readback/tickets"
)

// How often the database is looked for while it is away, and the spool is looked through while it is there.
const (
	probeFirst = 100 * time.Millisecond // doubling up to probeLast
	probeLast  = 2 * time.Second
	roundPause = time.Second
	lastRound  = 5 * time.Second // for what is left when the gateway stops
	// misfitPause is how often tickets are offered again that the database would not take.
	misfitPause = time.Minute
)

// Run keeps the copy fresh, looks for a database that is away, and moves what is spooled to it. When ctx ends it tries once
// more to leave nothing behind, and returns.
func (s *Store) Run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { (&follower{store: s}).run(ctx) })
	s.forwardUntil(ctx)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastRound)
	defer cancel()
	if away, _ := s.breaker.state(); away.IsZero() {
		_ = s.forward(last) // what is left is told at the next start
	}
}

func (s *Store) forwardUntil(ctx context.Context) {
	pause := time.Duration(0)
	for {
		select {
		case <-s.breaker.wake:
			pause = 0
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		if since, _ := s.breaker.state(); !since.IsZero() {
			if err := s.catchUp(ctx, since); err != nil {
				pause = min(max(2*pause, probeFirst), probeLast)
				continue
			}
		}
		pause = roundPause
		if err := s.forward(ctx); err != nil && isAway(err) && ctx.Err() == nil {
			s.breaker.trip(err)
		}
	}
}

// catchUp ends an outage when the database is there and takes what was spooled: the first of it, so that a database which
// answers but commits nothing stays away.
func (s *Store) catchUp(ctx context.Context, since time.Time) error {
	if err := s.reach(ctx); err != nil {
		if !isAway(err) {
			s.log.Error("the database cannot be used", "error", err)
		}
		return err
	}
	limited, cancel := context.WithTimeout(ctx, longPatience)
	defer cancel()
	if err := s.catchUpAttempts(limited, since); err != nil {
		return err
	}
	if _, err := s.forwardBatch(limited, "", firstBatch); err != nil {
		return err
	}
	length := s.breaker.mend()
	depth, _ := s.held.depth()
	s.log.Info("the database is back", "away", length.Round(time.Millisecond), "spooled", depth)
	return nil
}

// How many tickets move at once: few at first.
const (
	firstBatch = 5
	batch      = 100
)

// forward moves what is spooled, until nothing is left that can be moved.
func (s *Store) forward(ctx context.Context) error {
	var last tickets.Number
	for s.worthForwarding() {
		limited, cancel := context.WithTimeout(ctx, 2*longPatience)
		next, err := s.forwardBatch(limited, last, batch)
		cancel()
		if err != nil {
			return err
		}
		if next == "" {
			break
		}
		last = next
	}
	limited, cancel := context.WithTimeout(ctx, 2*longPatience)
	defer cancel()
	if err := s.forwardLoose(limited); err != nil {
		return err
	}
	return s.forwardCalls(limited)
}

// worthForwarding: there are tickets that the database may take. Those that it would not it is offered again from time to time.
func (s *Store) worthForwarding() bool {
	depth, _ := s.held.depth()
	s.mu.Lock()
	defer s.mu.Unlock()
	return depth > len(s.misfits) || depth > 0 && time.Since(s.offered) >= misfitPause
}

// forwardBatch moves some tickets after one, and returns the last of them; empty when there are no more.
func (s *Store) forwardBatch(ctx context.Context, after tickets.Number, limit int) (last tickets.Number, err error) {
	parcels, err := s.pack(ctx, after, limit)
	if err != nil || len(parcels) == 0 {
		return "", err
	}
	defer s.moving.clear()
	err = s.main.Import(ctx, parcels)
	switch {
	case err == nil:
		err = s.forget(ctx, parcels)
	case !isAway(err):
		err = s.importEach(ctx, parcels)
	}
	return parcels[len(parcels)-1].Ticket.Number, err
}

// pack decides what moves. From then on nobody begins to work on the notices of these tickets here.
func (s *Store) pack(ctx context.Context, after tickets.Number, limit int) ([]tickets.Parcel, error) {
	s.moving.gate.Lock()
	defer s.moving.gate.Unlock()
	parcels, err := s.local.Export(ctx, after, limit)
	if err == nil {
		s.moving.set(parcels)
	}
	return parcels, err
}

// importEach moves what can be moved of a batch in which something cannot.
func (s *Store) importEach(ctx context.Context, parcels []tickets.Parcel) error {
	for _, p := range parcels {
		one := []tickets.Parcel{p}
		err := s.main.Import(ctx, one)
		switch {
		case err == nil:
			err = s.forget(ctx, one)
		case !isAway(err):
			s.misfit(p.Ticket.Number, err)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// misfit notes a ticket that the database will not take: it stays here.
func (s *Store) misfit(number tickets.Number, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.misfits[number]; !known {
		s.log.Error("the database will not take a ticket: it stays in the spool", "ticket", number, "error", why)
	}
	s.misfits[number], s.offered = why, time.Now()
}

func (s *Store) forget(ctx context.Context, parcels []tickets.Parcel) error {
	kept, err := s.local.Forget(ctx, parcels)
	if err != nil {
		return err
	}
	stay := map[tickets.Number]bool{}
	for _, number := range kept {
		stay[number] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range parcels {
		if !stay[p.Ticket.Number] {
			s.held.remove(p.Ticket.Number)
			delete(s.misfits, p.Ticket.Number)
		}
	}
	return nil
}

// forwardLoose moves notices without ticket that are still to be worked; what is over is forgotten.
func (s *Store) forwardLoose(ctx context.Context) error {
	if s.loose.read() == 0 {
		return nil
	}
	loose, err := s.local.LooseNotices(ctx, batch)
	if err != nil || len(loose) == 0 {
		return err
	}
	var ids []string
	for _, n := range loose {
		if n.Working.After(time.Now()) {
			continue
		}
		if n.Open() {
			if err := s.main.Enqueue(ctx, n); err != nil {
				return err
			}
		}
		ids = append(ids, n.ID)
	}
	if err := s.local.ForgetNotices(ctx, ids); err != nil {
		return err
	}
	s.loose.add(-len(ids))
	return nil
}
