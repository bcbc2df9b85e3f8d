package main

import (
	"errors"
	"fmt"
	"time"

	"readback/ivr"
)

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
	switch {
	case !attempt.answered.IsZero():
		return "answered"
	case errors.Is(err, ivr.ErrTransferred):
		return "transferred"
	case errors.Is(err, errHourIsFull), errors.Is(err, errOtherCall):
		return "limited"
	case errors.Is(err, ivr.ErrStopped):
		return "stopped"
	case gone:
		return "abandoned"
	case errors.Is(err, errNoEngineer):
		return "no-answer"
	}
	return unreached(err)
}
