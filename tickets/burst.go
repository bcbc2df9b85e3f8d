package tickets

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// ReasonIncident: many tickets look like one problem, and agents decide whether it is.
const ReasonIncident = "incident-proposed"

// maxEvidence is how many tickets a proposed incident names.
const maxEvidence = 100

// A Burst is so many accounts with urgent or high problems within a time, over numbers of one country: an incident is proposed.
type Burst struct {
	Accounts int // 0: none is ever proposed
	Within   time.Duration
}

// ProposeIncidents proposes an incident for each burst of tickets that there is, once, with an alarm.
func (d *Desk) ProposeIncidents(ctx context.Context) error {
	rule := d.policy.Burst
	if rule.Accounts <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, bulletinTime, ErrUnavailable)
	defer cancel()
	now := d.now()
	severe, err := d.Store.SevereTickets(ctx, now.Add(-rule.Within))
	if err != nil {
		return err
	}
	for region, burst := range d.bursts(severe) {
		if err := d.propose(ctx, region, burst, now); err != nil {
			return err
		}
	}
	return nil
}

// bursts are the tickets of each region with enough accounts.
func (d *Desk) bursts(severe []Ticket) map[string][]Ticket {
	byRegion := map[string][]Ticket{}
	for _, ticket := range severe {
		region := ""
		if d.Region != nil {
			region = d.Region(ticket.Called)
		}
		byRegion[region] = append(byRegion[region], ticket)
	}
	for region, burst := range byRegion {
		if accountsOf(burst) < d.policy.Burst.Accounts {
			delete(byRegion, region)
		}
	}
	return byRegion
}

func accountsOf(burst []Ticket) int {
	accounts := map[string]bool{}
	for _, ticket := range burst {
		accounts[ticket.Account] = true
	}
	return len(accounts)
}

// propose adds an incident with an alarm, unless there is one that explains the burst, or there was until just now.
func (d *Desk) propose(ctx context.Context, region string, burst []Ticket, now time.Time) error {
	since := now.Add(-d.policy.Burst.Within)
	explains := func(i Incident) bool {
		return i.Touches(region) && (i.State != IncidentResolved || i.Changed.After(since))
	}
	if slices.ContainsFunc(d.read(), explains) {
		return nil
	}
	id := newIncidentID()
	return d.Store.AmendIncidents(ctx, func(docket *Docket) error {
		if slices.ContainsFunc(docket.Incidents, explains) {
			return nil
		}
		incident := Incident{ID: id, State: IncidentProposed, Priority: P2, By: WhoGateway, Created: now, Changed: now}
		if region != "" {
			incident.Regions = []string{region}
		}
		for _, ticket := range burst {
			incident.Priority = min(incident.Priority, ticket.Priority)
			if len(incident.Tickets) < maxEvidence {
				incident.Tickets = append(incident.Tickets, ticket.Number)
			}
		}
		docket.Save(incident)
		docket.Add(Notice{
			ID: "alarm:" + ReasonIncident + ":" + id, Kind: Alarm, Reason: ReasonIncident, To: id, Created: now, Due: now,
			Detail: detail("region", region, "accounts", strconv.Itoa(accountsOf(burst)), "tickets", strconv.Itoa(len(burst))),
		})
		return nil
	})
}

// read are the incidents that are not resolved, as last read.
func (d *Desk) read() []Incident {
	d.bulletin.mu.Lock()
	defer d.bulletin.mu.Unlock()
	return slices.Clone(d.bulletin.list)
}
