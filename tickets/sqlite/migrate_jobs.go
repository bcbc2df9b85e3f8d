package sqlite

import (
	"context"
	"database/sql"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// River's tables come with ours, under one version and one lock. A later River brings tables of a later version: then there is
// one more migration here.
const (
	migrationOfJobs = 5
	riverTables     = 8
)

func jobsMigration() *goose.Migration {
	return goose.NewGoMigration(migrationOfJobs, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		migrator, err := rivermigrate.New(riversqlite.New(nil), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		//nolint:staticcheck // the advice against it is for PostgreSQL's enums; here one connection writes, and goose holds it
		_, err = migrator.MigrateTx(ctx, tx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: riverTables})
		return err
	}}, nil)
}
