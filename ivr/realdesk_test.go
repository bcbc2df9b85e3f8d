package ivr_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/ivr"
	"readback/tickets"
	"readback/tickets/sqlite"
)

// The first ticket numbers of a store.
const (
	first  = "10000004"
	second = "65623075"
)

var opened = `
	hears welcome
	presses 2
	hears recognized severity
	presses 2
	hears describe
	presses 2
	hears callback-is
	presses 1
	`

// again is opened by a customer who has an open ticket by now, and another problem.
var again = strings.Replace(opened, "hears recognized severity", "hears recognized open-choices\n\tpresses 2\n\thears severity", 1)

// histories are calls one after the other, at one real desk on a real store, with what is in the store
// after them.
var histories = map[string]struct {
	calls []call
	store string
}{
	"read to the end": {
		calls: []call{{play: opened + `hears ticket-registered ` + first + ` ticket-repeat ` + first + ` priority-2 choice-again choice-end goodbye`}},
		store: `
			ticket 10000004 30471234 P2 due after 4h0m0s told by readback
			notice acknowledge-by-email cancelled
			notice alarm cancelled`,
	},
	"gone within the number": {
		calls: []call{{play: opened + `hears ticket-registered 1
			hangs up`}},
		store: `
			ticket 10000004 30471234 P2 due after 4h0m0s
			notice acknowledge-by-email due now
			notice alarm due later`,
	},
	"gone after the key for the priority, and called again by the carrier": {
		calls: []call{
			{play: `
				hears welcome
				presses 2
				hears recognized severity
				presses 2
				hears describe
				hangs up`},
			{after: 20 * time.Second, play: opened + `hears ticket-joined ticket-registered ` + first + ` ticket-repeat ` + first + ` priority-2 choice-again choice-end goodbye`},
		},
		store: `
			ticket 10000004 30471234 P2 due after 4h0m0s told by readback
			notice acknowledge-by-email cancelled
			notice alarm cancelled`,
	},
	"called again after the goodbye": {
		calls: []call{
			{play: opened + `hears ticket-registered ` + first + ` ticket-repeat ` + first + ` priority-2 choice-again choice-end goodbye`},
			{play: again + `hears ticket-registered ` + second + ` ticket-repeat ` + second + ` priority-2 choice-again choice-end goodbye`},
		},
		store: `
			ticket 10000004 30471234 P2 due after 4h0m0s told by readback
			notice acknowledge-by-email cancelled
			notice alarm cancelled
			ticket 65623075 30471234 P2 due after 4h0m0s told by readback
			notice acknowledge-by-email cancelled
			notice alarm cancelled`,
	},
	"called again about the same": {
		calls: []call{
			{play: opened + `hears ticket-registered 1
				hangs up`},
			{after: time.Hour, play: `
				hears welcome
				presses 2
				hears recognized open-choices
				presses 1
				hears pin
				presses 246810#
				hears status-ticket ` + first + ` status-open priority-2 status-changed ago-2h status-note
				presses 1
				hears note-describe tone
				speaks 5s
				presses #
				hears note-saved status-note status-new choice-end goodbye`},
		},
		store: `
			ticket 10000004 30471234 P2 due after 4h0m0s told by readback
			notice acknowledge-by-email cancelled
			notice alarm cancelled`,
	},
	"locked out, and still served": {
		calls: []call{
			{caller: somebody, play: wrongPIN(3) + `hears identify-failed describe-without-keys
				hangs up`},
			{caller: somebody, after: time.Minute, play: wrongPIN(2) + `hears identify-wrong account
				presses 30471234#
				hears pin
				presses 246810#
				hears identify-failed describe-without-keys record-notice tone
				speaks 4s
				hears ticket-registered ` + first + ` ticket-repeat ` + first + ` unverified within-24h choice-again choice-end goodbye`},
		},
		store: `
			ticket 10000004  P3 due after 24h0m0s told by readback
			notice acknowledge-by-agent cancelled
			notice alarm cancelled`,
	},
}

// A call of a history.
type call struct {
	after  time.Duration // the one before
	caller tickets.Caller
	play   string
}

// wrongPIN is a caller who dials 2 and tries so many wrong PINs.
func wrongPIN(times int) string {
	try := `account
		presses 30471234#
		hears pin
		presses 999999#
		`
	return `hears welcome
		presses 2
		hears ` + strings.TrimSuffix(strings.Repeat(try+`hears identify-wrong `, times), `hears identify-wrong `)
}

func TestAtTheRealDesk(t *testing.T) {
	for name, history := range histories {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newStore(t)
				desk := newRealDesk(t, store)
				for i, call := range history.calls {
					time.Sleep(call.after)
					call.take(t, desk, store, fmt.Sprintf("call-%d", i))
				}
				if diff := cmp.Diff(trimmed(history.store), contents(t, store)); diff != "" {
					t.Errorf("the store is different (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func newStore(t *testing.T) *sqlite.Store {
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}

func newRealDesk(t *testing.T, store *sqlite.Store) *tickets.Desk {
	desk := &tickets.Desk{
		Store: store, Pepper: []byte("salt is not pepper"), Cost: tickets.Cost{Memory: 8, Passes: 1}, Mail: true,
	}
	all := accounts()
	for i, account := range all {
		pin, err := tickets.NewPIN(pins[account.ID])
		if err != nil {
			t.Fatal(err)
		}
		if all[i].PINHash, err = desk.Hash(t.Context(), pin); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.PutAccounts(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	return desk
}

func (c call) take(t *testing.T, desk *tickets.Desk, store *sqlite.Store, key string) {
	ctx, hangUp := context.WithCancelCause(t.Context())
	defer hangUp(nil)
	caller := c.caller
	if caller == (tickets.Caller{}) {
		caller = ada
	}
	caller.CallKey = key
	phone := newPhone(t, "en-US", c.play, hangUp)
	phone.exists = func(number string) bool {
		_, err := store.Ticket(t.Context(), tickets.Number(number))
		return err == nil
	}
	script := ivr.Script{Desk: desk, Numbering: numbering{}}
	in := scene{caller: caller}.call()
	in.Key = key
	if _, err := script.Run(ctx, phone, in); err != nil && context.Cause(ctx) == nil {
		t.Error(err)
	}
	synctest.Wait()
	if diff := cmp.Diff(trimmed(c.play), phone.transcript()); diff != "" {
		t.Errorf("%s went another way (-want +got):\n%s", key, diff)
	}
}

// contents is what the store holds, a line each.
func contents(t *testing.T, store *sqlite.Store) string {
	var lines []string
	all, err := store.ListTickets(t.Context(), tickets.TicketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, ticket := range all {
		line := fmt.Sprintf("ticket %s %s %s due after %s", ticket.Number, ticket.Account, ticket.Priority, ticket.Due.Sub(ticket.Received))
		if !ticket.Acknowledged.IsZero() {
			line += " told by " + ticket.AcknowledgedBy
		}
		lines = append(lines, line)
		notices, err := store.Notices(t.Context(), ticket.Number, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, notice := range notices {
			state := "due later"
			if !notice.Cancelled.IsZero() {
				state = "cancelled"
			} else if !notice.Due.After(time.Now()) {
				state = "due now"
			}
			lines = append(lines, fmt.Sprintf("notice %s %s", notice.Kind, state))
		}
	}
	return strings.Join(lines, "\n")
}
