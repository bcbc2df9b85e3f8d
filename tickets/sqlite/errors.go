package sqlite

import (
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"readback/tickets"
)

// failed says what was being done, as one of the kinds of package tickets. What it has no better kind for is ErrUnavailable: of a
// database that failed, nothing is known.
func failed(what string, err error) error {
	if known(err) {
		return fmt.Errorf("%s: %w", what, err)
	}
	if isMissingTable(err) {
		return fmt.Errorf("%s: %w: %w; run readback migrate", what, tickets.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w: %w", what, tickets.ErrUnavailable, err)
}

func known(err error) bool {
	for _, kind := range []error{tickets.ErrNotFound, tickets.ErrInvalid, tickets.ErrNumberTaken, tickets.ErrNoNumbers, tickets.ErrClosed, tickets.ErrUnavailable} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// isDuplicate reports whether a row broke a primary key or a unique index.
func isDuplicate(err error) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	return ok && (failure.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY || failure.Code() == lib.SQLITE_CONSTRAINT_UNIQUE)
}

func isMissingTable(err error) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	return ok && failure.Code() == lib.SQLITE_ERROR && strings.Contains(failure.Error(), "no such table")
}
