// Package spool stands in front of a database of tickets with a store of the gateway's own, so that no ticket is lost or
// refused because the database is away.
//
// While the database answers, it holds everything. When it is gone, slow, full or read-only, or the outcome of a commit is
// unknown, a ticket is committed locally instead, under the number and the call key it was to have anyway, and accounts are
// looked up in a copy. When the database is back, each spooled ticket is moved there in one transaction with its events and
// notices, or is found there by the key of its call and compared: one call, one ticket, whatever was lost on the way.
//
// Whatever is asked about a ticket is asked of the store that holds it. A ticket that this gateway filed in the database is
// spooled as well when it is to be changed while the database is away, and what changed is merged afterwards.
package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"readback/tickets"
)

// Main is the database that all gateways share.
type Main interface {
	tickets.Store
	tickets.Followed
	Migrate(ctx context.Context) (applied int, err error)
	// Import takes tickets from a spool, all of them or none. Those that are here already, by number and key of the call, are
	// compared, and get what they lack (tickets.Parcel.Unpack). It fails with ErrNumberTaken when a number is another call's.
	Import(ctx context.Context, parcels []tickets.Parcel) error
}

// Local is the gateway's own store.
type Local interface {
	tickets.Store
	tickets.Followed
	Migrate(ctx context.Context) (applied int, err error)
	// Join does what File does when the ticket of the same call is here, or one to join; else it does nothing, and ok is false.
	Join(ctx context.Context, filing tickets.Filing) (filed tickets.Filed, ok bool, err error)
	// Export reads tickets after one, by number, with all that belongs to them, but for those that somebody works on now.
	Export(ctx context.Context, after tickets.Number, limit int) ([]tickets.Parcel, error)
	// Forget removes tickets that are elsewhere now, and returns those it kept because they have changed since.
	Forget(ctx context.Context, parcels []tickets.Parcel) (kept []tickets.Number, err error)
	// LooseNotices are those without a ticket.
	LooseNotices(ctx context.Context, limit int) ([]tickets.Notice, error)
	ForgetNotices(ctx context.Context, ids []string) error
	ForgetCalls(ctx context.Context, ids []string) error
	DropAccounts(ctx context.Context, ids []string) error
	// Copied notes whose accounts these are and as of when, Copy tells; the zero time means that nothing was copied.
	Copied(ctx context.Context, store string, at time.Time) error
	Copy(ctx context.Context) (store string, at time.Time, err error)
}

// How long a caller waits for the database unless it is said otherwise, and others do.
const (
	defaultPatience = 650 * time.Millisecond
	longPatience    = 5 * time.Second
)

// Options are what may be said about a spool.
type Options struct {
	// Patience is how long a caller waits for the database before it is taken to be away; zero is 650 ms.
	Patience time.Duration
	Log      *slog.Logger // nil: silent
}

// A Store is the spool with the database behind it. What it does not say itself it leaves to the database.
type Store struct {
	tickets.Store // the database

	main     Main
	local    Local
	patience time.Duration
	log      *slog.Logger
	breaker  *breaker
	held     held
	recent   recent
	trying   trying
	moving   moving
	calls    counter // call records that are held
	loose    counter // notices without ticket that are held

	mu       sync.Mutex
	migrated bool      // the database has our tables
	copied   time.Time // as of when the accounts are
	misfits  map[tickets.Number]error
	offered  time.Time // when the last of them was refused
}

var _ tickets.Store = (*Store)(nil)

// Open puts a spool in front of a database. Both are closed with it. The database may be away: then it is asked for its tables
// when it is back. It fails with ErrInvalid when the database has tables of a later version, and when the spool cannot be read.
func Open(ctx context.Context, main Main, local Local, options Options) (*Store, error) {
	log := cmp.Or(options.Log, slog.New(slog.DiscardHandler))
	s := &Store{
		Store: main, main: main, local: local, patience: cmp.Or(options.Patience, defaultPatience), log: log, misfits: map[tickets.Number]error{},
	}
	s.breaker = newBreaker(func(cause error) {
		log.Error("the database is away: tickets are kept in the spool and accounts looked up in the copy", "error", cause)
	})
	if _, err := local.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	if err := s.reach(ctx); err != nil {
		if !isAway(err) || ctx.Err() != nil {
			return nil, err
		}
		s.breaker.trip(err)
	}
	return s, nil
}

// load counts what the spool holds.
func (s *Store) load(ctx context.Context) (err error) {
	for page := (tickets.TicketPage{Limit: tickets.MaxPage}); ; {
		some, err := s.local.ListTickets(ctx, page)
		if err != nil {
			return err
		}
		for _, t := range some {
			s.held.add(t.Number, t.Received)
		}
		if len(some) < page.Limit {
			break
		}
		page.After = some[len(some)-1].Number
	}
	for page := (tickets.CallPage{Limit: tickets.MaxPage}); ; {
		some, err := s.local.ListCalls(ctx, page)
		if err != nil {
			return err
		}
		s.calls.add(len(some))
		if len(some) < page.Limit {
			break
		}
		page.Before = some[len(some)-1].Started
	}
	loose, err := s.local.LooseNotices(ctx, 0)
	if err != nil {
		return err
	}
	s.loose.add(len(loose))
	_, s.copied, err = s.local.Copy(ctx)
	return err
}

// reach asks whether the database is there, and makes sure once that it has our tables.
func (s *Store) reach(ctx context.Context) error {
	if err := within(ctx, s.patience, s.main.Ping); err != nil {
		return err
	}
	s.mu.Lock()
	migrated := s.migrated
	s.mu.Unlock()
	if !migrated {
		if _, err := s.main.Migrate(ctx); err != nil {
			return err
		}
		s.mu.Lock()
		s.migrated = true
		s.mu.Unlock()
	}
	// A write that changes nothing: a server that only reads answers a ping.
	return within(ctx, s.patience, func(ctx context.Context) error {
		return s.main.SettleAttempt(ctx, "probe", tickets.ResultWrong)
	})
}

func within(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return ask(ctx)
}

// Stats are what the spool holds, and why.
type Stats struct {
	Tickets  int       `json:"tickets"` // that are not in the database
	Oldest   time.Time `json:"oldest,omitzero"`
	Misfits  int       `json:"misfits"` // of them, those that the database will not take
	Calls    int       `json:"calls"`   // call records that are not in the database
	Away     time.Time `json:"away_since,omitzero"`
	Because  string    `json:"away_because,omitempty"`
	Accounts time.Time `json:"accounts_as_of,omitzero"` // the copy; zero: there is none
}

// Stats tells how things are.
func (s *Store) Stats() Stats {
	depth, oldest := s.held.depth()
	since, cause := s.breaker.state()
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{Tickets: depth, Oldest: oldest, Misfits: len(s.misfits), Calls: s.calls.read(), Away: since, Accounts: s.copied}
	if cause != nil {
		stats.Because = cause.Error()
	}
	return stats
}

// Read tells what a spool's own store holds, without its gateway.
func Read(ctx context.Context, local Local) (Stats, error) {
	s := &Store{local: local, breaker: newBreaker(nil)}
	if err := s.load(ctx); err != nil {
		return Stats{}, fmt.Errorf("spool: %w", err)
	}
	return s.Stats(), nil
}

// Ping fails only when there is neither database nor spool.
func (s *Store) Ping(ctx context.Context) error {
	err := s.breaker.try(ctx, s.patience, s.main.Ping)
	if err == nil {
		return nil
	}
	if localErr := s.local.Ping(ctx); localErr != nil {
		return errors.Join(err, localErr)
	}
	return nil
}

// Migrate brings the tables of both up to date.
func (s *Store) Migrate(ctx context.Context) (int, error) {
	applied, err := s.main.Migrate(ctx)
	if err != nil {
		return applied, err
	}
	more, err := s.local.Migrate(ctx)
	return applied + more, err
}

// Close closes both.
func (s *Store) Close() error { return errors.Join(s.main.Close(), s.local.Close()) }
