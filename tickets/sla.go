package tickets

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// An SLA counts how the promise of acknowledgement was kept, for each month of receipt, plan and priority. A ticket counts once,
// however many calls joined it, under the priority and the response window it had when the customer was told. What it keeps in
// memory grows with the months and the plans, not with the tickets.
type SLA struct {
	From, Until Month          // both with
	Zone        *time.Location // in which months begin; nil: UTC
	Plan        string         // only this one, as PlanName says; empty: all
	Priority    Priority       // only this one; 0: all
	Now         time.Time

	cells map[slaCell]*Kept
}

// slaCell is what is counted together.
type slaCell struct {
	month    Month
	plan     string
	priority Priority
}

// An SLARow is the count of a month, plan and priority.
type SLARow struct {
	Month    Month
	Plan     string
	Priority Priority
	*Kept
}

// Unverified is what reports call the plan of tickets without an account.
const Unverified = "unverified"

// PlanName is the plan in a report.
func (p Promise) PlanName() string { return cmp.Or(p.Plan, Unverified) }

// Read counts the tickets of a store. They come in pages, each a short reading of its own. Told is called for each ticket that was
// looked at, when it is not nil.
func (s *SLA) Read(ctx context.Context, from Reader, told func()) error {
	page := PromisePage{From: s.From.Start(s.zone()), Until: s.Until.Add(1).Start(s.zone()), Limit: MaxPage}
	for {
		some, err := from.Promises(ctx, page)
		if err != nil {
			return err
		}
		for _, p := range some {
			s.Add(p)
			if told != nil {
				told()
			}
		}
		if len(some) < page.Limit {
			return nil
		}
		page.After = some[len(some)-1]
	}
}

// Add counts a ticket, if it was received within the months and is of the plan and priority.
func (s *SLA) Add(p Promise) {
	month := MonthOf(p.Received.In(s.zone()))
	switch {
	case month.Before(s.From), s.Until.Before(month):
		return
	case s.Plan != "" && !strings.EqualFold(s.Plan, p.PlanName()), s.Priority != 0 && s.Priority != p.Priority:
		return
	}
	at := slaCell{month, p.PlanName(), p.Priority}
	if s.cells == nil {
		s.cells = map[slaCell]*Kept{}
	}
	if s.cells[at] == nil {
		s.cells[at] = new(Kept)
	}
	s.cells[at].add(p, s.Now)
}

func (s *SLA) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

// Months are those of the report, also when they have no ticket.
func (s *SLA) Months() []Month {
	var all []Month
	for m := s.From; !s.Until.Before(m); m = m.Add(1) {
		all = append(all, m)
	}
	return all
}

// Rows are the counts by month, plan and priority, unverified callers after all plans.
func (s *SLA) Rows() []SLARow {
	rows := make([]SLARow, 0, len(s.cells))
	for at, kept := range s.cells {
		rows = append(rows, SLARow{at.month, at.plan, at.priority, kept})
	}
	slices.SortFunc(rows, func(a, b SLARow) int {
		return cmp.Or(cmp.Compare(a.Month.String(), b.Month.String()), unverifiedLast(a.Plan, b.Plan), cmp.Compare(a.Priority, b.Priority))
	})
	return rows
}

func unverifiedLast(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == Unverified:
		return 1
	case b == Unverified:
		return -1
	}
	return cmp.Compare(a, b)
}

// Sum is the count of all rows that are meant, as one.
func (s *SLA) Sum(meant func(SLARow) bool) *Kept {
	sum := new(Kept)
	for at, kept := range s.cells {
		if meant(SLARow{at.month, at.plan, at.priority, kept}) {
			sum.merge(kept)
		}
	}
	return sum
}
