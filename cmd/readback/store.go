package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"readback/config"
	"readback/tickets"
	"readback/tickets/postgres"
	"readback/tickets/sqlite"
)

// store is a ticket store whose tables can be brought up to date.
type store interface {
	tickets.Store
	Migrate(ctx context.Context) (applied int, err error)
	Pending(ctx context.Context) (int, error)
}

// openStore opens the configured database: PostgreSQL at store.url, else SQLite in the data directory.
func openStore(ctx context.Context, c *config.Config) (store, error) {
	if url := c.Store.URL.Reveal(); url != "" {
		return postgres.Open(ctx, url)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return sqlite.Open(ctx, filepath.Join(c.Data, "readback.db"))
}

// openMigrated opens the store for a command that reads or writes it, tables up to date. What a gateway here keeps in its spool
// is part of it.
func openMigrated(ctx context.Context, c *config.Config) (store, error) {
	if hasSpool(c) {
		return openSpooled(ctx, c, nil)
	}
	s, err := openStore(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := s.Migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("bringing the tables up to date: %w", err), s.Close())
	}
	return s, nil
}

// withStore runs a command on the configured store, tables up to date.
func (f configFlag) withStore(ctx context.Context, work func(*config.Config, store) error) error {
	c, err := f.load()
	if err != nil {
		return err
	}
	s, err := openMigrated(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(work(c, s), s.Close())
}

// pepper is the configured secret, or one made at the first use and kept in the data directory.
func pepper(c *config.Config) ([]byte, error) {
	if configured := c.Identify.Pepper.Reveal(); configured != "" {
		return []byte(configured), nil
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return tickets.LoadPepper(filepath.Join(c.Data, "pepper"))
}
