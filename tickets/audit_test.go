package tickets_test

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

var (
	auditDay = time.Date(2026, time.March, 4, 0, 0, 0, 0, time.UTC)
	nodeKey  = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
)

// chain is the events of a ticket, an hour apart, chained.
func chain(number tickets.Number, whats ...string) []tickets.Link {
	var all []tickets.Link
	head := tickets.Digest{}
	for i, what := range whats {
		at := auditDay.Add(time.Duration(i+1) * time.Hour)
		l := tickets.Seal(tickets.Event{Ticket: number, At: at, Who: "caller", What: what, Detail: map[string]string{"caller": "+14155550100"}}, at)
		head = l.After(head)
		l.Seq, l.Head = i+1, head
		all = append(all, l)
	}
	return all
}

func listOf(day time.Time, before *tickets.HeadList, chains ...[]tickets.Link) *tickets.HeadList {
	list := tickets.HeadList{Day: day.Format(time.DateOnly), Node: "a", Store: "s"}
	for _, links := range chains {
		last := links[len(links)-1]
		list.Heads = append(list.Heads, tickets.Head{Ticket: last.Ticket, Length: len(links), Head: last.Head})
	}
	if before != nil {
		digest := before.Digest()
		list.Previous = &digest
	}
	list.Sign(nodeKey)
	return &list
}

// What somebody can do who may write into the database, but has no key of a node.
func TestAuditNames(t *testing.T) {
	one, two := chain("10000004", "received", "note", "acknowledged"), chain("20000008", "received")
	first := listOf(auditDay, nil, one, two)
	second := listOf(auditDay.AddDate(0, 0, 1), first)
	type store struct {
		lists []*tickets.HeadList
		all   [][]tickets.Link
	}
	renumber := func(links []tickets.Link) []tickets.Link {
		head := tickets.Digest{}
		for i := range links {
			head = links[i].After(head)
			links[i].Seq, links[i].Head = i+1, head
		}
		return links
	}
	for name, test := range map[string]struct {
		change func(*store)
		want   string // in the only fault, or the first
	}{
		"nothing":                    {func(*store) {}, ""},
		"a changed event":            {func(s *store) { s.all[0][1].What = "gone" }, "ticket 10000004, event 2: it was changed"},
		"a changed chain":            {func(s *store) { s.all[0][1].What = "gone"; renumber(s.all[0]) }, "ticket 10000004: its first 3 events are not those listed on 2026-03-04"},
		"an event taken out":         {func(s *store) { s.all[0] = slices.Delete(s.all[0], 1, 2) }, "ticket 10000004, event 2: it is numbered 3"},
		"and the chain made again":   {func(s *store) { s.all[0] = renumber(slices.Delete(s.all[0], 1, 2)) }, "ticket 10000004: it has 2 events, 3 were listed on 2026-03-04: the last are missing"},
		"the last event taken out":   {func(s *store) { s.all[0] = s.all[0][:2] }, "ticket 10000004: it has 2 events, 3 were listed"},
		"an event put in":            {func(s *store) { s.all[0] = renumber(slices.Insert(s.all[0], 1, s.all[1][0])) }, "ticket 10000004, event 2: it belongs to another ticket"},
		"one at the end, late":       {func(s *store) { s.all[1] = chain("20000008", "received", "note") }, "ticket 20000008: its first 1 events are not those listed"},
		"a ticket taken out":         {func(s *store) { s.all = s.all[:1] }, "ticket 20000008: it is missing; it was listed on 2026-03-04"},
		"a ticket put in":            {func(s *store) { s.all = append(s.all, chain("30000007", "received")) }, "ticket 30000007, event 1: it is in no list up to 2026-03-05: it was put in later"},
		"a ticket there twice":       {func(s *store) { s.all = append(s.all, s.all[0]) }, "ticket 10000004: it is there twice"},
		"an erased text":             {func(s *store) { s.all[1][0].Personal = nil }, "ticket 20000008, event 1: the text of caller is missing, and nobody erased it"},
		"a changed text":             {func(s *store) { s.all[1][0].Personal[0].Text = "+14155550101" }, "ticket 20000008, event 1: the text of caller was changed"},
		"a changed list":             {func(s *store) { s.lists[0].Heads = s.lists[0].Heads[:1] }, "the list of 2026-03-04: its signature is wrong"},
		"a list by somebody else":    {func(s *store) { s.lists[1].Sign(ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32)))) }, "the list of 2026-03-05: it is signed by a key that is not trusted"},
		"the first list taken out":   {func(s *store) { s.lists = s.lists[1:] }, "the list of 2026-03-05: the list before it is missing"},
		"the last list taken out":    {func(s *store) { s.lists = s.lists[:1] }, "the list of 2026-03-05: it is missing"},
		"all lists taken out":        {func(s *store) { s.lists = nil }, "the list of 2026-03-04: it is missing"},
		"a list of another store":    {func(s *store) { s.lists[1].Store = "t"; s.lists[1].Sign(nodeKey) }, "the list of 2026-03-05: it is of another store"},
		"a list that follows none":   {func(s *store) { s.lists[1] = listOf(auditDay.AddDate(0, 0, 1), s.lists[1]) }, "the list of 2026-03-05: it does not follow the one before it"},
		"a list in between":          {func(s *store) { s.lists[1] = listOf(auditDay.AddDate(0, 0, 2), s.lists[0]) }, "the list of 2026-03-05: it is missing"},
		"lists in the wrong order":   {func(s *store) { s.lists[0], s.lists[1] = s.lists[1], s.lists[0] }, "the list of 2026-03-05: the list before it is missing"},
		"a list of the end of times": {func(s *store) { s.lists[1] = listOf(auditDay.AddDate(7000, 0, 0), s.lists[0]) }, "the list of 2026-03-05: it is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			s := store{all: [][]tickets.Link{clone(one), clone(two)}}
			for _, list := range []*tickets.HeadList{first, second} {
				copied := *list
				copied.Heads = slices.Clone(list.Heads)
				s.lists = append(s.lists, &copied)
			}
			test.change(&s)
			audit := tickets.Audit{Keys: []ed25519.PublicKey{nodeKey.Public().(ed25519.PublicKey)}, Until: "2026-03-05"}
			for _, list := range s.lists {
				audit.List(*list)
			}
			for _, links := range s.all {
				number := tickets.Number("10000004")
				if len(links) > 0 {
					number = links[0].Ticket
				}
				audit.Ticket(number, links)
			}
			audit.End()
			switch {
			case test.want == "" && len(audit.Faults) > 0:
				t.Errorf("faults in a good store: %v", audit.Faults)
			case test.want != "" && (len(audit.Faults) == 0 || !strings.HasPrefix(audit.Faults[0].String(), test.want)):
				t.Errorf("got %v, want %s", audit.Faults, test.want)
			case len(audit.Faults) > 1000:
				t.Errorf("%d faults are told", len(audit.Faults))
			}
		})
	}
}

func clone(links []tickets.Link) []tickets.Link {
	links = slices.Clone(links)
	for i := range links {
		links[i].Personal = slices.Clone(links[i].Personal)
	}
	return links
}

// FuzzReadExport: whatever a file holds, it is read to its end.
func FuzzReadExport(f *testing.F) {
	f.Add([]byte("{}\n{\"end\":{}}\n"))
	f.Add([]byte(`{"export":{"format":"readback tickets 1"}}` + "\n" + `{"heads":{"day":"0001-01-01"}}` + "\n" + `{"heads":{"day":"9999-12-31"}}` + "\n" + `{"dossier":{"ticket":{},"events":[{}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var a tickets.Audit
		if err := tickets.ReadExport(strings.NewReader(string(data)), &a); err != nil {
			t.Fatal(err)
		}
		if len(a.Faults) == 0 {
			t.Error("a file without a trusted key is believed")
		}
	})
}
