package ivr_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"readback/ivr"
	"readback/tickets"
)

var _ ivr.Desk = (*tickets.Desk)(nil)

// accounts of the tests, and their PINs.
var (
	northwind = tickets.Account{
		ID: "30471234", Name: "Northwind Robotics", Plan: "enterprise",
		Contacts: []tickets.Contact{
			{Name: "Ada Okafor", Phone: "+14155550100", Email: "ada@northwind.example"},
			{Name: "Tom Reyes", Phone: "+14155550101"},
		},
	}
	vauban = tickets.Account{
		ID: "60334455", Name: "Atelier Vauban", Plan: "pro",
		Contacts: []tickets.Contact{{Name: "Claire Petit", Phone: "+14155550160", Email: "claire@vauban.example"}},
	}
	quiet = tickets.Account{ID: "70445566", Name: "Sam Carter", Plan: "free"}

	pins = map[string]string{northwind.ID: "246810", vauban.ID: "112358", quiet.ID: "271828"}
)

func accounts() []tickets.Account { return []tickets.Account{northwind, vauban, quiet} }

// A desk is a ticket desk in memory, for conversations by the thousand. It fails where told to, and
// takes as long as told to.
type desk struct {
	away    bool // no account can be looked up
	full    bool // no ticket can be opened
	mute    bool // nothing can be acknowledged or sent
	joins   bool // there is a ticket of an earlier call to be joined
	slow    time.Duration
	serials int64
	known   []tickets.Incident // that callers are told of
	open    []tickets.Ticket   // that an account has from earlier calls
	blind   bool               // they cannot be read
	lost    bool               // no PIN can be checked

	mu      sync.Mutex
	tickets map[tickets.Number]tickets.Request
	told    map[tickets.Number]int // acknowledgements
	gone    map[tickets.Number]int // hang-ups
	mails   []string
	notes   []string
}

func newDesk() *desk {
	return &desk{
		tickets: map[tickets.Number]tickets.Request{}, told: map[tickets.Number]int{}, gone: map[tickets.Number]int{},
	}
}

func (d *desk) Recognize(_ context.Context, caller tickets.Caller) (tickets.Account, error) {
	if d.away {
		return tickets.Account{}, tickets.ErrUnavailable
	}
	for _, account := range accounts() {
		has := slices.ContainsFunc(account.Contacts, func(c tickets.Contact) bool { return c.Phone == caller.Number })
		if has && caller.Vouched {
			return account, nil
		}
	}
	return tickets.Account{}, tickets.ErrNotFound
}

func (d *desk) Identify(ctx context.Context, _ tickets.Caller, id string, pin tickets.PIN) (tickets.Account, error) {
	time.Sleep(d.slow)
	if d.away || d.lost {
		return tickets.Account{}, tickets.ErrUnavailable
	}
	account, err := d.Lookup(ctx, id)
	if right, _ := tickets.NewPIN(pins[id]); err != nil || pin != right {
		return tickets.Account{}, fmt.Errorf("identify: %w", tickets.ErrDenied)
	}
	return account, nil
}

func (d *desk) Lookup(_ context.Context, id string) (tickets.Account, error) {
	if d.away {
		return tickets.Account{}, tickets.ErrUnavailable
	}
	for _, account := range accounts() {
		if account.ID == id {
			return account, nil
		}
	}
	return tickets.Account{}, tickets.ErrNotFound
}

func (d *desk) Plan(account tickets.Account) tickets.Plan {
	plan, _ := tickets.DefaultPolicy().Plan(account.Plan)
	return plan
}

func (d *desk) Touching(region string) []tickets.Incident {
	return slices.DeleteFunc(slices.Clone(d.known), func(i tickets.Incident) bool { return !i.Touches(region) })
}

func (d *desk) HasSound(digest string) bool { return digest == "a-voice" }

func (d *desk) OpenTickets(_ context.Context, account string) ([]tickets.Ticket, error) {
	if d.blind {
		return nil, tickets.ErrUnavailable
	}
	return slices.DeleteFunc(slices.Clone(d.open), func(t tickets.Ticket) bool { return t.Account != account }), nil
}

// numbers are those of the tickets that there were.
func (d *desk) numbers() []tickets.Number {
	var all []tickets.Number
	for _, ticket := range d.open {
		all = append(all, ticket.Number)
	}
	return all
}

func (d *desk) LeaveNote(ctx context.Context, number tickets.Number, note tickets.Note) error {
	if d.mute || ctx.Err() != nil {
		return tickets.ErrUnavailable
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notes = append(d.notes, string(number)+" "+note.Recording)
	return nil
}

func (d *desk) Open(ctx context.Context, request tickets.Request) (tickets.Ticket, error) {
	time.Sleep(d.slow)
	if d.full {
		return tickets.Ticket{}, fmt.Errorf("open: %w", tickets.ErrUnavailable)
	}
	if err := context.Cause(ctx); err != nil {
		return tickets.Ticket{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	number, err := tickets.NumberOf(d.serials)
	if err != nil {
		return tickets.Ticket{}, err
	}
	d.serials++
	d.tickets[number] = request
	policy := tickets.DefaultPolicy()
	priority := policy.Priority(request.Kind, request.Priority, request.Verified)
	ticket := tickets.Ticket{
		Number: number, Incident: request.Incident, Kind: request.Kind, Priority: priority, Received: request.Received.Truncate(time.Microsecond),
		Due: request.Received.Truncate(time.Microsecond).Add(24 * time.Hour), CallID: request.CallKey,
		Verified: request.Account != nil && request.Verified,
	}
	if d.joins {
		ticket.CallID, ticket.Received = "call-0", ticket.Received.Add(-time.Minute)
	}
	if ticket.Verified {
		ticket.Account, ticket.Email = request.Account.ID, request.Account.Email()
	}
	return ticket, nil
}

func (d *desk) exists(number string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.tickets[tickets.Number(number)]
	return ok
}

func (d *desk) Acknowledge(ctx context.Context, number tickets.Number, _ tickets.Acknowledgement) error {
	if d.mute || ctx.Err() != nil {
		return tickets.ErrUnavailable
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told[number]++
	return nil
}

func (d *desk) HungUp(ctx context.Context, number tickets.Number) error {
	if d.mute || ctx.Err() != nil {
		return tickets.ErrUnavailable
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone[number]++
	return nil
}

func (d *desk) SendNumber(_ context.Context, number tickets.Number) error {
	return d.send("number " + string(number))
}

func (d *desk) SendLinks(_ context.Context, account tickets.Account, _ string) error {
	return d.send("links " + account.Email())
}

func (d *desk) send(mail string) error {
	if d.mute {
		return tickets.ErrUnavailable
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mails = append(d.mails, mail)
	return nil
}

func (d *desk) Goodbye(context.Context, string) error {
	if d.mute {
		return tickets.ErrUnavailable
	}
	return nil
}
