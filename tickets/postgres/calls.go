package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

// endOfTime is later than any call.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// pastKeys makes the end of a prefix: call keys are made of characters before it.
const pastKeys = "\x7f"

// PutCalls implements tickets.Calls.
func (s *Store) PutCalls(ctx context.Context, records []tickets.CallRecord) error {
	if len(records) == 0 {
		return nil
	}
	return s.write(ctx, "keep call records", func(tx pgx.Tx) error {
		var batch pgx.Batch
		for _, record := range records {
			putCall(&batch, record)
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
}

func putCall(batch *pgx.Batch, c tickets.CallRecord) {
	exec(batch, callPutSQL,
		c.ID, c.CallKey, c.SIPCallID, c.Trunk, c.From, c.Called, c.Disposition, c.Reason, c.Status, string(c.Ticket), c.Account, c.Language, c.Keys, c.Codec,
		c.Sent, c.Received, c.Lost, c.Jitter.Nanoseconds(), when(c.Started), when(c.Answered), when(c.Ended),
		c.Encryption, c.IO, c.Ptime.Nanoseconds(), c.Reordered, c.Gaps, c.RemoteLost, c.RemoteJitter.Nanoseconds(), c.RoundTrip.Nanoseconds(), c.MOS, c.OneWay,
		c.Node, c.Rule, c.Source, c.Transport, c.Dialled, c.EndedBy, c.EndReason, c.Attestation, c.AttestationReason, c.OriginalCalled, c.Direction)
}

// ListCalls implements tickets.Calls.
func (s *Store) ListCalls(ctx context.Context, page tickets.CallPage) ([]tickets.CallRecord, error) {
	before := page.Before
	if before.IsZero() {
		before = endOfTime
	}
	query, args := callsListSQL, []any{before, page.Disposition, page.Trunk, tickets.Limit(page.Limit)}
	switch {
	case page.CallKey != "":
		query, args = callsOfKeySQL, append([]any{page.CallKey}, args...)
	case page.Reference != "":
		key := strings.ToUpper(page.Reference)
		query, args = callsFindSQL, []any{key, key + pastKeys, page.Reference, tickets.Limit(page.Limit)}
	}
	all, err := list(ctx, s.pool, scanCall, query, args...)
	if err != nil {
		return nil, failed("list calls", err)
	}
	return all, nil
}

// PruneCalls implements tickets.Calls.
func (s *Store) PruneCalls(ctx context.Context, before time.Time) (int64, error) {
	return s.prune(ctx, "forget old calls", callsPruneSQL, before)
}

func scanCall(r row) (tickets.CallRecord, error) {
	var c tickets.CallRecord
	err := r.Scan(&c.ID, &c.CallKey, &c.SIPCallID, &c.Trunk, &c.From, &c.Called, &c.Disposition, &c.Reason, &c.Status, &c.Ticket, &c.Account, &c.Language,
		&c.Keys, &c.Codec, &c.Sent, &c.Received, &c.Lost, ns(&c.Jitter), into(&c.Started), into(&c.Answered), into(&c.Ended),
		&c.Encryption, &c.IO, ns(&c.Ptime), &c.Reordered, &c.Gaps, &c.RemoteLost, ns(&c.RemoteJitter), ns(&c.RoundTrip), &c.MOS, &c.OneWay,
		&c.Node, &c.Rule, &c.Source, &c.Transport, &c.Dialled, &c.EndedBy, &c.EndReason, &c.Attestation, &c.AttestationReason, &c.OriginalCalled, &c.Direction)
	return c, err
}

// ns scans a number of nanoseconds.
func ns(d *time.Duration) *int64 { return (*int64)(d) }
