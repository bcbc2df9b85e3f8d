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
		"too many":                  {err: errHourIsFull, want: "limited"},
		"another call":              {err: errOtherCall, want: "limited"},
		"stops waiting":             {err: fmt.Errorf("sip: %w", ivr.ErrStopped), gone: true, want: "stopped"},
		"no engineer came":          {err: errors.Join(errNoEngineer, errWaitedLong), want: "no-answer"},
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
