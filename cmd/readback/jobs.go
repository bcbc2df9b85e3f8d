package main

import (
	"context"
	"sync"

	"readback/tickets/jobs"
	"readback/tickets/postgres"
	"readback/tickets/sqlite"
)

// runners work the outbox: one for each database in which this gateway has tickets.
func (s *server) runners() (all []*jobs.Runner, err error) {
	config := jobs.Config{Node: s.config.Node, Log: s.log}
	add := func(runner *jobs.Runner, failure error) {
		all = append(all, runner)
		if failure != nil {
			err = failure
		}
	}
	switch store := s.store.(type) {
	case *spooled:
		add(jobs.New(store.database.River(), store.database, s.clerk, config))
		add(jobs.New(store.local.River(), store.local, s.clerk, config))
	case *postgres.Store:
		add(jobs.New(store.River(), store, s.clerk, config))
	case *sqlite.Store:
		add(jobs.New(store.River(), store, s.clerk, config))
	}
	return all, err
}

// work works the outbox until ctx ends.
func (s *server) work(ctx context.Context) {
	runners, err := s.runners()
	if err != nil {
		s.log.Error("nothing is sent, called or raised", "error", err)
		return
	}
	var group sync.WaitGroup
	defer group.Wait()
	for _, runner := range runners {
		group.Go(func() {
			if err := runner.Run(ctx); err != nil {
				s.log.Error("the gateway stops while something is being sent", "error", err)
			}
		})
	}
}
