package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"readback/tickets"
)

const (
	// recordBatch is how many call records are stored in one transaction at most: a ticket may have to wait for it.
	recordBatch = 100
	// recordBacklog is how many records of served calls wait in memory, for a busy store or one that is away.
	recordBacklog = 10_000
	// recordPatience bounds one attempt. Between attempts is retryPause, doubling up to retryPauseMax.
	recordPatience = 10 * time.Second
	retryPause     = 100 * time.Millisecond
	retryPauseMax  = 2 * time.Second
	// roomPatience is how long a call that is over waits for room in the backlog.
	roomPatience = time.Minute
	// closingPatience bounds the storing of what is left when the last call is over.
	closingPatience = 15 * time.Second
)

// Why a call record is in the log and not in the store.
var (
	errNoRoom  = errors.New("too many call records wait for the store")
	errTooLate = errors.New("the gateway closes and the store could not take it in time")
)

// records keeps the call records of everybody: one goroutine stores them, many in a transaction, so that thousands of
// calls that end together take little of the store's time, and a ticket waits for few of them.
type records struct {
	desk    *tickets.Desk
	traces  *traces
	metrics *metrics
	log     *slog.Logger
	served  chan *tickets.CallRecord // of calls that were answered here, or tried to be: none may be lost
	refused chan *tickets.CallRecord // of calls that the user agent refused: what does not fit is only counted
	limit   *rate.Limiter            // of refused
}

func newRecords(desk *tickets.Desk, t *traces, m *metrics, log *slog.Logger) *records {
	return &records{
		desk: desk, traces: t, metrics: m, log: log,
		served:  make(chan *tickets.CallRecord, recordBacklog),
		refused: make(chan *tickets.CallRecord, refusalBacklog),
		limit:   rate.NewLimiter(refusalsPerSecond, refusalsPerSecond),
	}
}

// keep hands in the record of a call that was served. It waits while there is no room; what finds none goes to the log.
func (r *records) keep(record tickets.CallRecord) {
	select {
	case r.served <- &record:
	case <-time.After(roomPatience):
		r.tell(errNoRoom, record)
	}
}

// run stores records until ctx ends, and then, for a limited time, what was handed in before.
func (r *records) run(ctx context.Context) {
	limit, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(closingPatience, func() { cancel(errTooLate) })
	})()
	for {
		batch := r.take(ctx)
		if len(batch) == 0 {
			return
		}
		if err := r.store(limit, batch); err != nil {
			r.tell(err, batch...)
		}
	}
}

// take waits for a record and returns it with those that wait behind it; none when ctx has ended and nothing is left.
func (r *records) take(ctx context.Context) []tickets.CallRecord {
	var batch []tickets.CallRecord
	select {
	case record := <-r.served:
		batch = append(batch, *record)
	case record := <-r.refused:
		batch = append(batch, *record)
	case <-ctx.Done():
	}
	for len(batch) < recordBatch {
		select {
		case record := <-r.served:
			batch = append(batch, *record)
		case record := <-r.refused:
			batch = append(batch, *record)
		default:
			return batch
		}
	}
	return batch
}

// store tries until ctx ends. Trying again is safe, also when an attempt succeeded without our knowing: a record is kept once.
func (r *records) store(ctx context.Context, batch []tickets.CallRecord) error {
	err := r.try(ctx, batch)
	if !errors.Is(err, tickets.ErrUnavailable) {
		return err
	}
	r.log.Error("call records cannot be stored now; they wait in memory", "error", err)
	for pause := retryPause; errors.Is(err, tickets.ErrUnavailable); pause = min(2*pause, retryPauseMax) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
		err = r.try(ctx, batch)
	}
	if err == nil {
		r.log.Info("call records are stored again", "waiting", len(r.served)+len(r.refused))
	}
	return err
}

func (r *records) try(ctx context.Context, batch []tickets.CallRecord) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, recordPatience)
	defer cancel()
	return r.desk.Record(ctx, batch...)
}

// tell puts records into the log in full that could not be stored.
func (r *records) tell(why error, batch ...tickets.CallRecord) {
	for _, record := range batch {
		r.metrics.logged.Inc()
		whole, err := json.Marshal(record)
		r.log.Error("a call record could not be stored, here it is", "call_id", record.CallKey,
			"record", json.RawMessage(whole), "error", errors.Join(why, err))
	}
}

// tidyPeriod is how often what is too old is removed.
const tidyPeriod = time.Hour
