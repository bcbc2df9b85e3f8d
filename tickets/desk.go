package tickets

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// A Desk takes tickets. Store is needed, and Pepper to check PINs; the rest has useful zero values. A Desk must not be
// copied once it is in use.
type Desk struct {
	Store    Store
	Policy   Policy           // without plans: DefaultPolicy
	Pepper   []byte           // from LoadPepper
	Cost     Cost             // of PIN hashes; zero is the standard one
	Node     string           // this gateway's name, in leases and events; empty means "readback"
	Numbers  *Numbers         // nil: leases are kept in memory only, and lost at a restart
	Now      func() time.Time // nil: time.Now
	Mail     bool             // e-mail is configured
	CallBack bool             // calling back is configured
	Paging   bool             // there are engineers to be woken
	Publish  bool             // other programs want to know of every event
	Hours    Hours            // of those who work on tickets; nil: at any time
	Log      *slog.Logger     // nil: silent
	// Observe, when set, is told of lock-outs, to be counted. It must not block.
	Observe func(Sighting)
	// Region, when set, is the country of a number that was called (E.164), ISO 3166.
	Region func(called string) string
	// Transcribe: a machine writes recordings down.
	Transcribe bool

	once   sync.Once
	policy Policy
	*shared
}

// shared is what desks of one gateway have in common.
type shared struct {
	hasher    *Hasher
	hasherErr error
	numbers   *Numbers
	pending   reserved
	bulletin  bulletin
}

func (d *Desk) init() {
	d.once.Do(func() {
		d.policy = d.Policy
		if len(d.policy.Plans) == 0 {
			d.policy = DefaultPolicy()
		}
		if d.shared != nil {
			return
		}
		d.shared = &shared{numbers: d.Numbers}
		d.hasher, d.hasherErr = NewHasher(d.Pepper, d.Cost)
		if d.numbers == nil {
			d.numbers = NewNumbers(d.node(), d.Store, nil)
		}
	})
}

// With is the desk under another policy, for tickets to come: it gives out the same numbers and goes on with what is
// under way. What the desk itself does stays as it is.
func (d *Desk) With(policy Policy) *Desk {
	d.init()
	return &Desk{
		Store: d.Store, Policy: policy, Pepper: d.Pepper, Cost: d.Cost, Node: d.Node, Numbers: d.Numbers, Now: d.Now,
		Mail: d.Mail, CallBack: d.CallBack, Paging: d.Paging, Publish: d.Publish, Hours: d.Hours, Log: d.Log, Observe: d.Observe, Region: d.Region, Transcribe: d.Transcribe, shared: d.shared,
	}
}

// Plan is what an account bought. An account whose plan the policy no longer knows is served by phone.
func (d *Desk) Plan(a Account) Plan {
	d.init()
	return d.policy.planOf(a)
}

// Hash makes the stored form of a PIN for PutAccounts.
func (d *Desk) Hash(ctx context.Context, pin PIN) (string, error) {
	d.init()
	if d.hasherErr != nil {
		return "", d.hasherErr
	}
	return d.hasher.Hash(ctx, pin)
}

// Record keeps the records of calls, each once: all of them or none, in one transaction.
func (d *Desk) Record(ctx context.Context, records ...CallRecord) error {
	fit := make([]CallRecord, len(records))
	for i, record := range records {
		record, err := record.bounded()
		if err != nil {
			return fmt.Errorf("keep call records: %w", err)
		}
		if record.Started.IsZero() {
			record.Started = d.now()
		}
		fit[i] = record
	}
	return d.Store.PutCalls(ctx, fit)
}

// Tidy forgets call records older than keep, and wrong PINs that no longer count. It returns how many call records went.
func (d *Desk) Tidy(ctx context.Context, keep time.Duration) (int64, error) {
	d.init()
	now := d.now()
	if _, err := prune(ctx, d.Store.PruneAttempts, now.Add(-d.policy.Lockout.memory())); err != nil {
		return 0, err
	}
	return prune(ctx, d.Store.PruneCalls, now.Add(-keep))
}

// prune goes on until nothing that old is left.
func prune(ctx context.Context, some func(context.Context, time.Time) (int64, error), before time.Time) (int64, error) {
	var all int64
	for {
		gone, err := some(ctx, before)
		all += gone
		if err != nil || gone == 0 {
			return all, err
		}
	}
}

func (d *Desk) now() time.Time {
	if d.Now != nil {
		return instant(d.Now())
	}
	return instant(time.Now())
}

func (d *Desk) node() string {
	if d.Node == "" {
		return "readback"
	}
	return d.Node
}

func (d *Desk) log() *slog.Logger {
	if d.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return d.Log
}
