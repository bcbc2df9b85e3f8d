package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"readback/media"
	"readback/sip"
	"readback/tickets"
)

var (
	errNoEngineer  = errors.New("no engineer came to the caller who waits")
	errOtherWaits  = errors.New("another caller of the same ticket waits already")
	errCallerLeft  = errors.New("the caller waits no more")
	errWaitedLong  = errors.New("the caller has waited for as long as callers may (paging.phone.wait)")
	errNotSpeaking = errors.New("the engineer who accepted the ticket does not speak with the caller")
	errElsewhere   = errors.New("somebody works on the ticket already")
)

// waitLook is how often a wait asks whether an engineer is still looked for: another gateway may have found one.
const (
	waitLook     = 5 * time.Second
	waitLookTime = time.Second // an engineer may come meanwhile
)

// waitingCallers are those who wait on the line for the engineer who accepts their ticket: one for each ticket, each on a
// call of its own. The zero value is ready.
type waitingCallers struct {
	mu       sync.Mutex
	byTicket map[tickets.Number]*waitingCaller
}

// A waitingCaller waits until it is spoken to.
type waitingCaller struct {
	talks chan talk     // takes one, while the caller waits
	left  chan struct{} // closed when the caller waits no more

	mu       sync.Mutex
	claimed  bool          // an engineer has accepted the ticket here, and is asked
	declined chan struct{} // closed when that one does not speak with the caller
}

// A talk is an engineer on the line.
type talk struct {
	leg     *sip.Call
	session *media.Session
	over    chan<- struct{} // closed when the two have spoken; the session is the caller's until then
}

func (w *waitingCallers) enter(ticket tickets.Number) (*waitingCaller, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byTicket[ticket] != nil {
		return nil, errOtherWaits
	}
	if w.byTicket == nil {
		w.byTicket = map[tickets.Number]*waitingCaller{}
	}
	one := &waitingCaller{talks: make(chan talk), left: make(chan struct{}), declined: make(chan struct{})}
	w.byTicket[ticket] = one
	return one, nil
}

func (w *waitingCallers) leave(ticket tickets.Number) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.byTicket[ticket].left)
	delete(w.byTicket, ticket)
}

// claim is the caller who waits for the engineer who has just accepted a ticket; nil when nobody does. Then either speak or
// decline is due.
func (w *waitingCallers) claim(ticket tickets.Number) *waitingCaller {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := w.byTicket[ticket]
	if one == nil {
		return nil
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.claimed {
		return nil
	}
	one.claimed = true
	return one
}

func (w *waitingCaller) isClaimed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.claimed
}

// speak hands the engineer to the caller, and returns when the two have spoken.
func (w *waitingCaller) speak(ctx context.Context, leg *sip.Call, session *media.Session) error {
	over := make(chan struct{})
	select {
	case w.talks <- talk{leg, session, over}:
	case <-w.left:
		return errCallerLeft
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	<-over // it ends with the engineer's call too
	return nil
}

// decline lets the caller go who was claimed. It does nothing to one who was spoken to.
func (w *waitingCaller) decline() { close(w.declined) }

// await returns with the engineer who speaks with the caller.
func (w *waitingCaller) await(ctx context.Context, wanted func(context.Context) bool) (talk, error) {
	look := time.NewTicker(waitLook)
	defer look.Stop()
	for {
		if !w.isClaimed() && !wanted(ctx) && !w.isClaimed() {
			return talk{}, errElsewhere
		}
		select {
		case talk := <-w.talks:
			return talk, nil
		case <-w.declined:
			return talk{}, errNotSpeaking
		case <-ctx.Done():
			return talk{}, context.Cause(ctx)
		case <-look.C:
		}
	}
}

// An engineerWait is a caller's wait for an engineer on call. It is the script's ivr.Agents for those.
type engineerWait struct{ *connection }

// Connect waits until the engineer who accepts the ticket speaks with the caller, and notes what came of it.
func (w *engineerWait) Connect(ctx context.Context, ticket tickets.Ticket, announce func(context.Context) error) error {
	attempt := agentAttempt{began: time.Now()}
	err := w.wait(ctx, ticket.Number, announce, &attempt)
	if errors.Is(err, errWaitedLong) || errors.Is(err, errNotSpeaking) || errors.Is(err, errElsewhere) {
		err = errors.Join(errNoEngineer, err)
	}
	w.diary.agent(attempt, err, ctx.Err() != nil)
	return err
}

// wait has the caller hear what there is to say, and then music, until an engineer comes: the announcement may be cut short.
func (w *engineerWait) wait(ctx context.Context, ticket tickets.Number, announce func(context.Context) error, attempt *agentAttempt) error {
	caller, err := w.gateway.waiting.enter(ticket)
	if err != nil {
		return err
	}
	defer w.gateway.waiting.leave(ticket)
	var one talk
	var work sync.WaitGroup
	waiting, come := context.WithCancel(ctx)
	defer func() {
		come()
		work.Wait()
		if one.over != nil {
			close(one.over)
		}
	}()
	work.Go(func() {
		defer come()
		one, err = w.await(waiting, caller, ticket)
	})
	if announce(waiting) == nil {
		w.hold(waiting)
	}
	<-waiting.Done()
	work.Wait()
	if err != nil {
		return err
	}
	attempt.answered = time.Now()
	w.gateway.traces.note(w.diary.key(), ladderStep{At: attempt.answered, What: "engineer", Text: "speaks"})
	return w.talk(ctx, one.leg, one.session)
}

func (w *engineerWait) await(ctx context.Context, caller *waitingCaller, ticket tickets.Number) (talk, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, w.now.config.Paging.Phone.Wait.D(), errWaitedLong)
	defer cancel()
	return caller.await(ctx, func(ctx context.Context) bool { return w.isWanted(ctx, ticket) })
}

// hold plays music until ctx ends. A caller without music waits all the same.
func (w *engineerWait) hold(ctx context.Context) {
	if music, err := w.now.sounds.music.decode(); err == nil {
		_ = w.session.Loop(ctx, music)
	}
}

// isWanted reports whether the ticket may still wait for an engineer; also when nobody can tell.
func (w *engineerWait) isWanted(ctx context.Context, number tickets.Number) bool {
	ctx, cancel := context.WithTimeout(ctx, waitLookTime)
	defer cancel()
	ticket, err := w.now.desk.Store.Ticket(ctx, number)
	return err != nil || ticket.NeedsEngineer()
}
