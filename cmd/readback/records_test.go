package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"readback/sip"
	"readback/tickets"
	"readback/tickets/sqlite"
)

// TestRecordsOfCallsThatEndTogether has two thousand calls end at once, on disk. Their records are stored by one writer, some
// at a time, and tickets come in between.
func TestRecordsOfCallsThatEndTogether(t *testing.T) {
	const calls, opened = 2000, 20
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "tickets.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	held := &heldStore{Store: store, t: t, midst: make(chan struct{}), goOn: make(chan struct{})}
	desk := &tickets.Desk{Store: held}
	var log lockedBuffer
	r := newRecords(desk, newTraces(nil, nil), newMetrics(), slog.New(slog.NewTextHandler(&log, nil)))
	stop := runRecords(t, r)
	var group sync.WaitGroup
	for i := range calls {
		group.Go(func() { r.keep(endedCall(i)) })
	}
	<-held.midst // a tenth is stored, the others wait
	if _, err := desk.Open(t.Context(), tickets.Request{CallKey: "in the midst"}); err != nil {
		t.Errorf("a ticket in the midst: %v", err)
	}
	if kept := held.kept.Load(); kept >= calls {
		t.Errorf("the ticket waited for %d records; want fewer than all", kept)
	}
	close(held.goOn)
	for i := range opened {
		group.Go(func() {
			if _, err := desk.Open(t.Context(), tickets.Request{CallKey: fmt.Sprint("beside-", i)}); err != nil {
				t.Errorf("a ticket beside the records: %v", err)
			}
		})
	}
	group.Wait()
	stop()
	if got := keptCalls(t, store); len(got) != calls {
		t.Errorf("%d of %d records are kept", len(got), calls)
	}
	if found, err := store.ListTickets(t.Context(), tickets.TicketPage{}); len(found) != 1+opened || err != nil {
		t.Errorf("%d tickets, %v; want %d", len(found), err, 1+opened)
	}
	if log.String() != "" {
		t.Errorf("the log has\n%s", &log)
	}
}

// heldStore stops at its third batch of call records until it may go on. Batches must be small, and come one at a time.
type heldStore struct {
	tickets.Store
	t           *testing.T
	busy        atomic.Bool
	batches     int
	kept        atomic.Int64
	midst, goOn chan struct{}
}

func (h *heldStore) PutCalls(ctx context.Context, records []tickets.CallRecord) error {
	if !h.busy.CompareAndSwap(false, true) {
		h.t.Error("two transactions with call records at once")
	}
	defer h.busy.Store(false)
	if len(records) > recordBatch {
		h.t.Errorf("%d records in one transaction, want at most %d", len(records), recordBatch)
	}
	if h.batches++; h.batches == 3 {
		close(h.midst)
		<-h.goOn
	}
	err := h.Store.PutCalls(ctx, records)
	h.kept.Add(int64(len(records)))
	return err
}

// keptCalls are the keys of all call records.
func keptCalls(t *testing.T, store tickets.Store) map[string]bool {
	t.Helper()
	kept := map[string]bool{}
	for page := (tickets.CallPage{}); ; {
		found, err := store.ListCalls(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			return kept
		}
		for _, record := range found {
			kept[record.CallKey] = true
		}
		page.Before = found[len(found)-1].Started
	}
}

// TestRecordsWhileTheStoreIsAway: records wait for it, and none is lost. The log tells once.
func TestRecordsWhileTheStoreIsAway(t *testing.T) {
	for name, test := range map[string]struct {
		away    time.Duration // from when the calls end
		open    time.Duration // the gateway is closed after this
		backlog int
		kept    int // the others are in the log
		spells  int
	}{
		"not at all":                      {0, time.Hour, recordBacklog, 250, 0},
		"for a moment":                    {time.Millisecond, time.Hour, recordBacklog, 250, 1},
		"for long":                        {50 * time.Minute, time.Hour, recordBacklog, 250, 1},
		"with more calls than find room":  {50 * time.Second, time.Hour, 10, 250, 1},
		"with more than find room, long":  {2 * time.Minute, time.Hour, 10, 11, 1},
		"when the gateway closes":         {10 * time.Second, time.Second, recordBacklog, 250, 1},
		"when the gateway closes, longer": {time.Hour, time.Second, recordBacklog, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &absentStore{back: time.Now().Add(test.away), kept: map[string]int{}}
				var log lockedBuffer
				r := newRecords(&tickets.Desk{Store: store}, newTraces(nil, nil), newMetrics(), slog.New(slog.NewJSONHandler(&log, nil)))
				r.served = make(chan *tickets.CallRecord, test.backlog)
				stop := runRecords(t, r)
				var calls sync.WaitGroup
				r.keep(endedCall(0)) // a batch of its own
				synctest.Wait()
				for i := range 249 {
					calls.Go(func() { r.keep(endedCall(i + 1)) })
				}
				calls.Wait() // as the user agent does before it closes
				time.Sleep(test.open)
				stop()
				told, spells := toldRecords(t, &log)
				if len(store.kept) != test.kept || len(told) != 250-test.kept || counted(t, r.metrics, "readback_call_records_logged_total") != float64(len(told)) {
					t.Errorf("%d records are kept, %d in the log; want %d kept and the others in the log", len(store.kept), len(told), test.kept)
				}
				if all := slices.Concat(slices.Collect(maps.Keys(store.kept)), told); len(slices.Compact(slices.Sorted(slices.Values(all)))) != 250 {
					t.Errorf("%d records are there, kept %v, in the log %v; want 250, each once", len(all), store.kept, told)
				}
				if spells != test.spells {
					t.Errorf("the log tells %d times that the store is away, want %d:\n%s", spells, test.spells, &log)
				}
			})
		})
	}
}

// absentStore takes call records from a time on; before, it fails at once.
type absentStore struct {
	tickets.Store
	back time.Time
	kept map[string]int
}

func (s *absentStore) PutCalls(_ context.Context, records []tickets.CallRecord) error {
	if time.Now().Before(s.back) {
		return fmt.Errorf("connection refused: %w", tickets.ErrUnavailable)
	}
	for _, record := range records {
		s.kept[record.CallKey]++
	}
	return nil
}

// toldRecords are the keys of the records that a log has in full, and how often it tells that the store is away.
func toldRecords(t *testing.T, log *lockedBuffer) (told []string, spells int) {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(log.String()))
	for lines.Scan() {
		var line struct {
			Msg, Error string
			Record     *tickets.CallRecord
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		if strings.HasPrefix(line.Msg, "call records cannot be stored now") {
			spells++
		}
		if line.Record == nil {
			continue
		}
		if i := len(told); line.Error == "" || line.Record.Reason != "goodbye" || line.Record.Ended.IsZero() {
			t.Errorf("record %d of the log is not whole: %s", i, lines.Text())
		}
		told = append(told, line.Record.CallKey)
	}
	return told, spells
}

// A record that no store can take is told in full, and the next one is stored.
func TestRecordsThatNoStoreTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &absentStore{kept: map[string]int{}}
		var log lockedBuffer
		r := newRecords(&tickets.Desk{Store: store}, newTraces(nil, nil), newMetrics(), slog.New(slog.NewJSONHandler(&log, nil)))
		stop := runRecords(t, r)
		bad := endedCall(0)
		bad.CallKey = ""
		r.keep(bad)
		synctest.Wait()
		r.keep(endedCall(1))
		stop()
		if told, spells := toldRecords(t, &log); len(told) != 1 || spells != 0 || len(store.kept) != 1 {
			t.Errorf("kept %v, in the log %q; want one each:\n%s", store.kept, told, &log)
		}
	})
}

// Records of refused calls are bounded in time and in number; the others are counted.
func TestRecordsOfRefusedCalls(t *testing.T) {
	for name, test := range map[string]struct{ calls, backlog, kept int }{
		"few":         {50, 1000, 50},
		"too fast":    {300, 1000, refusalsPerSecond},
		"no room":     {50, 10, 10},
		"neither one": {300, 10, 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &absentStore{kept: map[string]int{}}
				r := newRecords(&tickets.Desk{Store: store}, newTraces(nil, nil), newMetrics(), slog.New(slog.DiscardHandler))
				r.refused = make(chan *tickets.CallRecord, test.backlog)
				for range test.calls {
					r.observe(sip.Event{Kind: sip.Refused, Method: "INVITE", Status: 403, Rule: "rate", At: time.Now()})
				}
				runRecords(t, r)()
				if got := int(counted(t, r.metrics, "readback_refusals_unrecorded_total")); len(store.kept) != test.kept || got != test.calls-test.kept {
					t.Errorf("%d of %d are kept and %d counted; want %d and the others counted", len(store.kept), test.calls, got, test.kept)
				}
			})
		})
	}
}

// runRecords stores records until the function that it returns has been called and has waited for it.
func runRecords(t *testing.T, r *records) (stop func()) {
	ctx, cancel := context.WithCancelCause(t.Context())
	var group sync.WaitGroup
	group.Go(func() { r.run(ctx) })
	return func() {
		cancel(errors.New("the test is over"))
		group.Wait()
	}
}

func endedCall(i int) tickets.CallRecord {
	started := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Millisecond)
	return tickets.CallRecord{
		CallKey: fmt.Sprint("call-", i), Trunk: "carrier", Disposition: tickets.DispositionCompleted, Reason: "goodbye", Status: 200,
		Started: started, Answered: started.Add(time.Second), Ended: started.Add(time.Minute),
	}
}
