package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"readback/ivr"
	"readback/sip"
)

// However many callers ask, agents are called so often in any hour, and for each caller once at a time.
func TestCallsToAgentsAreBounded(t *testing.T) {
	var calls agentCalls
	at := func(minute int) time.Time { return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC) }
	for _, step := range []struct {
		minute int
		caller string
		leaves bool
		want   error
	}{
		{0, "ada", false, nil},
		{1, "ada", false, errOtherAgentCall},
		{2, "tom", true, nil},
		{3, "sam", false, errManyAgentCalls},
		{59, "sam", false, errManyAgentCalls},
		{60, "sam", true, nil}, // the first call was an hour ago
		{61, "ada", false, errOtherAgentCall},
		{61, "tom", false, errManyAgentCalls},
		{62, "tom", true, nil},
	} {
		if got := calls.admit(step.caller, 2, at(step.minute)); !errors.Is(got, step.want) {
			t.Errorf("%s after %d minutes: %v, want %v", step.caller, step.minute, got, step.want)
		}
		if step.leaves {
			calls.leave(step.caller)
		}
	}
	if len(calls.made) > 2 {
		t.Errorf("%d calls are remembered, want 2 at most", len(calls.made))
	}
}

func TestWhatCameOfACallToAnAgent(t *testing.T) {
	status := func(code int) error { return fmt.Errorf("sip: %w", &sip.StatusError{Status: code}) }
	for name, test := range map[string]struct {
		attempt agentAttempt
		err     error
		gone    bool
		want    string
	}{
		"talked":                    {agentAttempt{answered: time.Now()}, nil, false, "answered"},
		"talked until a hang-up":    {agentAttempt{answered: time.Now()}, sip.ErrHangup, true, "answered"},
		"handed over":               {err: ivr.ErrTransferred, want: "transferred"},
		"handed over, BYE first":    {err: ivr.ErrTransferred, gone: true, want: "transferred"},
		"too many":                  {err: errManyAgentCalls, want: "limited"},
		"another call":              {err: errOtherAgentCall, want: "limited"},
		"a hang-up":                 {err: sip.ErrHangup, gone: true, want: "abandoned"},
		"rings in vain":             {err: fmt.Errorf("sip: %w", sip.ErrNoAnswer), want: "no-answer"},
		"busy":                      {err: status(486), want: "busy"},
		"busy everywhere":           {err: status(600), want: "busy"},
		"nobody there":              {err: status(480), want: "no-answer"},
		"declined":                  {err: status(603), want: "refused"},
		"no such number":            {err: status(404), want: "refused"},
		"no port, or no way there":  {err: context.DeadlineExceeded, want: "failed"},
		"the gateway takes no more": {err: sip.ErrClosed, want: "failed"},
	} {
		if got := agentOutcome(test.attempt, test.err, test.gone); got != test.want {
			t.Errorf("%s is %q, want %q", name, got, test.want)
		}
	}
}
