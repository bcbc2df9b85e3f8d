package tickets

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// A Clerk works the outbox: what has to be sent, called and raised. Desk is needed; what is nil is not configured. Several
// clerks may work one store.
//
// The row is the truth. Whatever wakes the clerk up for it, early, late or twice, does no harm: a row that is not due, closed, or
// in another clerk's hands is let be, and what became of one is written into it before the clerk is done.
type Clerk struct {
	Desk      *Desk
	Mailer    Mailer
	Phone     Phone
	Engineers []Engineer    // on call, in the order they are phoned
	PageAgain time.Duration // between rounds of phoning them; zero: a minute
	Pagers    []Pager
	Hooks     []Hook
	Mirror    Mirror
	// Recordings are what Transcriber writes down.
	Recordings  Recordings
	Transcriber Transcriber
	// MirrorEvery is how often is looked what changed there; zero: a minute.
	MirrorEvery time.Duration
	Links       func(Ticket) Links // pages for a letter; nil: none
	Log         *slog.Logger       // nil: silent
	// Observe, when set, is told what came of each attempt: done, failed, later, dead. It must not block.
	Observe func(kind NoticeKind, outcome string)
}

// A claim ends soon, since a killed gateway's engineer sleeps on until it does; but no sooner than a store that stalls for a
// moment, or fails over, takes the word that renews it (there are four tries), or what became of the row.
const (
	claimTime = 15 * time.Second // a row is a clerk's for so long, unless it says again that it is
	claimPace = 3 * time.Second
	noteTime  = 10 * time.Second // for writing down what became of a row
)

// Later ends an attempt that is to be repeated at a time of its own.
type Later struct {
	At     time.Time
	Err    error  // what failed; nil: nothing went wrong
	Reason string // else why
}

func (l *Later) Error() string {
	return fmt.Sprintf("to be worked again at %s: %s", l.At.Format(time.RFC3339), l.why())
}

func (l *Later) why() string {
	if l.Err != nil {
		return l.Err.Error()
	}
	return l.Reason
}

// Unwrap is what failed.
func (l *Later) Unwrap() error { return l.Err }

// moot ends a row because there is nothing to be done, and says why.
type moot string

func (m moot) Error() string { return string(m) }

// Work does what a row asks for, if that is wanted now, and writes down what came of it. It fails only when the store does; then
// it is to be called again. A row that is to be worked later has a new due time, for which the store wakes somebody up.
func (c *Clerk) Work(ctx context.Context, id string) error {
	notice, mine, err := c.claim(ctx, id)
	if err != nil || !mine {
		return err
	}
	err = c.holding(ctx, notice, c.do)
	if ctx.Err() != nil && err != nil {
		err = &Later{At: c.Desk.now(), Reason: "the gateway stops"}
	}
	return c.settle(ctx, notice, err)
}

// claim takes a row that is due.
func (c *Clerk) claim(ctx context.Context, id string) (Notice, bool, error) {
	var notice Notice
	mine, now := false, c.Desk.now()
	err := c.Desk.Store.AmendNotice(ctx, id, func(n *Notice) error {
		if mine = n.Open() && !n.Due.After(now) && !n.Working.After(now); mine {
			n.Working = now.Add(claimTime)
		}
		notice = *n
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		return notice, false, nil // forgotten since
	}
	if err == nil && notice.Open() && notice.Working.After(now) && !mine {
		return notice, false, &Later{At: notice.Working, Reason: "another gateway is at it"}
	}
	return notice, mine && err == nil, err
}

// holding keeps a row ours while work is at it.
func (c *Clerk) holding(ctx context.Context, notice Notice, work func(context.Context, Notice) error) error {
	done := make(chan struct{})
	var keeper sync.WaitGroup
	defer keeper.Wait()
	defer close(done)
	keeper.Go(func() {
		ticker := time.NewTicker(claimPace)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_ = c.within(ctx, claimPace, notice.ID, func(n *Notice) error { // the next try is soon enough
					n.Working = c.Desk.now().Add(claimTime)
					return nil
				})
			case <-done:
				return
			}
		}
	})
	return work(ctx, notice)
}

// amend changes a row also when the gateway is stopping.
func (c *Clerk) amend(ctx context.Context, id string, change func(*Notice) error) error {
	return c.within(ctx, noteTime, id, change)
}

func (c *Clerk) within(ctx context.Context, limit time.Duration, id string, change func(*Notice) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	return c.Desk.Store.AmendNotice(ctx, id, change)
}

// do is what each kind of row asks for.
func (c *Clerk) do(ctx context.Context, n Notice) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			c.log().Error("a notice could not be worked", "notice", n.ID, "panic", failure, "stack", string(debug.Stack()))
			err = fmt.Errorf("it failed on our side: %v", failure)
		}
	}()
	switch n.Kind {
	case AcknowledgeByEmail, AcknowledgeByCallback, AcknowledgeByAgent:
		return c.climb(ctx, n)
	case NumberByEmail, LinksByEmail, SurveyByEmail, IncidentByEmail:
		return c.post(ctx, n)
	case IncidentNews:
		return c.spread(ctx, n)
	case Alarm:
		return c.alarm(ctx, n)
	case Page:
		return c.page(ctx, n)
	case PageClear:
		return c.clear(ctx, n)
	case Publish:
		return c.publish(ctx, n)
	case Deliver:
		return c.deliver(ctx, n)
	case Transcribe:
		return c.transcribe(ctx, n)
	case MirrorPush:
		return c.mirrorPush(ctx, n)
	case MirrorPull:
		return c.mirrorPull(ctx, n)
	}
	return fmt.Errorf("%w: nobody knows how to work a %s", ErrRefused, n.Kind)
}

// settle writes down what became of an attempt. What is refused for good, or has failed for as long as it makes sense, is dead.
func (c *Clerk) settle(ctx context.Context, notice Notice, result error) error {
	now := c.Desk.now()
	outcome := "done"
	err := c.amend(ctx, notice.ID, func(n *Notice) error {
		n.Working = time.Time{}
		wait, isLater := errors.AsType[*Later](result)
		why, isMoot := errors.AsType[moot](result)
		switch {
		case result == nil, isMoot:
			n.Done, n.Failure = now, string(why)
		case isLater && wait.Err == nil:
			outcome = "later"
			n.Due, n.Failure = instant(wait.At), clean(wait.Reason, maxLong)
		case isLater:
			outcome = "failed"
			n.Attempts++
			n.Due, n.Failure = instant(wait.At), clean(wait.why(), maxLong)
		case errors.Is(result, ErrRefused), now.Sub(n.Created) > n.Kind.life():
			outcome = "dead"
			n.Dead, n.Failure = now, clean(result.Error(), maxLong)
			n.Attempts++
		default:
			outcome = "failed"
			n.Attempts++
			n.Due, n.Failure = now.Add(backOff(n.Attempts)), clean(result.Error(), maxLong)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note what became of %s: %w", notice.ID, err)
	}
	if c.Observe != nil {
		c.Observe(notice.Kind, outcome)
	}
	switch outcome {
	case "failed":
		c.log().Warn("a notice will be tried again", "notice", notice.ID, "attempt", notice.Attempts+1, "error", result)
	case "dead":
		c.log().Error("a notice is given up", "notice", notice.ID, "error", result)
		return c.mourn(ctx, notice, result)
	}
	return nil
}

// mourn tells of a letter that nobody got.
func (c *Clerk) mourn(ctx context.Context, n Notice, why error) error {
	if n.Ticket == "" || n.Kind != NumberByEmail && n.Kind != SurveyByEmail {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	_, err := c.Desk.amend(ctx, n.Ticket, func(f *Folder) error {
		f.Note(Event{At: c.Desk.now(), Who: WhoGateway, What: EventUndelivered, Detail: detail("kind", string(n.Kind), "because", clean(why.Error(), maxLong))})
		return nil
	})
	return err
}

// life is how long it makes sense to try.
func (k NoticeKind) life() time.Duration {
	switch k {
	case Alarm, Page, PageClear:
		return 7 * 24 * time.Hour
	}
	return 3 * 24 * time.Hour
}

// backOff is the pause after so many failures: 2 s, 4 s, … 15 minutes.
func backOff(failures int) time.Duration {
	const longest = 15 * time.Minute
	if failures > 9 {
		return longest
	}
	return min(time.Second<<failures, longest)
}

// Retry has a row that was given up, or waits for its next attempt, tried again now.
func (d *Desk) Retry(ctx context.Context, id string) error {
	return d.Store.AmendNotice(ctx, id, func(n *Notice) error {
		if !n.Done.IsZero() || !n.Cancelled.IsZero() {
			return fmt.Errorf("run %s again: %w: it is %s", id, ErrInvalid, n.State(d.now()))
		}
		n.Dead, n.Due, n.Created = time.Time{}, d.now(), d.now()
		return nil
	})
}

func (c *Clerk) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}
