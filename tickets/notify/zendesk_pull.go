package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"readback/tickets"
)

const (
	// startAge is how long ago an export must begin: Zendesk leaves out what changed in the last minute.
	startAge = 2 * time.Minute
	// overlap is how far back changes are looked for again: what a pull before has returned may come a second time.
	overlap   = 10 * time.Minute
	pullPages = 4  // of an export, at most, in one pull
	pullSize  = 50 // tickets of a page
)

// An audit is an update of a ticket over there.
type audit struct {
	ID       int64         `json:"id"`
	Author   int64         `json:"author_id"`
	At       time.Time     `json:"created_at"`
	Metadata theirMetadata `json:"metadata"`
	Events   []auditEvent  `json:"events"`

	who string
}

type auditEvent struct {
	Type   string          `json:"type"`
	Field  string          `json:"field_name"`
	Value  json.RawMessage `json:"value"`
	Body   string          `json:"body"`
	Public bool            `json:"public"`
}

// A position is how far changes were pulled, written as seconds and Zendesk's cursor, like "1772625600 MTU4MDc1Mzc5OC4wfHw0MzJ8".
type position struct {
	since time.Time // when that was asked for
	after string    // Zendesk's cursor; empty: from since on
}

func parsePosition(text string) (position, error) {
	seconds, after, _ := strings.Cut(text, " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || unix < 0 || strings.ContainsFunc(after, odd) {
		return position{}, fmt.Errorf("%w: %.40q is no cursor of Zendesk", tickets.ErrInvalid, text)
	}
	return position{since: time.Unix(unix, 0), after: after}, nil
}

// odd is what no cursor holds.
func odd(r rune) bool { return r <= ' ' || r > '~' }

func (p position) String() string {
	return strings.TrimSpace(strconv.FormatInt(p.since.Unix(), 10) + " " + p.after)
}

// Pull implements tickets.Mirror, by Zendesk's cursor-based incremental export of tickets and the audits of those that are ours.
func (z *Zendesk) Pull(ctx context.Context, cursor string) (changes []tickets.MirrorChange, next string, err error) {
	asked := z.now()
	if cursor == "" {
		return nil, position{since: asked.Add(-startAge)}.String(), nil
	}
	at, err := parsePosition(cursor)
	if err != nil {
		return nil, "", err
	}
	next = cursor
	for range pullPages {
		page, err := z.export(ctx, at)
		if err == nil {
			var found []tickets.MirrorChange
			if found, err = z.changes(ctx, page.Tickets, at.since.Add(-overlap)); err == nil {
				changes = append(changes, found...)
			}
		}
		if err != nil && next != cursor {
			break // the pages before are whole
		}
		if err != nil {
			return nil, cursor, err
		}
		at.after = page.After
		if page.End {
			at.since = asked
		}
		if next = at.String(); page.End {
			break
		}
	}
	slices.SortStableFunc(changes, func(a, b tickets.MirrorChange) int { return a.At.Compare(b.At) })
	return changes, next, nil
}

type exportPage struct {
	Tickets []theirTicket `json:"tickets"`
	After   string        `json:"after_cursor"`
	End     bool          `json:"end_of_stream"`
}

func (z *Zendesk) export(ctx context.Context, at position) (exportPage, error) {
	query := url.Values{"per_page": {strconv.Itoa(pullSize)}, "exclude_deleted": {"true"}}
	if at.after != "" {
		query.Set("cursor", at.after)
	} else {
		query.Set("start_time", strconv.FormatInt(at.since.Unix(), 10))
	}
	var page exportPage
	if err := z.call(ctx, http.MethodGet, "api/v2/incremental/tickets/cursor", query, nil, &page); err != nil {
		return page, err
	}
	page.After = cmp.Or(page.After, at.after)
	if page.After == "" && !page.End || strings.ContainsFunc(page.After, odd) {
		return page, errors.New("the export has no cursor")
	}
	return page, nil
}

// changes are those that others made to tickets of ours since a time.
func (z *Zendesk) changes(ctx context.Context, all []theirTicket, since time.Time) ([]tickets.MirrorChange, error) {
	var found []tickets.MirrorChange
	for _, t := range all {
		number, err := tickets.ParseNumber(t.ExternalID)
		if err != nil {
			continue // somebody else's
		}
		err = z.audits(ctx, t.ID, func(a audit) {
			if change := z.change(number, a); !a.At.Before(since) && a.Metadata.Custom.Events == "" && (change.Status != "" || change.Note != "") {
				found = append(found, change)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// change is what an update did to status and public comments.
func (z *Zendesk) change(number tickets.Number, a audit) tickets.MirrorChange {
	change := tickets.MirrorChange{
		ID: fmt.Sprintf("%s:%d", z.Name(), a.ID), Ticket: number, At: a.At, Who: z.Name(),
	}
	if a.who != "" {
		change.Who = z.Name() + ": " + oneLine(a.who, 80)
	}
	for _, e := range a.Events {
		var status string
		switch {
		case e.Type == "Change" && e.Field == "status" && json.Unmarshal(e.Value, &status) == nil:
			change.Status = ourStatus[status]
		case e.Type == "Comment" && e.Public:
			change.Note = strings.TrimSpace(change.Note + "\n" + manyLines(e.Body, 10_000))
		}
	}
	return change
}

// audits are all updates of a ticket, the oldest first.
func (z *Zendesk) audits(ctx context.Context, id int64, each func(audit)) error {
	query := url.Values{"page[size]": {"100"}, "include": {"users"}}
	for range maxPages {
		var page struct {
			Audits []audit     `json:"audits"`
			Users  []theirUser `json:"users"`
			Meta   struct {
				More  bool   `json:"has_more"`
				After string `json:"after_cursor"`
			} `json:"meta"`
		}
		if err := z.call(ctx, http.MethodGet, "api/v2/tickets/"+strconv.FormatInt(id, 10)+"/audits", query, nil, &page); err != nil {
			return err
		}
		for _, a := range page.Audits {
			if i := slices.IndexFunc(page.Users, func(u theirUser) bool { return u.ID == a.Author }); i >= 0 {
				a.who = page.Users[i].Name
			}
			each(a)
		}
		if !page.Meta.More || page.Meta.After == "" {
			return nil
		}
		query.Set("page[after]", page.Meta.After)
	}
	return fmt.Errorf("the ticket has more than %d updates", 100*maxPages)
}
