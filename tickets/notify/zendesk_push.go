package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"readback/tickets"
)

const maxPages = 50 // of 100 audits

// theirTicket is a ticket over there, as far as it is sent or read.
type theirTicket struct {
	ID         int64          `json:"id,omitempty"`
	ExternalID string         `json:"external_id,omitempty"`
	Subject    string         `json:"subject,omitempty"`
	Comment    *theirComment  `json:"comment,omitempty"`
	Requester  *theirUser     `json:"requester,omitempty"`
	Status     string         `json:"status,omitempty"`
	Priority   string         `json:"priority,omitempty"`
	Tags       []string       `json:"tags,omitempty"`
	Group      int64          `json:"group_id,omitempty"`
	Brand      int64          `json:"brand_id,omitempty"`
	Assignee   int64          `json:"assignee_id,omitempty"`
	Fields     []theirField   `json:"custom_fields,omitempty"`
	Metadata   *theirMetadata `json:"metadata,omitempty"`
}

type theirComment struct {
	Body    string   `json:"body"`
	Public  bool     `json:"public"`
	Uploads []string `json:"uploads,omitempty"`
}

type theirUser struct {
	ID    int64  `json:"id,omitempty"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

type theirField struct {
	ID    int64 `json:"id"`
	Value any   `json:"value"`
}

// theirMetadata goes with an update, and is found in its audit.
type theirMetadata struct {
	Custom struct {
		Events string `json:"readback,omitempty"` // keys of the events that the update is made of
	} `json:"custom"`
}

type ticketEnvelope struct {
	Ticket theirTicket `json:"ticket"`
}

// Push implements tickets.Mirror.
func (z *Zendesk) Push(ctx context.Context, ticket tickets.Ticket, events []tickets.Event) error {
	id, err := z.find(ctx, ticket.Number)
	if err != nil {
		return err
	}
	if id == 0 {
		return z.create(ctx, ticket, z.fresh(events, nil))
	}
	sent, err := z.sent(ctx, id)
	if err == nil {
		err = z.update(ctx, id, ticket, z.fresh(events, sent))
	}
	return z.forgetting(ticket.Number, err)
}

// find is the id of a ticket over there; 0 when there is none.
func (z *Zendesk) find(ctx context.Context, number tickets.Number) (int64, error) {
	if id := z.idOf(number); id != 0 {
		return id, nil
	}
	var found struct {
		Tickets []theirTicket `json:"tickets"`
	}
	if err := z.call(ctx, http.MethodGet, "api/v2/tickets", url.Values{"external_id": {string(number)}}, nil, &found); err != nil {
		return 0, err
	}
	for _, t := range found.Tickets {
		if t.ExternalID == string(number) {
			z.remember(number, t.ID)
			return t.ID, nil
		}
	}
	return 0, nil
}

// forgetting forgets where a ticket is when it is not there any more, so that the next attempt looks for it.
func (z *Zendesk) forgetting(number tickets.Number, err error) error {
	if gone, ok := errors.AsType[*statusError](err); ok && gone.status == http.StatusNotFound {
		z.mu.Lock()
		delete(z.known, number)
		z.mu.Unlock()
		return errors.New("the ticket is gone from where it was, and will be looked for") // not refused
	}
	return err
}

// news are events that the other side does not know yet, with their keys.
type news struct {
	events []tickets.Event
	keys   []string
}

// fresh are the events that were not sent, but for changes that were made over there.
func (z *Zendesk) fresh(events []tickets.Event, sent map[string]bool) (n news) {
	for i, key := range tickets.Keys(events) {
		if e := events[i]; !sent[key] && !strings.HasPrefix(e.Detail["ref"], z.Name()+":") {
			n.events, n.keys = append(n.events, e), append(n.keys, key)
		}
	}
	return n
}

// words are the events as text.
func (n news) words() (lines []string) {
	for _, e := range n.events {
		if line := told(e); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// changed reports whether one of them gave the ticket another priority or status.
func (n news) changed(what string) bool {
	return slices.ContainsFunc(n.events, func(e tickets.Event) bool { return e.What == tickets.EventChanged && e.Detail[what] != "" })
}

// recordings are what callers said when they called again, or left a message on the ticket.
func (n news) recordings() (names []string) {
	for _, e := range n.events {
		if e.What == tickets.EventJoined || e.What == tickets.EventNote {
			names = append(names, e.Detail["recording"])
		}
	}
	return names
}

// create makes the ticket. The key makes a repeated request give the first one's ticket, which the search may not show yet.
func (z *Zendesk) create(ctx context.Context, ticket tickets.Ticket, n news) error {
	body := append([]string{z.story(ticket)}, n.words()...)
	tokens, err := z.attach(ctx, append([]string{ticket.Recording}, n.recordings()...))
	if err != nil {
		return err
	}
	made := theirTicket{
		ExternalID: string(ticket.Number), Subject: subject(ticket), Priority: theirPriority[ticket.Priority], Status: statusOfNew(ticket.Status),
		Tags: z.config.Tags, Group: z.config.Group, Brand: z.config.Brand, Fields: z.fields(ticket), Metadata: metadata(n.keys),
		Comment: &theirComment{Body: strings.Join(body, "\n\n"), Uploads: tokens},
	}
	if ticket.Email != "" {
		made.Requester = &theirUser{Name: nameOr(ticket.Contact, ticket.Email), Email: ticket.Email}
	}
	if made.Assignee, err = z.solver(ctx, 0, made.Status); err != nil {
		return err
	}
	r := z.request(http.MethodPost, "api/v2/tickets", nil)
	r.Header.Set("Idempotency-Key", "readback-"+string(ticket.Number))
	var out ticketEnvelope
	err = z.send(ctx, r, ticketEnvelope{made}, &out)
	if said, ok := errors.AsType[*statusError](err); ok && said.kind == "IdempotentRequestError" {
		return errors.New("the ticket was made by an earlier request and cannot be found yet")
	}
	if err != nil {
		return err
	}
	if out.Ticket.ID == 0 || out.Ticket.ExternalID != string(ticket.Number) {
		return errors.New("the answer is about another ticket")
	}
	z.remember(ticket.Number, out.Ticket.ID)
	return nil
}

func nameOr(name, other string) string {
	if name == "" {
		return other
	}
	return name
}

// sent are the events that are over there already, by their keys.
func (z *Zendesk) sent(ctx context.Context, id int64) (map[string]bool, error) {
	sent := map[string]bool{}
	err := z.audits(ctx, id, func(a audit) {
		for _, key := range strings.Fields(a.Metadata.Custom.Events) {
			sent[key] = true
		}
	})
	return sent, err
}

// update sends what is new as one internal comment. A status or priority is sent only with the event that changed it here, so that
// what was changed over there since is not put back.
func (z *Zendesk) update(ctx context.Context, id int64, ticket tickets.Ticket, n news) (err error) {
	lines := n.words()
	if len(lines) == 0 {
		return nil
	}
	change := theirTicket{Comment: &theirComment{Body: strings.Join(lines, "\n\n")}, Metadata: metadata(n.keys)}
	if n.changed("status") {
		change.Status = theirStatus[ticket.Status]
	}
	if n.changed("priority") {
		change.Priority, change.Fields = theirPriority[ticket.Priority], z.fields(ticket)
	}
	if change.Assignee, err = z.solver(ctx, id, change.Status); err != nil {
		return err
	}
	if change.Comment.Uploads, err = z.attach(ctx, n.recordings()); err != nil {
		return err
	}
	var out ticketEnvelope
	return z.call(ctx, http.MethodPut, "api/v2/tickets/"+strconv.FormatInt(id, 10), nil, ticketEnvelope{change}, &out)
}

// attach uploads recordings, and returns what a comment needs to have them. One that is gone, or too large, stays away: the
// ticket matters more.
func (z *Zendesk) attach(ctx context.Context, names []string) (tokens []string, err error) {
	for _, name := range names {
		if name == "" || z.config.Recording == nil {
			continue
		}
		token, err := z.uploadRecording(ctx, name)
		if err != nil {
			return nil, err
		}
		if token != "" {
			tokens = append(tokens, token)
		}
	}
	return tokens, nil
}

func (z *Zendesk) uploadRecording(ctx context.Context, name string) (token string, err error) {
	content, size, err := z.config.Recording(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("open recording: %w", err)
	}
	defer content.Close()
	if size > maxRecording {
		return "", nil
	}
	return z.upload(ctx, path.Base(name), "audio/wav", content, size)
}

// solver is who a ticket that is to be solved is assigned to, when it is nobody's yet: Zendesk demands one. 0: no change.
func (z *Zendesk) solver(ctx context.Context, id int64, status string) (int64, error) {
	if status != "solved" {
		return 0, nil
	}
	if id != 0 {
		var there ticketEnvelope
		if err := z.call(ctx, http.MethodGet, "api/v2/tickets/"+strconv.FormatInt(id, 10), nil, nil, &there); err != nil || there.Ticket.Assignee != 0 {
			return 0, err
		}
	}
	me, err := z.me(ctx)
	return me.ID, err
}

// me is whom Zendesk takes us for.
func (z *Zendesk) me(ctx context.Context) (theirUser, error) {
	var me struct {
		User theirUser `json:"user"`
	}
	err := z.call(ctx, http.MethodGet, "api/v2/users/me", nil, nil, &me)
	return me.User, err
}

// Login tries the credentials, and returns the name of whom Zendesk takes us for. A wrong API token makes that an anonymous user.
func (z *Zendesk) Login(ctx context.Context) (string, error) {
	me, err := z.me(ctx)
	if err == nil && me.ID == 0 {
		err = errors.New("Zendesk does not know who we are: look at email and token")
	}
	return oneLine(me.Name, 100), err
}

func (z *Zendesk) fields(t tickets.Ticket) []theirField {
	var all []theirField
	for _, id := range slices.Sorted(maps.Keys(z.config.Fields)) {
		all = append(all, theirField{ID: id, Value: fieldOf(t, z.config.Fields[id])})
	}
	return all
}

func metadata(keys []string) *theirMetadata {
	m := &theirMetadata{}
	m.Custom.Events = strings.Join(keys, " ")
	return m
}
