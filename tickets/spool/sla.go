package spool

import (
	"cmp"
	"context"
	"slices"

	"readback/tickets"
)

// Promises implements tickets.Reader. It fails when the database is away: half a report is none. The spool is read first, so that
// a ticket that is forwarded meanwhile is in one of the two at least; one that is in both counts as the spool has it.
func (s *Store) Promises(ctx context.Context, page tickets.PromisePage) ([]tickets.Promise, error) {
	var found []tickets.Promise
	if !s.held.empty() {
		var err error
		if found, err = s.local.Promises(ctx, page); err != nil {
			return nil, err
		}
	}
	there, err := ask(ctx, s, longPatience, func(ctx context.Context) ([]tickets.Promise, error) { return s.main.Promises(ctx, page) })
	if err != nil || len(found) == 0 {
		return there, err
	}
	found = append(found, there...)
	slices.SortStableFunc(found, byReceipt)
	found = slices.CompactFunc(found, func(a, b tickets.Promise) bool { return byReceipt(a, b) == 0 })
	return found[:min(tickets.Limit(page.Limit), len(found))], nil
}

// byReceipt is the order of reports.
func byReceipt(a, b tickets.Promise) int {
	return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.Number, b.Number))
}
