package sqlite

import (
	"fmt"
	"time"
)

// us is a time as a column holds it: microseconds since 1970, or null for the zero time.
func us(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// into scans such a column.
func into(t *time.Time) column { return column{t} }

type column struct{ t *time.Time }

// Scan implements sql.Scanner.
func (c column) Scan(source any) error {
	switch value := source.(type) {
	case nil:
		*c.t = time.Time{}
	case int64:
		*c.t = time.UnixMicro(value).UTC()
	default:
		return fmt.Errorf("a time is %T in the database, not an integer", source)
	}
	return nil
}
