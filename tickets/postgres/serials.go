package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

// LeaseSerials implements tickets.Serials.
func (s *Store) LeaseSerials(ctx context.Context, node string, count int64, at time.Time) (tickets.Lease, error) {
	if count == 0 {
		return s.identity(ctx)
	}
	lease := tickets.Lease{Count: count}
	err := s.write(ctx, "lease ticket numbers", func(tx pgx.Tx) error {
		ok, err := found(tx.QueryRow(ctx, serialsTakeSQL, count, int64(tickets.MaxSerials)).Scan(&lease.Store, &lease.First))
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("all %d are given out: %w", tickets.MaxSerials, tickets.ErrNoNumbers)
		}
		_, err = tx.Exec(ctx, leasePutSQL, lease.First, count, node, at)
		return err
	})
	if err != nil {
		return tickets.Lease{}, err
	}
	return lease, nil
}

func (s *Store) identity(ctx context.Context) (tickets.Lease, error) {
	var lease tickets.Lease
	if err := s.pool.QueryRow(ctx, serialsStoreSQL).Scan(&lease.Store); err != nil {
		return tickets.Lease{}, failed("read the store's identity", err)
	}
	return lease, nil
}
