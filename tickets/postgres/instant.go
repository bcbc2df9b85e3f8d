package postgres

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// when is a time as a column holds it: null for the zero time.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// into scans such a column as UTC.
func into(t *time.Time) *column { return &column{t} }

type column struct{ t *time.Time }

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (c *column) ScanTimestamptz(v pgtype.Timestamptz) error {
	*c.t = time.Time{}
	if v.Valid {
		*c.t = v.Time.UTC()
	}
	return nil
}
