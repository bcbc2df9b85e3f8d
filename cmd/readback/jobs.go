package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"readback/tickets/jobs"
	"readback/tickets/postgres"
	"readback/tickets/sqlite"
)

// runners work the outbox: one for each database in which this gateway has tickets.
func (s *server) runners() ([]*jobs.Runner, error) {
	config := jobs.Config{Node: s.config.Node, Log: s.log}
	switch store := s.store.(type) {
	case *spooled:
		database, err := jobs.New(store.database.River(), store.database, s.clerk, config)
		local, localErr := jobs.New(store.local.River(), store.local, s.clerk, config)
		return []*jobs.Runner{database, local}, errors.Join(err, localErr)
	case *postgres.Store:
		runner, err := jobs.New(store.River(), store, s.clerk, config)
		return []*jobs.Runner{runner}, err
	case *sqlite.Store:
		runner, err := jobs.New(store.River(), store, s.clerk, config)
		return []*jobs.Runner{runner}, err
	}
	return nil, fmt.Errorf("a store of type %T has no jobs", s.store)
}

// work works the outbox until ctx ends.
func (s *server) work(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	for _, runner := range s.jobs {
		group.Go(func() {
			if err := runner.Run(ctx); err != nil {
				s.log.Error("the gateway stops while something is being sent", "error", err)
			}
		})
	}
}
