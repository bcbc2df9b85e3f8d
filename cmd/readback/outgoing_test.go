package main

import (
	"errors"
	"testing"
	"time"
)

// Whatever is asked for, calls are made so often in any hour for each purpose, and to each person once at a time.
func TestOutgoingCallsAreBounded(t *testing.T) {
	var calls outgoing
	at := func(minute int) time.Time { return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC) }
	for _, step := range []struct {
		minute int
		what   purpose
		whom   string
		leaves bool
		want   error
	}{
		{0, forAgent, "ada", false, nil},
		{1, forAgent, "ada", false, errOtherCall},
		{1, forPage, "ada", false, errOtherCall}, // whatever for
		{2, forAgent, "tom", true, nil},
		{3, forAgent, "sam", false, errHourIsFull},
		{4, forCallback, "sam", true, nil}, // that is another hour's
		{59, forAgent, "sam", false, errHourIsFull},
		{60, forAgent, "sam", true, nil}, // the first call was an hour ago
		{61, forAgent, "ada", false, errOtherCall},
		{61, forAgent, "tom", false, errHourIsFull},
		{62, forAgent, "tom", true, nil},
	} {
		if got := calls.admit(step.what, step.whom, 2, at(step.minute)); !errors.Is(got, step.want) {
			t.Errorf("%s for %s after %d minutes: %v, want %v", step.whom, step.what, step.minute, got, step.want)
		}
		if step.leaves {
			calls.leave(step.whom)
		}
	}
	if len(calls.made[forAgent]) > 2 {
		t.Errorf("%d calls are remembered, want 2 at most", len(calls.made[forAgent]))
	}
}
