package tickets_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"readback/tickets"
)

func TestDefaultPolicyIsTheTable(t *testing.T) {
	policy := tickets.DefaultPolicy()
	if err := policy.Validate(); err != nil {
		t.Fatal(err)
	}
	received := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		phone bool
		hours [4]int
	}{
		"enterprise": {true, [4]int{1, 4, 24, 24}}, "business": {true, [4]int{1, 4, 24, 24}}, "education": {true, [4]int{1, 4, 24, 24}},
		"api": {true, [4]int{1, 4, 24, 24}}, "pro": {false, [4]int{1, 4, 24, 24}}, "free": {false, [4]int{24, 24, 24, 24}}, "BASIC": {false, [4]int{24, 24, 24, 24}},
	} {
		plan, ok := policy.Plan(name)
		if !ok || plan.Phone != test.phone || !plan.Form || !plan.Chat {
			t.Errorf("%s: got %+v, %v, want phone %v, form and chat", name, plan, ok, test.phone)
		}
		for i, hours := range test.hours {
			priority := tickets.Priority(i + 1)
			if got := policy.Due(tickets.KindProblem, &plan, priority, received).Sub(received); got != time.Duration(hours)*time.Hour {
				t.Errorf("%s %v: got %v, want %d h", name, priority, got, hours)
			}
		}
	}
	if _, ok := policy.Plan("gold"); ok {
		t.Error("found a plan gold")
	}
}

// TestEveryTicketHasPriorityAndWindow: whatever was claimed, proven and bought.
func TestEveryTicketHasPriorityAndWindow(t *testing.T) {
	policy := tickets.DefaultPolicy()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]tickets.Kind{tickets.KindProblem, tickets.KindServices}).Draw(t, "kind")
		claimed := tickets.Priority(rapid.IntRange(-1, 6).Draw(t, "claimed"))
		bought := rapid.IntRange(-1, len(policy.Plans)-1).Draw(t, "plan")
		var plan *tickets.Plan
		if bought >= 0 {
			plan = &policy.Plans[bought]
		}
		received := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "received"), 0)
		got := policy.Priority(kind, claimed, plan != nil)
		window := policy.Due(kind, plan, got, received).Sub(received)
		switch {
		case !got.Valid():
			t.Errorf("got priority %v", got)
		case window < time.Hour || window > 24*time.Hour:
			t.Errorf("got a window of %v", window)
		case kind == tickets.KindServices && (got != tickets.P4 || window != 24*time.Hour):
			t.Errorf("services: got %v within %v", got, window)
		case kind == tickets.KindProblem && claimed.Valid() && got != claimed:
			t.Errorf("claimed %v, got %v", claimed, got)
		case plan == nil && window != 24*time.Hour:
			t.Errorf("unverified: got a window of %v", window)
		}
	})
}

func TestPolicyValidate(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*tickets.Policy)
		want   string
	}{
		"no plans":      {func(p *tickets.Policy) { p.Plans = nil }, "no plan"},
		"alias twice":   {func(p *tickets.Policy) { p.Plans[4].Aliases = []string{"Business"} }, `"Business" names both "enterprise" and "free"`},
		"no name":       {func(p *tickets.Policy) { p.Plans[1].Name = "" }, "empty name"},
		"no window":     {func(p *tickets.Policy) { p.Plans[4].Respond = nil }, `plan "free" has no response window for P1`},
		"no unverified": {func(p *tickets.Policy) { p.Unverified = tickets.Terms{} }, "unverified has no priority"},
		"negative":      {func(p *tickets.Policy) { p.JoinWithin = -1 }, "negative"},
		"no lock":       {func(p *tickets.Policy) { p.Lockout.Account.Limit = 0 }, "lockout"},
	} {
		policy := tickets.DefaultPolicy()
		test.change(&policy)
		err := policy.Validate()
		if !errors.Is(err, tickets.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// TestLockoutNeverTriesMoreThanItsLimit lets attempts begin and end in any order, all of them wrong.
func TestLockoutNeverTriesMoreThanItsLimit(t *testing.T) {
	rule := tickets.DefaultLockout()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_000_000, 0)
		var tally tickets.Tally
		tried := 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "begin") {
				if rule.Judge(tally, tickets.Tally{}, now) == tickets.Allowed {
					tally.Pending++
					tried++
				}
			} else if tally.Pending > 0 {
				tally.Pending--
				tally.Wrong++
				tally.Last = now
			}
		}
		if tried > rule.Account.Limit {
			t.Errorf("tried %d, want at most %d", tried, rule.Account.Limit)
		}
	})
}

func TestLockUntil(t *testing.T) {
	last := time.Unix(1_000_000, 0)
	rule := tickets.DefaultLockout()
	for wrong, want := range map[int]time.Duration{5: 15 * time.Minute, 6: 30 * time.Minute, 7: time.Hour, 11: 16 * time.Hour, 12: 24 * time.Hour, 1 << 30: 24 * time.Hour} {
		if got := rule.Account.Until(tickets.Tally{Wrong: wrong, Last: last}).Sub(last); got != want {
			t.Errorf("account, %d wrong: got %v, want %v", wrong, got, want)
		}
	}
	for wrong, want := range map[int]time.Duration{10: 15 * time.Minute, 11: 15 * time.Minute} {
		if got := rule.Caller.Until(tickets.Tally{Wrong: wrong, Last: last}).Sub(last); got != want {
			t.Errorf("caller, %d wrong: got %v, want %v", wrong, got, want)
		}
	}
	if got := rule.Account.Until(tickets.Tally{Wrong: 4, Last: last}); !got.IsZero() {
		t.Errorf("4 wrong: locked until %v", got)
	}
}

func TestPriorityText(t *testing.T) {
	for text, want := range map[string]tickets.Priority{`"P1"`: tickets.P1, `"P4"`: tickets.P4, `""`: 0} {
		var got tickets.Priority
		if err := json.Unmarshal([]byte(text), &got); got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
		if back, err := json.Marshal(want); string(back) != text || err != nil {
			t.Errorf("%v: got %s, %v, want %s", want, back, err, text)
		}
	}
	for _, text := range []string{`"P0"`, `"P5"`, `"p1"`, `"P11"`, `1`} {
		var got tickets.Priority
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s: got %v, want an error", text, got)
		}
	}
}

func ExamplePolicy_Due() {
	policy := tickets.DefaultPolicy()
	plan, _ := policy.Plan("business")
	received := time.Date(2026, 3, 4, 23, 30, 0, 0, time.UTC)
	fmt.Println(plan.Name, policy.Due(tickets.KindProblem, &plan, tickets.P1, received).Format(time.DateTime))
	// Output: enterprise 2026-03-05 00:30:00
}
