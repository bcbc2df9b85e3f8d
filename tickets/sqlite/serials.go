package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"readback/tickets"
)

// LeaseSerials implements tickets.Serials.
func (s *Store) LeaseSerials(ctx context.Context, node string, count int64, at time.Time) (tickets.Lease, error) {
	if count == 0 {
		return s.identity(ctx)
	}
	lease := tickets.Lease{Count: count}
	err := s.write(ctx, "lease ticket numbers", func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, serialsTakeSQL, count, tickets.MaxSerials).Scan(&lease.Store, &lease.First)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("all %d are given out: %w", tickets.MaxSerials, tickets.ErrNoNumbers)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, leasePutSQL, lease.First, count, node, us(at))
		return err
	})
	if err != nil {
		return tickets.Lease{}, err
	}
	return lease, nil
}

func (s *Store) identity(ctx context.Context) (tickets.Lease, error) {
	var lease tickets.Lease
	if err := s.reader.QueryRowContext(ctx, serialsStoreSQL).Scan(&lease.Store); err != nil {
		return tickets.Lease{}, failed("read the store's identity", err)
	}
	return lease, nil
}
