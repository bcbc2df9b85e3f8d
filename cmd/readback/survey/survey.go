// Package survey is the pages on which a customer says how well a ticket was handled. Who has the link may vote; nobody logs in.
//
// Reading a page never votes: programs that look at mail follow its links. A vote is a form that was posted from the page itself.
// The pages hold no script, nothing from elsewhere, and nothing of the ticket but its number and the vote.
package survey

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"readback/tickets"
)

// maxForm is the size in bytes of the largest form that is read: a comment of four bytes a character, in percent form.
const maxForm = 12*tickets.MaxComment + 1024

// formTime is how long the form may take to arrive.
const formTime = 15 * time.Second

// A Desk keeps the votes.
type Desk interface {
	Vote(ctx context.Context, number tickets.Number, score int, comment string) (before tickets.Survey, err error)
	Surveyed(ctx context.Context, number tickets.Number) (t tickets.Ticket, vote tickets.Survey, closed bool, err error)
}

// Pages serve /survey/{token}.
type Pages struct {
	Desk    func() Desk // as it is now
	Links   tickets.SurveyLinks
	Vendor  string
	Proxies []netip.Prefix // whose X-Forwarded-For is believed
	Now     func() time.Time
	Log     *slog.Logger
	// Voted, when set, is told each vote that says something new, and the score before, or 0. It must not block.
	Voted func(score, before int)

	limits sources
}

// Handler is the pages, with all that protects them.
func (p *Pages) Handler() http.Handler {
	protection := http.NewCrossOriginProtection()
	if origin := originOf(p.Links.Base); origin != "" {
		_ = protection.AddTrustedOrigin(origin) // a proxy may give us another Host; a wrong origin is none
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.say(w, http.StatusForbidden, wordsOf(r), page{Message: "foreign"})
	}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /survey/{token}", p.show)
	mux.HandleFunc("POST /survey/{token}", p.vote)
	return protected(p.limited(nameless(protection.Handler(mux))))
}

// nameless: our own pages post with "Origin: null", because they send no referrer. Browsers that do not say by Sec-Fetch-Site where
// a form came from are given the benefit of the doubt: what nobody can forge is the link.
func nameless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
			r = r.Clone(r.Context())
			r.Header.Del("Origin")
		}
		next.ServeHTTP(w, r)
	})
}

// protected sets what browsers are told about every page, and how long a request may take to arrive.
func protected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(formTime)) // not every connection has one
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+styleHash+"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer") // the address is the right to vote
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// limited keeps one source from trying many tokens.
func (p *Pages) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.limits.allow(sourceOf(r, p.Proxies), p.now()) {
			w.Header().Set("Retry-After", strconv.Itoa(int(refill.Seconds())))
			p.say(w, http.StatusTooManyRequests, wordsOf(r), page{Message: "many"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// A visit is a request whose link was good.
type visit struct {
	ticket tickets.Ticket
	vote   tickets.Survey
	words  *words
}

// visit reads the link. Unless it is good, the page that says so is sent, and the visit is over.
func (p *Pages) visit(w http.ResponseWriter, r *http.Request) (visit, bool) {
	number, err := p.Links.Read(r.PathValue("token"), p.now())
	v := visit{words: wordsOf(r)}
	if err != nil && !errors.Is(err, tickets.ErrClosed) {
		p.say(w, http.StatusNotFound, v.words, page{Message: "wrong"})
		return v, false
	}
	expired := err != nil
	var closed bool
	v.ticket, v.vote, closed, err = p.Desk().Surveyed(r.Context(), number)
	if err != nil {
		p.fail(w, r, v.words, err)
		return v, false
	}
	v.words = wordsIn(v.ticket.Language)
	switch {
	case closed:
		p.say(w, http.StatusGone, v.words, v.page("closed"))
	case expired:
		p.say(w, http.StatusGone, v.words, v.page("expired"))
	}
	return v, !closed && !expired
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) {
	v, ok := p.visit(w, r)
	if !ok {
		return
	}
	message := ""
	if v.vote.Score != 0 {
		message = "again"
	}
	out := v.page(message)
	out.Form = true
	p.say(w, http.StatusOK, v.words, out)
}

func (p *Pages) vote(w http.ResponseWriter, r *http.Request) {
	v, ok := p.visit(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		status := http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			status = http.StatusRequestEntityTooLarge
		}
		p.again(w, status, v, "unreadable")
		return
	}
	score, err := strconv.Atoi(r.PostForm.Get("score"))
	if err != nil || score < tickets.MinScore || score > tickets.MaxScore {
		v.vote.Comment = r.PostForm.Get("comment")
		p.again(w, http.StatusUnprocessableEntity, v, "unscored")
		return
	}
	before, err := p.Desk().Vote(r.Context(), v.ticket.Number, score, r.PostForm.Get("comment"))
	if errors.Is(err, tickets.ErrClosed) { // while this page was open
		p.say(w, http.StatusGone, v.words, v.page("closed"))
		return
	}
	if err != nil {
		p.fail(w, r, v.words, err)
		return
	}
	if before.Score != score && p.Voted != nil {
		p.Voted(score, before.Score)
	}
	v.vote.Score = score
	p.say(w, http.StatusOK, v.words, v.page("thanks"))
}

// again shows the form once more, with what is wrong.
func (p *Pages) again(w http.ResponseWriter, status int, v visit, message string) {
	out := v.page(message)
	out.Form, out.Wrong = true, true
	p.say(w, status, v.words, out)
}

func (p *Pages) fail(w http.ResponseWriter, r *http.Request, words *words, err error) {
	if errors.Is(err, tickets.ErrNotFound) {
		p.say(w, http.StatusNotFound, words, page{Message: "wrong"})
		return
	}
	if r.Context().Err() == nil {
		p.log().Error("a survey page could not be served", "error", err)
	}
	w.Header().Set("Retry-After", "60")
	p.say(w, http.StatusServiceUnavailable, words, page{Message: "failed"})
}

func (p *Pages) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

func (p *Pages) log() *slog.Logger {
	if p.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return p.Log
}
