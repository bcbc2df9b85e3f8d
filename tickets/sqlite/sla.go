package sqlite

import (
	"context"

	"readback/tickets"
)

// Promises implements tickets.Reader.
func (s *Store) Promises(ctx context.Context, page tickets.PromisePage) ([]tickets.Promise, error) {
	at, number := page.Start()
	found, err := list(ctx, s.reader, scanPromise, promisesSQL, at.UnixMicro(), number, page.Until.UnixMicro(), tickets.Limit(page.Limit))
	if err != nil {
		return nil, failed("read how promises were kept", err)
	}
	return found, nil
}

func scanPromise(r row) (tickets.Promise, error) {
	var p tickets.Promise
	var noted string
	err := r.Scan(&p.Number, &p.Plan, &p.Priority, into(&p.Received), into(&p.Due), into(&p.Acknowledged), &p.AcknowledgedBy, into(&p.Alarmed), &noted)
	if err != nil {
		return p, err
	}
	return p, p.Recall(noted)
}
