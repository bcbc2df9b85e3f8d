// Package jobs works the outbox: it has each notice worked when it is due, on every gateway that shares the store.
//
// The store inserts a job of River with each notice, in the notice's own transaction, and again when its due time changes. A job is
// only the clock: the row of the outbox says what is to be done and whether it was. So nothing depends on a job being run
// exactly once, and a job that is lost (the gateway was killed, the database comes from a backup) is made again by the sweep: what a
// killed gateway was at is taken up within twenty seconds.
//
// Kinds of notice wait in queues of their own, so that a telephone nobody answers or a web server that hangs doesn't hold up
// letters. Every attempt has a time limit. What fails is tried again after 1 s, 2 s, 5 s, 15 s, 30 s, 1, 2, 5 and 15 minutes, give or
// take a fifth.
package jobs

import (
	"context"
	"log/slog"
	"time"

	"readback/tickets"
)

// A Worker works one notice of the outbox.
type Worker interface {
	// Work does what the notice asks for if that is wanted now, and writes down in its row what came of it. After a
	// *tickets.Later it is called again at that time, after tickets.ErrRefused never, after any other error when the back-off is
	// over. The error is logged, so it holds nobody's data. Work may be called twice for one notice, also at once.
	Work(ctx context.Context, id string) error
}

// An Outbox finds what got lost.
type Outbox interface {
	// Wake gives a job to at most limit notices that are due, in nobody's hands, and have none, and returns how many.
	Wake(ctx context.Context, now time.Time, limit int) (int, error)
}

// What became of an attempt, for Config.Observe.
const (
	OutcomeDone    = "done"
	OutcomeLater   = "later"
	OutcomeRefused = "refused"
	OutcomeFailed  = "failed"
)

// A Queue says how the jobs of a queue are worked.
type Queue struct {
	Workers int           // at once, on this gateway
	Timeout time.Duration // of an attempt
}

// Config says how jobs are worked. Its zero value is good for a gateway.
type Config struct {
	Node   string           // this gateway's name, seen in River's tables
	Queues map[string]Queue // zero: DefaultQueues
	Poll   time.Duration    // how often queues are looked at when nobody tells; zero: a second
	Sweep  time.Duration    // how often lost jobs are looked for; zero: five seconds
	// Grace is how long a stop waits for jobs that are under way before they are cancelled, and then for them to return;
	// zero: fifteen seconds.
	Grace   time.Duration
	Log     *slog.Logger                               // nil: silent
	Observe func(kind tickets.NoticeKind, what string) // told the outcome of each attempt, to be counted; it must not block
}

// DefaultQueues are sized for one gateway: what waits for the network needs workers, not processors.
func DefaultQueues() map[string]Queue {
	return map[string]Queue{
		tickets.QueueDefault: {Workers: 4, Timeout: 30 * time.Second},
		tickets.QueueMail:    {Workers: 8, Timeout: time.Minute},
		tickets.QueuePhone:   {Workers: 8, Timeout: 5 * time.Minute},
		tickets.QueuePage:    {Workers: 8, Timeout: 15 * time.Minute}, // a round of telephone calls, then talk
		tickets.QueueHook:    {Workers: 16, Timeout: 30 * time.Second},
		tickets.QueueMirror:  {Workers: 2, Timeout: 10 * time.Minute}, // recordings are uploaded; more at once only meet the rate limit
		tickets.QueueSpeech:  {Workers: 2, Timeout: 12 * time.Minute}, // what listens needs a processor of its own for each
	}
}

func (c Config) withDefaults() Config {
	if len(c.Queues) == 0 {
		c.Queues = DefaultQueues()
	}
	if c.Poll == 0 {
		c.Poll = time.Second
	}
	if c.Sweep == 0 {
		c.Sweep = 5 * time.Second
	}
	if c.Grace == 0 {
		c.Grace = 15 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observe == nil {
		c.Observe = func(tickets.NoticeKind, string) {}
	}
	return c
}

// longest is the most time an attempt may take in any queue.
func (c Config) longest() time.Duration {
	var longest time.Duration
	for _, queue := range c.Queues {
		longest = max(longest, queue.Timeout)
	}
	return longest
}
