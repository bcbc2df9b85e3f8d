package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

func testIncidents(t *testing.T, open func(*testing.T) tickets.Store) {
	for name, test := range map[string]func(*testing.T, *office){
		"callers of its regions are told, until it is resolved":  testAnnounced,
		"a caller who attaches has a ticket of the incident":     testAttached,
		"resolving tells everyone attached, once":                testResolved,
		"news go out when they shall":                            testNews,
		"recordings are kept by language":                        testIncidentSounds,
		"many accounts with severe tickets propose one incident": testBurst,
		"a burst that agents know of proposes none":              testExplainedBurst,
		"what is wrong with an incident is said":                 testBadIncidents,
	} {
		t.Run(name, func(t *testing.T) { test(t, newOffice(t, open(t))) })
	}
}

var outage = tickets.IncidentChange{
	By: "ann", Priority: tickets.P1, Regions: []string{"US", "AU"}, Products: []string{"api"},
	Text: map[string]string{"en-US": "Logins fail.", "fr-FR": "Les connexions échouent."},
}

func (b *bench) declare(id string, change tickets.IncidentChange) tickets.Incident {
	b.t.Helper()
	incident, err := b.Declare(b.t.Context(), id, change)
	if err != nil {
		b.t.Fatal(err)
	}
	return incident
}

// announced checks the incidents that callers of a region are told of.
func (b *bench) announced(region string, want ...string) {
	b.t.Helper()
	if err := b.ReadIncidents(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	var got []string
	for _, incident := range b.Touching(region) {
		got = append(got, incident.ID)
	}
	if !slices.Equal(got, want) {
		b.t.Errorf("callers of %s are told of %q, want %q", region, got, want)
	}
}

func testAnnounced(t *testing.T, o *office) {
	o.announced("US")
	first := o.declare("", outage)
	o.pass(time.Minute)
	everywhere := o.declare("", tickets.IncidentChange{By: "bob", Text: map[string]string{"en": "Calls drop."}})
	o.announced("US", everywhere.ID, first.ID)
	o.announced("GB", everywhere.ID)
	if everywhere.Priority != tickets.P2 || first.Priority != tickets.P1 {
		t.Errorf("priorities %v and %v, want P2 unless another one is given", everywhere.Priority, first.Priority)
	}
	changed, err := o.UpdateIncident(t.Context(), first.ID, tickets.IncidentChange{By: "bob", Regions: []string{"GB"}, Text: map[string]string{"fr-FR": ""}})
	if err != nil || changed.By != "bob" || changed.Text["en-US"] == "" || len(changed.Text) != 1 || changed.News != 0 {
		t.Errorf("after a change %+v, %v; want another region, and the French text gone", changed, err)
	}
	o.announced("GB", everywhere.ID, first.ID)
	o.announced("US", everywhere.ID)
	if _, err := o.Resolve(t.Context(), everywhere.ID, tickets.Resolution{By: "ann"}); err != nil {
		t.Fatal(err)
	}
	o.announced("US")
	all, err := o.Incidents(t.Context(), true)
	if err != nil || len(all) != 2 || all[0].ID != everywhere.ID || all[0].State != tickets.IncidentResolved || !all[0].Resolved.Equal(o.now()) {
		t.Errorf("all incidents are %+v, %v; want both, the later one first and resolved", all, err)
	}
}

// attach opens a ticket of a caller who says that it is the incident.
func (b *bench) attach(incident tickets.Incident, account tickets.Account) tickets.Ticket {
	b.t.Helper()
	request := b.request()
	request.Account, request.Incident, request.Priority = &account, incident.ID, incident.Priority
	return b.open(request)
}

func testAttached(t *testing.T, o *office) {
	o.Paging = true
	incident := o.declare("", outage)
	ticket := o.attach(incident, acme())
	if ticket.Incident != incident.ID || ticket.Priority != tickets.P1 {
		t.Errorf("the ticket is %v of incident %q", ticket.Priority, ticket.Incident)
	}
	events, err := o.Store.Events(t.Context(), ticket.Number)
	if err != nil || len(events) != 2 || events[1].What != tickets.EventAttached || events[1].Detail["incident"] != incident.ID || events[0].Detail["pressed"] != "" {
		t.Errorf("events %+v, %v; want received, without a key for a priority, and attached", events, err)
	}
	if _, paged := o.notices(ticket.Number)[tickets.Page]; paged {
		t.Error("an engineer is woken for a ticket of an incident that is known")
	}
	request := o.request()
	request.Account, request.Priority = nil, tickets.P1
	request.Incident = incident.ID
	unknown := o.open(request)
	if _, alarm := o.notices(unknown.Number)[tickets.Alarm]; alarm && o.notices(unknown.Number)[tickets.Alarm].Reason == tickets.ReasonUnverifiedP1 {
		t.Error("agents are alarmed about an unknown caller of an incident that is known")
	}
	o.pass(time.Hour)
	plain := o.open(o.request())
	o.pass(10 * time.Second)
	again := o.request()
	again.Incident = incident.ID
	if joined := o.open(again); joined.Number != plain.Number || joined.Incident != incident.ID || o.count(plain.Number, tickets.EventAttached) != 1 {
		t.Errorf("a call that joins has ticket %s of incident %q, want %s of %s", joined.Number, joined.Incident, plain.Number, incident.ID)
	}
	o.pass(time.Hour)
	other := o.open(o.request())
	for range 2 {
		if err := o.Attach(t.Context(), other.Number, incident.ID, "ann"); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.count(other.Number, tickets.EventAttached); got != 1 {
		t.Errorf("an agent's attaching is noted %d times, want once", got)
	}
	attached, err := o.Store.TicketsOfIncident(t.Context(), incident.ID, "", 0)
	if err != nil || len(attached) != 4 {
		t.Errorf("%d tickets of the incident, %v, want 4", len(attached), err)
	}
}

func testResolved(t *testing.T, o *office) {
	incident := o.declare("", outage)
	french, mute := acme(), acme()
	french.ID, french.Language = "50223344", "fr-FR"
	mute.ID, mute.Contacts = "60334455", nil
	told, silent := o.attach(incident, acme()), o.attach(incident, mute)
	request := o.request()
	request.Account, request.Incident, request.Language = &french, incident.ID, "fr-FR"
	autre := o.open(request)
	bystander := o.open(o.request())
	o.pass(time.Hour)
	resolution := tickets.Resolution{By: "ann", Tickets: true, Text: map[string]string{"en-US": "Logins work again.", "fr-FR": "C'est réparé."}}
	if _, err := o.Resolve(t.Context(), incident.ID, resolution); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nobody left to tell
		o.work(t, incident.ID)
	}
	for number, text := range map[tickets.Number]string{told.Number: "Logins work again.", autre.Number: "C'est réparé."} {
		letter := o.notices(number)[tickets.IncidentByEmail]
		if letter.To != "ann@example.com" || letter.Detail["text"] != text || !letter.Due.Equal(o.now()) {
			t.Errorf("the letter about %s is %+v, want %q now", number, letter, text)
		}
	}
	if _, sent := o.notices(silent.Number)[tickets.IncidentByEmail]; sent {
		t.Error("a letter to nobody")
	}
	for _, number := range []tickets.Number{told.Number, silent.Number, autre.Number} {
		ticket, err := o.Store.Ticket(t.Context(), number)
		if err != nil || ticket.Status != tickets.StatusResolved || o.count(number, tickets.EventIncident) != 1 {
			t.Errorf("ticket %s is %s with %d events of news, %v; want resolved, told once", number, ticket.Status, o.count(number, tickets.EventIncident), err)
		}
	}
	if ticket, err := o.Store.Ticket(t.Context(), bystander.Number); err != nil || ticket.Status != tickets.StatusOpen {
		t.Errorf("a ticket that has nothing to do with it is %s, %v", ticket.Status, err)
	}
	if _, err := o.UpdateIncident(t.Context(), incident.ID, outage); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("changing a resolved incident: %v, want ErrInvalid", err)
	}
}

// work has the clerk tell those attached to an incident.
func (o *office) work(t *testing.T, incident string) {
	t.Helper()
	rows, err := o.Store.Notices(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	worked := false
	for _, row := range rows {
		if row.Kind != tickets.IncidentNews || row.To != incident {
			continue
		}
		if err := o.clerk.Work(t.Context(), row.ID); err != nil {
			t.Fatal(err)
		}
		worked = true
	}
	if !worked {
		t.Error("nobody is to be told")
	}
}

func testNews(t *testing.T, o *office) {
	incident := o.declare("", outage)
	ticket := o.attach(incident, acme())
	news := tickets.IncidentChange{By: "ann", Text: map[string]string{"en-US": "We have found the cause."}}
	if _, err := o.UpdateIncident(t.Context(), incident.ID, news); err != nil {
		t.Fatal(err)
	}
	if told, err := o.Spread(t.Context(), incident.ID); told != 0 || err != nil {
		t.Errorf("%d were told of a change that nobody was to be told of, %v", told, err)
	}
	news.Tell = true
	if _, err := o.UpdateIncident(t.Context(), incident.ID, news); err != nil {
		t.Fatal(err)
	}
	o.work(t, incident.ID)
	if _, err := o.Resolve(t.Context(), incident.ID, tickets.Resolution{By: "ann"}); err != nil {
		t.Fatal(err)
	}
	o.work(t, incident.ID)
	o.pass(5 * time.Minute)
	late := o.attach(incident, acme()) // on a call that had begun before
	o.pass(5 * time.Minute)
	o.work(t, incident.ID)
	for number, want := range map[tickets.Number]int{ticket.Number: 2, late.Number: 1} {
		if got := o.count(number, tickets.EventIncident); got != want {
			t.Errorf("the customer of %s was told %d times, want %d", number, got, want)
		}
	}
	if read, err := o.Store.Ticket(t.Context(), ticket.Number); err != nil || read.Status != tickets.StatusOpen {
		t.Errorf("the ticket is %s, %v; want it open: nobody said that it is resolved", read.Status, err)
	}
}

func testIncidentSounds(t *testing.T, o *office) {
	spoken := outage
	spoken.WAV = map[string][]byte{"en-US": []byte("RIFF, a voice"), "fr-FR": []byte("RIFF, une voix")}
	incident := o.declare("", spoken)
	o.announced("US", incident.ID)
	announced := o.Touching("US")[0]
	for language, want := range map[string]string{"en-US": "RIFF, a voice", "en-AU": "RIFF, a voice", "fr-FR": "RIFF, une voix", "fr-CA": "RIFF, une voix"} {
		_, digest, ok := announced.Said(language)
		wav, read := o.IncidentSound(digest)
		if !ok || !read || string(wav) != want {
			t.Errorf("in %s callers hear %q, %v, %v; want %q", language, wav, ok, read, want)
		}
	}
	if _, _, ok := announced.Said("de-DE"); ok {
		t.Error("there is a sound in German")
	}
	if _, err := o.UpdateIncident(t.Context(), incident.ID, tickets.IncidentChange{By: "ann", WAV: map[string][]byte{"fr-FR": nil, "en-US": []byte("RIFF, newer")}}); err != nil {
		t.Fatal(err)
	}
	o.announced("US", incident.ID)
	announced = o.Touching("US")[0]
	_, digest, _ := announced.Said("en-US")
	wav, _ := o.IncidentSound(digest)
	if _, _, french := announced.Said("fr-FR"); french || string(wav) != "RIFF, newer" {
		t.Errorf("after a change callers hear %q, and French: %v", wav, french)
	}
	if _, err := o.Store.IncidentSound(t.Context(), incident.ID, "fr-FR"); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("a sound that was taken away: %v, want ErrNotFound", err)
	}
}

// severe opens a ticket of an account over a number.
func (b *bench) severe(account int, priority tickets.Priority, called string) tickets.Ticket {
	customer := acme()
	customer.ID = fmt.Sprint(40000000 + account)
	request := b.request()
	request.Account, request.Priority, request.Called = &customer, priority, called
	return b.open(request)
}

// proposed are the incidents there are, after a look for new ones.
func (b *bench) proposed() []tickets.Incident {
	b.t.Helper()
	if err := b.ProposeIncidents(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	all, err := b.Incidents(b.t.Context(), true)
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func burstOffice(o *office) {
	policy := tickets.DefaultPolicy()
	policy.Burst = tickets.Burst{Accounts: 3, Within: 15 * time.Minute}
	o.Policy = policy
	o.Region = func(called string) string {
		return map[bool]string{true: "US", false: "GB"}[strings.HasPrefix(called, "+1")]
	}
}

func testBurst(t *testing.T, o *office) {
	burstOffice(o)
	for range 3 {
		o.severe(1, tickets.P1, "+18887999666")
		o.pass(2 * time.Minute)
	}
	o.severe(2, tickets.P2, "+16503976096")
	o.severe(3, tickets.P3, "+16503976096")
	o.severe(4, tickets.P1, "+442038905445")
	if got := o.proposed(); len(got) != 0 {
		t.Fatalf("too soon %+v is proposed", got)
	}
	o.pass(14 * time.Minute)
	o.severe(5, tickets.P2, "+16503976096")
	o.severe(6, tickets.P2, "+16503976096")
	together(4, func(int) {
		if err := o.ProposeIncidents(patience(t)); err != nil {
			t.Error(err)
		}
	})
	all := o.proposed()
	if len(all) != 1 || all[0].State != tickets.IncidentProposed || !slices.Equal(all[0].Regions, []string{"US"}) || len(all[0].Tickets) != 3 || all[0].Priority != tickets.P2 {
		t.Fatalf("proposed %+v, want one for the three tickets in the US", all)
	}
	o.announced("US")
	rows, err := o.Store.Notices(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	alarms := slices.DeleteFunc(rows, func(n tickets.Notice) bool { return n.Reason != tickets.ReasonIncident })
	if len(alarms) != 1 || alarms[0].Kind != tickets.Alarm || alarms[0].To != all[0].ID || alarms[0].Detail["accounts"] != "3" {
		t.Errorf("alarms %+v, want one about the incident", alarms)
	}
	o.clerk.Pagers = []tickets.Pager{siren{o}}
	if err := o.clerk.Work(t.Context(), alarms[0].ID); err != nil || !strings.HasSuffix(strings.Join(o.done(), "\n"), "raise incident-proposed") {
		t.Errorf("agents were not alarmed: %q, %v", o.done(), err)
	}
	declared := o.declare(all[0].ID, outage)
	if declared.ID != all[0].ID || declared.State != tickets.IncidentDeclared {
		t.Errorf("declared %+v, want the proposed one", declared)
	}
	o.announced("US", declared.ID)
	o.work(t, declared.ID)
	for _, number := range all[0].Tickets {
		if ticket, err := o.Store.Ticket(t.Context(), number); err != nil || ticket.Incident != declared.ID {
			t.Errorf("ticket %s belongs to incident %q, %v", number, ticket.Incident, err)
		}
	}
}

func testExplainedBurst(t *testing.T, o *office) {
	burstOffice(o)
	burst := func() {
		for account := range 3 {
			o.severe(10+account, tickets.P1, "+18887999666")
		}
	}
	incident := o.declare("", outage)
	burst()
	if got := o.proposed(); len(got) != 1 {
		t.Errorf("%d incidents, want none beside the declared one", len(got))
	}
	if _, err := o.Resolve(t.Context(), incident.ID, tickets.Resolution{By: "ann"}); err != nil {
		t.Fatal(err)
	}
	if got := o.proposed(); len(got) != 1 {
		t.Errorf("%d incidents, want none right after one was resolved", len(got))
	}
	o.pass(16 * time.Minute)
	burst()
	second := o.proposed()
	if len(second) != 2 || second[0].State != tickets.IncidentProposed {
		t.Fatalf("incidents %+v, want a new burst proposed", second)
	}
	if _, err := o.Resolve(t.Context(), second[0].ID, tickets.Resolution{By: "ann"}); err != nil {
		t.Fatal(err)
	}
	if got := o.proposed(); len(got) != 2 {
		t.Errorf("%d incidents, want the one that agents turned down not proposed again", len(got))
	}
}

func testBadIncidents(t *testing.T, o *office) {
	for name, spoil := range map[string]func(*tickets.IncidentChange){
		"nobody does it":     func(c *tickets.IncidentChange) { c.By = "" },
		"a region":           func(c *tickets.IncidentChange) { c.Regions = []string{"us"} },
		"a priority":         func(c *tickets.IncidentChange) { c.Priority = 7 },
		"a long text":        func(c *tickets.IncidentChange) { c.Text = map[string]string{"en": strings.Repeat("x", 2001)} },
		"a hidden character": func(c *tickets.IncidentChange) { c.Text = map[string]string{"en": "\u202egnp"} },
		"a text's language":  func(c *tickets.IncidentChange) { c.Text = map[string]string{"english, please": "x"} },
		"a sound's language": func(c *tickets.IncidentChange) { c.WAV = map[string][]byte{"": []byte("RIFF")} },
		"a sound without end": func(c *tickets.IncidentChange) {
			c.WAV = map[string][]byte{"en": bytes.Repeat([]byte("x"), tickets.MaxSound+1)}
		},
		"too many regions": func(c *tickets.IncidentChange) { c.Regions = slices.Repeat([]string{"US"}, 51) },
	} {
		change := outage
		spoil(&change)
		if _, err := o.Declare(t.Context(), "", change); !errors.Is(err, tickets.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	if all, err := o.Incidents(t.Context(), true); err != nil || len(all) != 0 {
		t.Errorf("%d incidents of bad ones, %v", len(all), err)
	}
	if _, err := o.Declare(t.Context(), "inc-nosuch", outage); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("declaring what was never proposed: %v, want ErrNotFound", err)
	}
	incident := o.declare("", outage)
	if _, err := o.Declare(t.Context(), incident.ID, outage); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("declaring twice: %v, want ErrInvalid", err)
	}
	if err := o.Attach(t.Context(), "10000000", incident.ID, "ann"); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("attaching no ticket: %v, want ErrNotFound", err)
	}
	ticket := o.open(o.request())
	if err := o.Attach(t.Context(), ticket.Number, "inc-nosuch", "ann"); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("attaching to no incident: %v, want ErrNotFound", err)
	}
	if _, err := o.Resolve(t.Context(), incident.ID, tickets.Resolution{By: "ann"}); err != nil {
		t.Fatal(err)
	}
	if err := o.Attach(t.Context(), ticket.Number, incident.ID, "ann"); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("attaching to a resolved incident: %v, want ErrInvalid", err)
	}
}
