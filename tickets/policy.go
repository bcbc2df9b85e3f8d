package tickets

import (
	"errors"
	"fmt"
	"time"
)

// A Policy is the rules of the desk, as data.
type Policy struct {
	Plans      []Plan
	Unverified Terms         // a ticket without an account
	Services   Terms         // an enquiry about training, consulting and the like
	JoinWithin time.Duration // a second INVITE this close to the first one's joins its ticket
	Ladder     Ladder
	Burst      Burst
	PageP2     bool // engineers are woken for a P2 outside working hours
	Survey     SurveyTerms
	Lockout    Lockout
}

// Terms are the promise to those without a plan.
type Terms struct {
	Priority Priority // when none was chosen
	Respond  time.Duration
}

// A Ladder is when the acknowledgement of a ticket falls due by other means than reading its number back.
type Ladder struct {
	After   time.Duration // from receipt of the call
	AtLeast time.Duration // from filing, so that a long call can still hear its number first
}

// Plan finds a plan by its name or alias, in any case.
func (p Policy) Plan(name string) (Plan, bool) {
	for _, plan := range p.Plans {
		if plan.named(name) {
			return plan, true
		}
	}
	return Plan{}, false
}

// Priority is the priority of a ticket: a services enquiry has its own; else what the caller chose by key, also
// without proof of an account; else normal.
func (p Policy) Priority(kind Kind, claimed Priority, verified bool) Priority {
	switch {
	case kind == KindServices:
		return p.Services.Priority
	case claimed.Valid():
		return claimed
	case !verified:
		return p.Unverified.Priority
	}
	return P3
}

// Due is the end of the response window: the plan's promise for this priority, from receipt. A nil plan is a
// caller without a proven account.
func (p Policy) Due(kind Kind, plan *Plan, priority Priority, received time.Time) time.Time {
	return received.Add(p.window(kind, plan, priority))
}

func (p Policy) window(kind Kind, plan *Plan, priority Priority) time.Duration {
	if kind == KindServices {
		return p.Services.Respond
	}
	if plan == nil {
		return p.Unverified.Respond
	}
	return plan.Respond[priority]
}

// planOf is the plan of an account. One whose plan is no longer in the policy is served by phone under the
// quickest promise of all: a slip in the configuration must not turn a customer away.
func (p Policy) planOf(a Account) Plan {
	if plan, ok := p.Plan(a.Plan); ok {
		return plan
	}
	best := Plan{Name: a.Plan, Phone: true, Form: true, Chat: true, Respond: map[Priority]time.Duration{}}
	for priority := P1; priority <= P4; priority++ {
		best.Respond[priority] = p.Unverified.Respond
		for _, plan := range p.Plans {
			best.Respond[priority] = min(best.Respond[priority], plan.Respond[priority])
		}
	}
	return best
}

// Validate returns every fault of the policy, each ErrInvalid with what mends it.
func (p Policy) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("policy: "+format+": %w", append(args, ErrInvalid)...))
	}
	if len(p.Plans) == 0 {
		fault("no plan, name at least one")
	}
	seen := map[string]string{}
	for _, plan := range p.Plans {
		p.validatePlan(plan, seen, fault)
	}
	for name, terms := range map[string]Terms{"unverified": p.Unverified, "services": p.Services} {
		if !terms.Priority.Valid() {
			fault("%s has no priority, use P1 to P4", name)
		}
		if terms.Respond <= 0 {
			fault("%s has no response window, write one like 24h", name)
		}
	}
	if p.JoinWithin < 0 || p.Burst.Within < 0 || p.Ladder.After < 0 || p.Ladder.AtLeast < 0 {
		fault("a negative time, write 0s or more")
	}
	return errors.Join(append(faults, p.Lockout.validate())...)
}

func (p Policy) validatePlan(plan Plan, seen map[string]string, fault func(string, ...any)) {
	for _, name := range append([]string{plan.Name}, plan.Aliases...) {
		if name == "" {
			fault("plan %q has an empty name or alias, name it", plan.Name)
			continue
		}
		for other, owner := range seen {
			if (Plan{Name: other}).named(name) {
				fault("%q names both %q and %q, rename one", name, owner, plan.Name)
			}
		}
		seen[name] = plan.Name
	}
	for priority := P1; priority <= P4; priority++ {
		if plan.Respond[priority] <= 0 {
			fault("plan %q has no response window for %v, write one like 24h", plan.Name, priority)
		}
	}
}

// DefaultPolicy is the policy shipped: what each plan may use and is promised, joining within a minute, lock-out.
func DefaultPolicy() Policy {
	quick := map[Priority]time.Duration{P1: time.Hour, P2: 4 * time.Hour, P3: 24 * time.Hour, P4: 24 * time.Hour}
	slow := map[Priority]time.Duration{P1: 24 * time.Hour, P2: 24 * time.Hour, P3: 24 * time.Hour, P4: 24 * time.Hour}
	return Policy{
		Plans: []Plan{
			{Name: "enterprise", Aliases: []string{"business"}, Phone: true, Form: true, Chat: true, Respond: quick},
			{Name: "education", Phone: true, Form: true, Chat: true, Respond: quick},
			{Name: "api", Phone: true, Form: true, Chat: true, Respond: quick},
			{Name: "pro", Form: true, Chat: true, Respond: quick},
			{Name: "free", Aliases: []string{"basic"}, Form: true, Chat: true, Respond: slow},
		},
		Unverified: Terms{Priority: P3, Respond: 24 * time.Hour},
		Services:   Terms{Priority: P4, Respond: 24 * time.Hour},
		JoinWithin: time.Minute,
		Ladder:     Ladder{After: 90 * time.Second, AtLeast: 30 * time.Second},
		Burst:      Burst{Accounts: 5, Within: 15 * time.Minute},
		Lockout:    DefaultLockout(),
	}
}
