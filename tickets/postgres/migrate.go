package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	session "github.com/pressly/goose/v3/lock"

	"readback/tickets"
)

//go:embed migrations
var migrations embed.FS

const (
	migrationTable = "readback_migrations"
	oldestServer   = 150000 // server_version_num
)

// Migrate brings the schema up to date and returns how many migrations that took. Gateways that migrate at the same time wait for
// one another. It fails with ErrInvalid when the server is older than 15 or the schema is from a later version of the program.
func (s *Store) Migrate(ctx context.Context) (applied int, err error) {
	err = s.withMigrations(ctx, func(provider *goose.Provider) error {
		results, err := provider.Up(ctx)
		applied = len(results)
		if err != nil {
			return failed("migrate the ticket store", err)
		}
		return s.seal(ctx)
	})
	return applied, err
}

// Pending is how many migrations are still to be applied.
func (s *Store) Pending(ctx context.Context) (pending int, err error) {
	err = s.withMigrations(ctx, func(provider *goose.Provider) error {
		states, err := provider.Status(ctx)
		if err != nil {
			return failed("look for migrations", err)
		}
		for _, state := range states {
			if state.State == goose.StatePending {
				pending++
			}
		}
		return nil
	})
	return pending, err
}

// withMigrations works on a connection of its own, where a statement may take as long as it needs.
func (s *Store) withMigrations(ctx context.Context, work func(*goose.Provider) error) (err error) {
	pool := s.pool.Config()
	config := pool.ConnConfig
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["lock_timeout"] = "0"
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := checkServer(ctx, db); err != nil {
		return err
	}
	provider, err := newProvider(db, pool)
	if err != nil {
		return failed("read migrations", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return failed("read the version of the ticket store", err)
	}
	if current > target {
		return fmt.Errorf("the ticket store has schema %d, this program knows %d: %w: use the version of readback that made it, or a later one",
			current, target, tickets.ErrInvalid)
	}
	return work(provider)
}

func newProvider(db *sql.DB, pool *pgxpool.Config) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	locker, err := session.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(migrationTable), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(jobsMigration(pool)))
}

func checkServer(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "select current_setting('server_version_num')::integer").Scan(&version); err != nil {
		return failed("reach the ticket store", err)
	}
	if version < oldestServer {
		return fmt.Errorf("the ticket store is PostgreSQL %d: %w: use 15 or later", version/10000, tickets.ErrInvalid)
	}
	return nil
}
