package survey

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/sqlite"
)

// A bureau is the pages on a desk with one resolved ticket, and a clock that is moved by hand.
type bureau struct {
	t      *testing.T
	clock  time.Time
	desk   *tickets.Desk
	pages  *Pages
	ticket tickets.Ticket
	votes  []string
	broken error // in the place of the desk
	site   http.Handler
}

func newBureau(t *testing.T, language string) *bureau {
	t.Helper()
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
	b := &bureau{t: t, clock: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)}
	b.desk = &tickets.Desk{Store: store, Now: func() time.Time { return b.clock }}
	if b.ticket, err = b.desk.Open(t.Context(), tickets.Request{CallKey: "call", Language: language}); err != nil {
		t.Fatal(err)
	}
	b.ticket, err = b.desk.Change(t.Context(), b.ticket.Number, tickets.Change{By: "eve", Status: tickets.StatusResolved})
	if err != nil {
		t.Fatal(err)
	}
	b.pages = &Pages{
		Desk:  func() Desk { return b },
		Links: tickets.SurveyLinks{Key: []byte(strings.Repeat("k", 32)), Base: "https://support.example.com"},
		Now:   b.desk.Now, Vendor: "Acme <Support>",
		Voted: func(score, before int) { b.votes = append(b.votes, fmt.Sprintf("%d after %d", score, before)) },
	}
	b.site = b.pages.Handler()
	return b
}

func (b *bureau) Vote(ctx context.Context, number tickets.Number, score int, comment string) (tickets.Survey, error) {
	if b.broken != nil {
		return tickets.Survey{}, b.broken
	}
	return b.desk.Vote(ctx, number, score, comment)
}

func (b *bureau) Surveyed(ctx context.Context, number tickets.Number) (tickets.Ticket, tickets.Survey, bool, error) {
	if b.broken != nil {
		return tickets.Ticket{}, tickets.Survey{}, false, b.broken
	}
	return b.desk.Surveyed(ctx, number)
}

// path is the link's, of the ticket.
func (b *bureau) path() string {
	return strings.TrimPrefix(b.pages.Links.Link(b.ticket), "https://support.example.com")
}

// ask sends a request as a browser on the page itself would.
func (b *bureau) ask(method, path string, form url.Values, change func(*http.Request)) *httptest.ResponseRecorder {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(b.t.Context(), method, path, body)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	b.site.ServeHTTP(w, r)
	return w
}

// wants checks a page by its status and words.
func (b *bureau) wants(what string, r *httptest.ResponseRecorder, status int, words ...string) {
	b.t.Helper()
	body := r.Body.String()
	if r.Code != status {
		b.t.Errorf("%s: got %d, want %d:\n%s", what, r.Code, status, body)
	}
	for _, word := range words {
		if !strings.Contains(body, word) {
			b.t.Errorf("%s: %q is missing:\n%s", what, word, body)
		}
	}
}

func (b *bureau) score() int {
	b.t.Helper()
	_, vote, _, err := b.desk.Surveyed(b.t.Context(), b.ticket.Number)
	if err != nil {
		b.t.Fatal(err)
	}
	return vote.Score
}

func vote(score, comment string) url.Values {
	return url.Values{"score": {score}, "comment": {comment}}
}

func TestVote(t *testing.T) {
	b := newBureau(t, "en-AU")
	page := b.ask("GET", b.path(), nil, nil)
	for name, want := range map[string]string{
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Language": "en",
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + styleHash + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got := page.Header().Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	b.wants("the page", page, 200, `<html lang="en"`, "Acme &lt;Support&gt;", "<fieldset>", "<legend>", `<label for="comment">`, ">Send<")
	b.wants("a look by a scanner", b.ask("HEAD", b.path()+"?score=1", nil, nil), 200)
	if b.score() != 0 {
		t.Error("a page that was read voted")
	}
	b.wants("no score", b.ask("POST", b.path(), vote("", "<b>keep me</b>"), nil), 422, "choose a score", `role="alert"`, "&lt;b&gt;keep me&lt;/b&gt;")
	b.wants("a score that is none", b.ask("POST", b.path(), vote("9", ""), nil), 422)
	b.wants("the vote", b.ask("POST", b.path(), vote("4", "good\r\n<script>alert(1)</script>"), nil), 200, "Thank you", "<strong>4</strong>")
	b.wants("the page again", b.ask("GET", b.path(), nil, nil), 200, `value="4" required checked`, "good\n&lt;script&gt;", "Change my vote")
	b.wants("another vote", b.ask("POST", b.path(), vote("2", ""), nil), 200, "<strong>2</strong>")
	b.wants("the same vote", b.ask("POST", b.path(), vote("2", ""), nil), 200, "<strong>2</strong>")
	if got, want := strings.Join(b.votes, ", "), "4 after 0, 2 after 4"; got != want || b.score() != 2 {
		t.Errorf("got votes %q and score %d, want %q and 2", got, b.score(), want)
	}
}

func TestVoteInFrench(t *testing.T) {
	b := newBureau(t, "fr-FR")
	b.wants("the page", b.ask("GET", b.path(), nil, nil), 200, `<html lang="fr"`, "Très satisfait", ">Envoyer<")
	b.wants("a wrong link", b.ask("GET", "/survey/nonsense", nil, func(r *http.Request) {
		r.Header.Set("Accept-Language", "de, fr-CA;q=0.8, en;q=0.7")
	}), 404, "Ce lien")
}

func TestLinksThatDoNotVote(t *testing.T) {
	b := newBureau(t, "en-US")
	for name, path := range map[string]string{
		"nonsense": "/survey/nonsense", "another's": "/survey/" + strings.Repeat("A", 34), "too long": "/survey/" + strings.Repeat("A", 9000),
		"no such ticket": "/survey/" + b.pages.Links.Token("10000009", b.clock.Add(time.Hour)),
	} {
		b.wants(name, b.ask("GET", path, nil, nil), 404, "This link is not right")
		b.wants(name, b.ask("POST", path, vote("5", ""), nil), 404)
	}
	short := "/survey/" + b.pages.Links.Token(b.ticket.Number, b.clock.Add(time.Hour))
	b.clock = b.clock.Add(time.Hour)
	b.wants("expired", b.ask("POST", short, vote("5", ""), nil), 410, "This link has expired")
	b.wants("the last day", b.ask("POST", b.path(), vote("3", ""), nil), 200)
	b.clock = b.clock.Add(30 * 24 * time.Hour)
	b.wants("closed", b.ask("POST", b.path(), vote("5", ""), nil), 410, "closed", "stands")
	b.clock = b.clock.Add(90 * 24 * time.Hour)
	b.wants("closed and expired", b.ask("GET", b.path(), nil, nil), 410, "closed")
	b.wants("another method", b.ask("DELETE", b.path(), nil, nil), 405)
	if b.score() != 3 {
		t.Errorf("got score %d, want 3", b.score())
	}
}

func TestFormsFromElsewhere(t *testing.T) {
	b := newBureau(t, "en-US")
	browser := func(site, origin string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			for name, value := range map[string]string{"Sec-Fetch-Site": site, "Origin": origin} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
		}
	}
	for name, change := range map[string]func(*http.Request){
		"another site":                  browser("cross-site", "https://eve.example"),
		"a neighbour":                   browser("same-site", "https://eve.support.example.com"),
		"another site, old browser":     browser("", "https://eve.example"),
		"a sandbox of another site":     browser("cross-site", "null"),
		"another site that says our IP": browser("", "http://127.0.0.1"),
	} {
		b.wants(name, b.ask("POST", b.path(), vote("1", ""), change), 403, "did not come from our page")
	}
	for name, change := range map[string]func(*http.Request){
		"our page":                             browser("same-origin", "null"),
		"our page, old browser":                browser("", "null"),
		"our page behind a proxy, old browser": browser("", "https://support.example.com"),
	} {
		b.wants(name, b.ask("POST", b.path(), vote("5", ""), change), 200)
	}
}

func TestFormsThatAreTooLarge(t *testing.T) {
	b := newBureau(t, "en-US")
	widest := strings.Repeat("\U0001F600", tickets.MaxComment)
	b.wants("the longest comment", b.ask("POST", b.path(), vote("5", widest), nil), 200)
	b.wants("a longer form", b.ask("POST", b.path(), vote("1", strings.Repeat("x", maxForm)), nil), 413, "too long")
	b.wants("no form", b.ask("POST", b.path(), url.Values{}, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("%zz")) }), 400)
	_, kept, _, err := b.desk.Surveyed(t.Context(), b.ticket.Number)
	if err != nil || kept.Score != 5 || kept.Comment != widest {
		t.Errorf("got score %d and a comment of %d bytes, %v, want 5 and all of it", kept.Score, len(kept.Comment), err)
	}
}

func TestDeskIsAway(t *testing.T) {
	b := newBureau(t, "en-US")
	path := b.path()
	b.broken = fmt.Errorf("%w: secret detail", tickets.ErrUnavailable)
	r := b.ask("GET", path, nil, nil)
	if r.Header().Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	if body := r.Body.String(); r.Code != 503 || strings.Contains(body, "secret") {
		t.Errorf("got %d, %s, want 503 and no detail", r.Code, body)
	}
	b.broken = errors.New("anything")
	b.wants("the vote", b.ask("POST", path, vote("5", ""), nil), 503, "try again in a few minutes")
}

func TestOneSourceTriesManyLinks(t *testing.T) {
	b := newBureau(t, "en-US")
	from := func(address string) func(*http.Request) {
		return func(r *http.Request) { r.RemoteAddr = address }
	}
	for i := range burst {
		b.wants("within the burst", b.ask("GET", "/survey/x", nil, from(fmt.Sprintf("[2001:db8::%x]:9", i+1))), 404)
	}
	b.wants("the next of the same network", b.ask("GET", b.path(), nil, from("[2001:db8::ffff]:9")), 429, "wait a minute")
	b.wants("somebody else", b.ask("GET", b.path(), nil, from("[2001:db8:0:1::1]:9")), 200)
	b.clock = b.clock.Add(refill)
	b.wants("a moment later", b.ask("GET", b.path(), nil, from("[2001:db8::1]:9")), 200)
}

func TestSourcesAreBounded(t *testing.T) {
	var s sources
	now := time.Unix(1e9, 0)
	at := func(i int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
	}
	allowed := 0
	for i := range 3 * maxSources {
		if s.allow(at(i), now) {
			allowed++
		}
	}
	if len(s.known) != maxSources || allowed != maxSources+burst {
		t.Errorf("got %d sources, %d allowed; want %d, and %d more by what the rest share", len(s.known), allowed, maxSources, burst)
	}
	if !s.allow(at(0), now) {
		t.Error("a flood takes away what a known source may do")
	}
	if now = now.Add(forget); !s.allow(at(3*maxSources), now) || len(s.known) > 2 {
		t.Errorf("got %d sources later, want those that did not ask forgotten", len(s.known))
	}
}

func TestSourceBehindProxies(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")}
	for name, test := range map[string]struct{ peer, forwarded, want string }{
		"no proxy":              {"198.51.100.7:9", "203.0.113.9", "198.51.100.7/32"},
		"one proxy":             {"127.0.0.1:9", "203.0.113.9", "203.0.113.9/32"},
		"two proxies":           {"127.0.0.1:9", "203.0.113.9, 192.0.2.1", "203.0.113.9/32"},
		"a forged beginning":    {"127.0.0.1:9", "10.9.9.9, 203.0.113.9", "203.0.113.9/32"},
		"nothing said":          {"127.0.0.1:9", "", "127.0.0.1/32"},
		"nonsense":              {"127.0.0.1:9", "evil", "127.0.0.1/32"},
		"IPv6":                  {"127.0.0.1:9", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		"IPv4 in IPv6":          {"[::ffff:198.51.100.7]:9", "", "198.51.100.7/32"},
		"a peer that is none":   {"pipe", "203.0.113.9", "invalid Prefix"},
		"an address and a zone": {"[fe80::1%eth0]:9", "", "fe80::/64"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/survey/x", nil)
		r.RemoteAddr = test.peer
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if got := sourceOf(r, proxies).String(); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestPagesHaveTheSameWordsInEachLanguage(t *testing.T) {
	for name := range english.Messages {
		if french.Messages[name] == "" {
			t.Errorf("French has no %q", name)
		}
	}
	if len(french.Messages) != len(english.Messages) {
		t.Error("French has more messages than English")
	}
}
