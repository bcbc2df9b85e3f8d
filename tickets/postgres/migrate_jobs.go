package postgres

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// River's tables come with ours, under one version and one lock. A later River brings tables of a later version: then there is
// one more migration here.
const (
	migrationOfJobs = 5
	riverTables     = 8
)

// jobsMigration runs outside a transaction: River adds a value to an enum and uses it, for which PostgreSQL wants a commit
// between. Each of River's steps is a transaction, so it goes on from where it was killed.
func jobsMigration(config *pgxpool.Config) *goose.Migration {
	return goose.NewGoMigration(migrationOfJobs, &goose.GoFunc{RunDB: func(ctx context.Context, _ *sql.DB) error {
		pool, err := pgxpool.NewWithConfig(ctx, config)
		if err != nil {
			return err
		}
		defer pool.Close()
		migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: riverTables})
		return errors.Join(err, ctx.Err())
	}}, nil)
}
