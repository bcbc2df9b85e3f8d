package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"readback/sip"
)

// A purpose is what a call of ours is for.
type purpose string

const (
	forAgent    purpose = "agent"    // a caller is put through
	forCallback purpose = "callback" // a customer is told that the ticket is registered
	forPage     purpose = "page"     // an engineer is woken
)

var (
	errHourIsFull = errors.New("the calls of this hour are used up (per_hour)")
	errOtherCall  = errors.New("there is another call of ours for the same person")
)

// outgoing are the calls that we make and made, whatever the configuration: for each purpose so many in an hour, and one at a
// time for each person.
type outgoing struct {
	dial func(ctx context.Context, uri string, n sip.Negotiator, options sip.DialOptions) (*sip.Call, error)

	mu   sync.Mutex
	made map[purpose][]time.Time // in the last hour, the oldest first
	busy map[string]bool         // by number, or what stands for one
}

// admit counts one more call; leave is due when it is over.
func (o *outgoing) admit(what purpose, whom string, perHour int, now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	made := slices.DeleteFunc(o.made[what], func(at time.Time) bool { return now.Sub(at) >= time.Hour })
	switch {
	case o.busy[whom]:
		return errOtherCall
	case len(made) >= perHour:
		return errHourIsFull
	}
	if o.busy == nil {
		o.busy, o.made = map[string]bool{}, map[purpose][]time.Time{}
	}
	o.busy[whom] = true
	o.made[what] = append(made, now)
	return nil
}

func (o *outgoing) leave(whom string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.busy, whom)
}

// byePatience is how long we wait for the answer to the BYE of a call of ours.
const byePatience = time.Second

// hangUp ends a call of ours. It goes on ending without us.
func hangUp(ctx context.Context, leg *sip.Call) {
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), byePatience)
	defer cancel()
	_ = leg.Hangup(bye)
}

// unreached names, for a metric, why nobody took a call of ours: the words are few.
func unreached(err error) string {
	var status *sip.StatusError
	switch {
	case errors.Is(err, sip.ErrNoAnswer):
		return "no-answer"
	case !errors.As(err, &status):
		return "failed"
	}
	switch status.Status {
	case 486, 600:
		return "busy"
	case 408, 480, 487:
		return "no-answer"
	}
	return "refused"
}
