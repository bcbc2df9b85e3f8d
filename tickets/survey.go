package tickets

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// EventSurveyed: the customer said how well it was done.
const EventSurveyed = "surveyed"

// WhoCustomer makes events by a page on the web, where nobody logs in.
const WhoCustomer = "customer"

// What a vote may be.
const (
	MinScore   = 1
	MaxScore   = 5
	MaxComment = 2000 // characters
)

// ErrClosed: it was possible once, and is no more.
var ErrClosed = errors.New("closed")

// SurveyTerms say how long customers may vote on how well it was done. Zero values are the ones shipped.
type SurveyTerms struct {
	Expires time.Duration // of a link, from the ticket's resolution; zero: 90 days
	Closes  time.Duration // after the ticket was resolved; zero: 30 days
}

func (t SurveyTerms) orDefault() SurveyTerms {
	const day = 24 * time.Hour
	if t.Expires <= 0 {
		t.Expires = 90 * day
	}
	if t.Closes <= 0 {
		t.Closes = 30 * day
	}
	return t
}

// Until is when voting on a ticket ends, as long as nobody takes the ticket up again; the zero time unless it is resolved.
func (t SurveyTerms) Until(ticket Ticket) time.Time {
	if ticket.Resolved.IsZero() {
		return time.Time{}
	}
	t = t.orDefault()
	return ticket.Resolved.Add(min(t.Expires, t.Closes))
}

// closed reports whether a ticket's vote stands. One that was taken up again can still be voted on, as long as its link lasts.
func (t SurveyTerms) closed(ticket Ticket, now time.Time) bool {
	return !ticket.Resolved.IsZero() && !now.Before(ticket.Resolved.Add(t.orDefault().Closes))
}

// A Survey is what a customer said of how a ticket was handled.
type Survey struct {
	Ticket  Number    `json:"-"`
	Score   int       `json:"score"` // MinScore to MaxScore
	Comment string    `json:"comment,omitempty"`
	Given   time.Time `json:"given_at"`   // the first time
	Changed time.Time `json:"changed_at"` // the last time
}

// Surveys keep what customers said of tickets.
type Surveys interface {
	// Vote lets change write into a ticket's folder and its survey, whose score is 0 when there was none, and commits both; when
	// change fails, nothing. It may be run again after a conflict. It fails with ErrNotFound when there is no ticket.
	Vote(ctx context.Context, number Number, change func(*Folder, *Survey) error) (Survey, error)
	// Survey fails with ErrNotFound when nobody voted.
	Survey(ctx context.Context, number Number) (Survey, error)
}

// Vote keeps what a customer says of a ticket, in the place of what was said before. It returns what the vote was before,
// with a score of 0 when there was none. It fails with ErrNotFound, ErrInvalid, ErrClosed and ErrUnavailable.
func (d *Desk) Vote(ctx context.Context, number Number, score int, comment string) (before Survey, err error) {
	d.init()
	if score < MinScore || score > MaxScore {
		return before, fmt.Errorf("vote on ticket %s: %w: a score is %d to %d", number, ErrInvalid, MinScore, MaxScore)
	}
	comment = cleanLines(comment, MaxComment)
	now := d.now()
	_, err = d.Store.Vote(ctx, number, func(f *Folder, s *Survey) error {
		f.publish = d.Publish
		before = *s
		switch {
		case d.policy.Survey.closed(f.Ticket, now):
			return fmt.Errorf("vote on ticket %s: %w", number, ErrClosed)
		case s.Score == score && s.Comment == comment:
			return nil
		}
		f.Note(surveyed(*s, score, now))
		if s.Score == 0 {
			s.Given = now
		}
		s.Score, s.Comment, s.Changed = score, comment, now
		return nil
	})
	return before, err
}

// surveyed leaves the comment out: it is personal, and may have to be forgotten.
func surveyed(before Survey, score int, now time.Time) Event {
	from := ""
	if before.Score != 0 {
		from = strconv.Itoa(before.Score)
	}
	return Event{At: now, Who: WhoCustomer, What: EventSurveyed, Detail: detail("score", strconv.Itoa(score), "from", from)}
}

// Surveyed is a ticket with what its customer said of it, with a score of 0 when that was nothing yet, and whether it is too late.
func (d *Desk) Surveyed(ctx context.Context, number Number) (Ticket, Survey, bool, error) {
	d.init()
	ticket, err := d.Store.Ticket(ctx, number)
	if err != nil {
		return Ticket{}, Survey{}, false, err
	}
	survey, err := d.Store.Survey(ctx, number)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return ticket, survey, d.policy.Survey.closed(ticket, d.now()), err
}

// cleanLines makes text of several lines fit to keep: valid UTF-8, nothing that does not show but line ends, at most limit characters.
func cleanLines(s string, limit int) string {
	s = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s))
	if utf8.RuneCountInString(s) > limit {
		s = string([]rune(s)[:limit])
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = clean(line, len(line))
	}
	return strings.Join(lines, "\n")
}
