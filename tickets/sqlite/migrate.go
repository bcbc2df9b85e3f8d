package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"readback/tickets"
)

//go:embed migrations
var migrations embed.FS

const migrationTable = "readback_migrations"

// Migrate brings the schema up to date and returns how many migrations that took. It fails with ErrInvalid when the schema is
// from a later version of the program.
func (s *Store) Migrate(ctx context.Context) (applied int, err error) {
	provider, err := s.provider(ctx)
	if err != nil {
		return 0, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return len(results), failed("migrate the ticket store", err)
	}
	return len(results), s.seal(ctx)
}

// Pending is how many migrations are still to be applied.
func (s *Store) Pending(ctx context.Context) (int, error) {
	provider, err := s.provider(ctx)
	if err != nil {
		return 0, err
	}
	states, err := provider.Status(ctx)
	if err != nil {
		return 0, failed("look for migrations", err)
	}
	pending := 0
	for _, state := range states {
		if state.State == goose.StatePending {
			pending++
		}
	}
	return pending, nil
}

func (s *Store) provider(ctx context.Context) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, failed("read migrations", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.writer, files,
		goose.WithTableName(migrationTable), goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(jobsMigration()))
	if err != nil {
		return nil, failed("read migrations", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return nil, failed("read the version of the ticket store", err)
	}
	if current > target {
		return nil, fmt.Errorf("the ticket store has schema %d, this program knows %d: %w: use the version of readback that made it, or a later one",
			current, target, tickets.ErrInvalid)
	}
	return provider, nil
}
