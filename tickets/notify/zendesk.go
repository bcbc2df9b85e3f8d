package notify

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"readback/tickets"
	"readback/tickets/egress"
)

// Bounds of what is asked of Zendesk.
const (
	zendeskPatience = 30 * time.Second
	zendeskUpload   = 5 * time.Minute // for a recording
	zendeskAnswer   = 8 << 20         // bytes of an answer
	maxRecording    = 50 << 20        // the largest attachment that Zendesk takes
	maxKnown        = 10_000          // tickets whose id there is remembered
)

// A ZendeskConfig says which Zendesk tickets are kept in step with, and as whom.
type ZendeskConfig struct {
	Name  string
	URL   string // like https://example.zendesk.com
	Email string // of the agent whose API token it is; empty: Token is an OAuth access token
	Token string
	// Fields are custom fields of tickets there, by their id: account, plan, number, priority, trunk, called or due of ours.
	Fields map[int64]string
	Tags   []string // put on new tickets
	Group  int64    // new tickets are assigned to it; zero: as Zendesk decides
	Brand  int64    // of new tickets; zero: the default one
	// Recording opens what a caller said, by the name in the ticket, and tells its size; fs.ErrNotExist: it is gone. Nil:
	// recordings stay here.
	Recording func(ctx context.Context, name string) (io.ReadCloser, int64, error)
	Link      string // of a ticket's page, with {number}; empty: none
	Plain     bool   // http:// is allowed
	Client    *egress.Client
	Now       func() time.Time // nil: time.Now
}

// A Zendesk keeps tickets in step with Zendesk Support, by its Ticketing API: each ticket here is one there, whose external id is
// its number. What happens here becomes internal comments, fields and attachments there; status changes and public comments
// there come back by Pull. It implements tickets.Mirror.
//
// Nothing is remembered but how to be quick: what was sent already is read from the other side, where each update carries
// the events it was made of in its metadata. That makes Push repeatable, and tells our own changes from those of others.
type Zendesk struct {
	config ZendeskConfig
	url    *url.URL
	login  string // Authorization
	now    func() time.Time

	mu    sync.Mutex
	until time.Time // nothing is asked before: the rate limit is used up
	known map[tickets.Number]int64
}

var _ tickets.Mirror = (*Zendesk)(nil)

// NewZendesk checks the configuration; its errors hold no secrets. The client's bounds are set to what Zendesk needs.
func NewZendesk(c ZendeskConfig) (*Zendesk, error) {
	u, err := egress.Target(c.URL, c.Plain)
	if err != nil {
		return nil, fmt.Errorf("zendesk: %w", err)
	}
	if c.Token == "" {
		return nil, fmt.Errorf("zendesk: there is no token to log in with")
	}
	for id, source := range c.Fields {
		if fieldOf(tickets.Ticket{}, source) == nil {
			return nil, fmt.Errorf("zendesk: custom field %d is filled from %q, which is nothing of a ticket", id, source)
		}
	}
	z := &Zendesk{config: c, url: u, login: "Bearer " + c.Token, now: clock(c.Now), known: map[tickets.Number]int64{}}
	if c.Email != "" {
		z.login = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Email+"/token:"+c.Token))
	}
	if c.Client == nil {
		z.config.Client = &egress.Client{}
	}
	z.config.Client.Patience, z.config.Client.Answer = zendeskPatience, zendeskAnswer
	return z, nil
}

// Name implements tickets.Mirror.
func (z *Zendesk) Name() string { return z.config.Name }

func (z *Zendesk) idOf(number tickets.Number) int64 {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.known[number]
}

func (z *Zendesk) remember(number tickets.Number, id int64) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if len(z.known) >= maxKnown {
		clear(z.known)
	}
	z.known[number] = id
}
