package sqlite

import (
	"context"
	"database/sql"
	"math"
	"strings"
	"time"

	"readback/tickets"
)

// pastKeys makes the end of a prefix: call keys are made of characters before it.
const pastKeys = "\x7f"

// PutCalls implements tickets.Calls.
func (s *Store) PutCalls(ctx context.Context, records []tickets.CallRecord) error {
	if len(records) == 0 {
		return nil
	}
	return s.write(ctx, "keep call records", func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, callPutSQL)
		if err != nil {
			return err
		}
		defer put.Close()
		for _, record := range records {
			if err := putCall(ctx, put, record); err != nil {
				return err
			}
		}
		return nil
	})
}

func putCall(ctx context.Context, put *sql.Stmt, c tickets.CallRecord) error {
	_, err := put.ExecContext(ctx,
		c.ID, c.CallKey, c.SIPCallID, c.Trunk, c.From, c.Called, c.Disposition, c.Reason, c.Status, c.Ticket, c.Account, c.Language, c.Keys, c.Codec,
		c.Sent, c.Received, c.Lost, c.Jitter, us(c.Started), us(c.Answered), us(c.Ended),
		c.Encryption, c.IO, c.Ptime, c.Reordered, c.Gaps, c.RemoteLost, c.RemoteJitter, c.RoundTrip, c.MOS, c.OneWay,
		c.Node, c.Rule, c.Source, c.Transport, c.Dialled, c.EndedBy, c.EndReason, c.Attestation, c.AttestationReason, c.OriginalCalled, c.Direction)
	return err
}

// ListCalls implements tickets.Calls.
func (s *Store) ListCalls(ctx context.Context, page tickets.CallPage) ([]tickets.CallRecord, error) {
	before := int64(math.MaxInt64)
	if !page.Before.IsZero() {
		before = page.Before.UnixMicro()
	}
	query, args := callsListSQL, []any{before, page.Disposition, page.Trunk, tickets.Limit(page.Limit)}
	switch {
	case page.CallKey != "":
		query, args = callsOfKeySQL, append([]any{page.CallKey}, args...)
	case page.Reference != "":
		key := strings.ToUpper(page.Reference)
		query, args = callsFindSQL, []any{key, key + pastKeys, page.Reference, tickets.Limit(page.Limit)}
	}
	found, err := list(ctx, s.reader, scanCall, query, args...)
	if err != nil {
		return nil, failed("list calls", err)
	}
	return found, nil
}

// PruneCalls implements tickets.Calls.
func (s *Store) PruneCalls(ctx context.Context, before time.Time) (int64, error) {
	return s.prune(ctx, "forget old calls", callsPruneSQL, before)
}

func scanCall(r row) (tickets.CallRecord, error) {
	var c tickets.CallRecord
	err := r.Scan(&c.ID, &c.CallKey, &c.SIPCallID, &c.Trunk, &c.From, &c.Called, &c.Disposition, &c.Reason, &c.Status, &c.Ticket, &c.Account, &c.Language,
		&c.Keys, &c.Codec, &c.Sent, &c.Received, &c.Lost, &c.Jitter, into(&c.Started), into(&c.Answered), into(&c.Ended),
		&c.Encryption, &c.IO, &c.Ptime, &c.Reordered, &c.Gaps, &c.RemoteLost, &c.RemoteJitter, &c.RoundTrip, &c.MOS, &c.OneWay,
		&c.Node, &c.Rule, &c.Source, &c.Transport, &c.Dialled, &c.EndedBy, &c.EndReason, &c.Attestation, &c.AttestationReason, &c.OriginalCalled, &c.Direction)
	return c, err
}
