package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"readback/tickets"
)

// Codes of PostgreSQL errors (PostgreSQL 15 documentation, appendix A).
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	undefinedTable       = "42P01"
	readOnlyTransaction  = "25006"
	dataException        = "22" // a class
	integrityViolation   = "23" // a class
)

// failed says what was being done, as one of the kinds of package tickets. What it has no better kind for is ErrUnavailable: of a
// database that failed, nothing is known.
func failed(what string, err error) error {
	if known(err) {
		return fmt.Errorf("%s: %w", what, err)
	}
	if code(err) == undefinedTable {
		return fmt.Errorf("%s: %w: %w; run readback migrate", what, tickets.ErrUnavailable, err)
	}
	if class := code(err); strings.HasPrefix(class, dataException) || strings.HasPrefix(class, integrityViolation) {
		return fmt.Errorf("%s: %w: %w", what, tickets.ErrInvalid, err)
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

// isUndone reports whether the server rolled the transaction back because of another one.
func isUndone(err error) bool {
	return code(err) == serializationFailure || code(err) == deadlockDetected
}

func code(err error) string {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		return failure.Code
	}
	return ""
}
