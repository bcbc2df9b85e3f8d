package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"readback/ivr"
	"readback/sip"
)

var (
	errManyAgentCalls = errors.New("agents.per_hour is used up")
	errOtherAgentCall = errors.New("another call of the same caller is being put through")
)

// agentCalls are the calls to agents that there are and were, whatever the configuration: they are bounded by the hour.
type agentCalls struct {
	dial func(ctx context.Context, uri string, n sip.Negotiator, options sip.DialOptions) (*sip.Call, error)

	mu      sync.Mutex
	made    []time.Time // in the last hour, the oldest first
	callers map[string]bool
}

// admit counts one more call; leave is due when it is over.
func (a *agentCalls) admit(caller string, perHour int, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made = slices.DeleteFunc(a.made, func(at time.Time) bool { return now.Sub(at) >= time.Hour })
	switch {
	case a.callers[caller]:
		return errOtherAgentCall
	case len(a.made) >= perHour:
		return errManyAgentCalls
	}
	if a.callers == nil {
		a.callers = map[string]bool{}
	}
	a.callers[caller] = true
	a.made = append(a.made, now)
	return nil
}

func (a *agentCalls) leave(caller string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.callers, caller)
}

// An agentAttempt is one caller's wish for an agent.
type agentAttempt struct {
	began    time.Time
	answered time.Time // zero: by nobody
}

// agent notes what came of a wish for an agent: it is counted, logged, and told in the call record.
func (d *diary) agent(attempt agentAttempt, err error, gone bool) {
	now := time.Now()
	outcome := agentOutcome(attempt, err, gone)
	d.gateway.metrics.agents.WithLabelValues(outcome).Inc()
	if attempt.answered.IsZero() {
		d.log.Info("agent", "outcome", outcome, "after", now.Sub(attempt.began), "error", err)
		if outcome != "transferred" { // which the conversation tells
			d.agents = append(d.agents, "no agent: "+outcome)
		}
		return
	}
	reached, talked := attempt.answered.Sub(attempt.began), now.Sub(attempt.answered)
	d.log.Info("agent", "outcome", outcome, "after", reached, "talked", talked)
	d.agents = append(d.agents, fmt.Sprintf("agent reached after %.0f s, talked for %.0f s", reached.Seconds(), talked.Seconds()))
}

// agentOutcome names what came of it, for a metric: the words are few. The caller may have gone before.
func agentOutcome(attempt agentAttempt, err error, gone bool) string {
	var status *sip.StatusError
	switch {
	case !attempt.answered.IsZero():
		return "answered"
	case errors.Is(err, ivr.ErrTransferred):
		return "transferred"
	case errors.Is(err, errManyAgentCalls), errors.Is(err, errOtherAgentCall):
		return "limited"
	case gone:
		return "abandoned"
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
