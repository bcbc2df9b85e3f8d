package notify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fakeZendesk is a stand-in for Zendesk Support, built from its public API description. It demands what that says: credentials,
// JSON, valid fields, an assignee of a solved ticket; it keeps idempotency keys for two hours, counts requests against a limit,
// shows what changed in an export only after a minute, gives audits and exports by pages, and lets an upload be used once.
type fakeZendesk struct {
	t      *testing.T
	mu     sync.Mutex
	clock  time.Time
	limit  int // requests a minute
	spent  int // in this minute
	minute time.Time
	lag    time.Duration // until a new ticket is found by its external id

	tickets []*fakeTicket
	users   []fakeUser
	uploads map[string]fakeUpload
	keys    map[string]fakeKeyed
	audit   int64
	seen    []string // requests, like "POST /api/v2/tickets 201"
	fail    func(r *http.Request) int
}

type fakeTicket struct {
	id, assignee, requester                          int64
	external, subject, status, priority, description string
	tags                                             []string
	fields                                           map[int64]any
	audits                                           []map[string]any
	created, generated                               time.Time
	files                                            []fakeUpload
	everOpened                                       bool
}

type fakeUser struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

type fakeUpload struct {
	name, kind string
	content    []byte
}

type fakeKeyed struct {
	body  string
	reply []byte
	at    time.Time
}

const (
	fakeAgent = "agent@example.com"
	fakeToken = "6wiIBWbGkBMo1mRDMuVwsNkeUj95PIz2akv"
	fakeOAuth = "gErypPlm4dOVgGRvA1ZzMH5MQ3nLo8bo"
)

func newFakeZendesk(t *testing.T) (*fakeZendesk, string) {
	f := &fakeZendesk{
		t: t, clock: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), limit: 700, uploads: map[string]fakeUpload{}, keys: map[string]fakeKeyed{},
		users: []fakeUser{{1, "Readback", fakeAgent}, {2, "Jane Doe", "jane@example.com"}},
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, server.URL
}

func (f *fakeZendesk) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock
}

func (f *fakeZendesk) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(d)
}

// fakeReply is what is answered.
type fakeReply struct {
	status int
	value  any
}

func invalid(field, said string) fakeReply {
	return fakeReply{http.StatusUnprocessableEntity, map[string]any{
		"error": "RecordInvalid", "description": "Record validation errors",
		"details": map[string]any{field: []any{map[string]any{"description": said}}},
	}}
}

func (f *fakeZendesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	reply := f.answer(w, r)
	f.seen = append(f.seen, fmt.Sprintf("%s %s %d", r.Method, r.URL.Path, reply.status))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(reply.status)
	if err := json.NewEncoder(w).Encode(reply.value); err != nil {
		f.t.Error(err)
	}
}

func (f *fakeZendesk) answer(w http.ResponseWriter, r *http.Request) fakeReply {
	if f.fail != nil {
		if status := f.fail(r); status != 0 {
			return fakeReply{status, map[string]any{"error": "InternalError"}}
		}
	}
	token := "Basic " + base64.StdEncoding.EncodeToString([]byte(fakeAgent+"/token:"+fakeToken))
	if given := r.Header.Get("Authorization"); given != token && given != "Bearer "+fakeOAuth {
		return fakeReply{http.StatusUnauthorized, map[string]any{"error": "Couldn't authenticate you"}}
	}
	if minute := f.clock.Truncate(time.Minute); minute.After(f.minute) {
		f.minute, f.spent = minute, 0
	}
	f.spent++
	left := f.limit - f.spent
	reset := strconv.Itoa(int(f.minute.Add(time.Minute).Sub(f.clock).Seconds()))
	w.Header().Set("X-Rate-Limit", strconv.Itoa(f.limit))
	w.Header().Set("X-Rate-Limit-Remaining", strconv.Itoa(max(left, 0)))
	w.Header().Set("Ratelimit-Reset", reset)
	if left < 0 {
		w.Header().Set("Retry-After", reset)
		return fakeReply{http.StatusTooManyRequests, map[string]any{"error": "APIRateLimitExceeded", "description": "Number of allowed API requests per minute exceeded"}}
	}
	if r.Header.Get("Accept") != "application/json" {
		return fakeReply{http.StatusNotAcceptable, map[string]any{"error": "NotAcceptable"}}
	}
	return f.route(w, r)
}

func (f *fakeZendesk) route(w http.ResponseWriter, r *http.Request) fakeReply {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fakeReply{http.StatusBadRequest, map[string]any{"error": "BadRequest"}}
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v2/"), "/")
	what := r.Method + " " + parts[0]
	if what != "POST uploads" && len(body) > 0 && r.Header.Get("Content-Type") != "application/json" {
		return fakeReply{http.StatusUnsupportedMediaType, map[string]any{"error": "UnsupportedMediaType"}}
	}
	switch {
	case what == "POST uploads":
		return f.upload(r, body)
	case r.URL.Path == "/api/v2/users/me":
		return fakeReply{http.StatusOK, map[string]any{"user": f.users[0]}}
	case r.URL.Path == "/api/v2/incremental/tickets/cursor":
		return f.export(r)
	case what == "POST tickets" && len(parts) == 1:
		return f.keyed(w, r, body)
	case what == "GET tickets" && len(parts) == 1:
		return f.search(r.URL.Query().Get("external_id"))
	}
	if parts[0] != "tickets" || len(parts) < 2 {
		return fakeReply{http.StatusNotFound, map[string]any{"error": "InvalidEndpoint", "description": "Not found"}}
	}
	ticket := f.find(parts[1])
	switch {
	case ticket == nil:
		return fakeReply{http.StatusNotFound, map[string]any{"error": "RecordNotFound", "description": "Not found"}}
	case what == "GET tickets" && len(parts) == 2:
		return fakeReply{http.StatusOK, map[string]any{"ticket": ticket.json()}}
	case what == "PUT tickets" && len(parts) == 2:
		return f.change(ticket, body)
	case what == "GET tickets" && parts[2] == "audits":
		return f.audits(r, ticket)
	}
	return fakeReply{http.StatusNotFound, map[string]any{"error": "InvalidEndpoint", "description": "Not found"}}
}

func (f *fakeZendesk) find(id string) *fakeTicket {
	i := slices.IndexFunc(f.tickets, func(t *fakeTicket) bool { return strconv.FormatInt(t.id, 10) == id })
	if i < 0 {
		return nil
	}
	return f.tickets[i]
}

func (f *fakeZendesk) upload(r *http.Request, body []byte) fakeReply {
	name := r.URL.Query().Get("filename")
	if name == "" {
		return fakeReply{http.StatusBadRequest, map[string]any{"error": "BadRequest", "description": "filename is missing"}}
	}
	token := fmt.Sprintf("upload-%d", len(f.seen))
	f.uploads[token] = fakeUpload{name, r.Header.Get("Content-Type"), body}
	return fakeReply{http.StatusCreated, map[string]any{"upload": map[string]any{"token": token}}}
}

// keyed creates a ticket, once for each idempotency key within two hours.
func (f *fakeZendesk) keyed(w http.ResponseWriter, r *http.Request, body []byte) fakeReply {
	key := r.Header.Get("Idempotency-Key")
	if before, ok := f.keys[key]; ok && key != "" && f.clock.Sub(before.at) < 2*time.Hour {
		if before.body != string(body) {
			return fakeReply{http.StatusBadRequest, map[string]any{"error": "IdempotentRequestError", "description": "The request parameters do not match those of the key"}}
		}
		w.Header().Set("X-Idempotency-Lookup", "hit")
		return fakeReply{http.StatusCreated, json.RawMessage(before.reply)}
	}
	w.Header().Set("X-Idempotency-Lookup", "miss")
	reply := f.create(body)
	if written, err := json.Marshal(reply.value); err == nil && reply.status == http.StatusCreated && key != "" {
		f.keys[key] = fakeKeyed{string(body), written, f.clock}
	}
	return reply
}

// fakeSent is what a ticket may be sent.
type fakeSent struct {
	Ticket struct {
		ExternalID *string        `json:"external_id"`
		Subject    string         `json:"subject"`
		Comment    *fakeComment   `json:"comment"`
		Requester  *fakeUser      `json:"requester"`
		Status     string         `json:"status"`
		Priority   string         `json:"priority"`
		Tags       []string       `json:"tags"`
		Group      int64          `json:"group_id"`
		Brand      int64          `json:"brand_id"`
		Assignee   int64          `json:"assignee_id"`
		Fields     []theirField   `json:"custom_fields"`
		Metadata   map[string]any `json:"metadata"`
	} `json:"ticket"`
}

type fakeComment struct {
	Body    string   `json:"body"`
	Public  *bool    `json:"public"`
	Uploads []string `json:"uploads"`
}

func readSent(body []byte) (sent fakeSent, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&sent)
	return sent, err
}

func (f *fakeZendesk) create(body []byte) fakeReply {
	sent, err := readSent(body)
	s := sent.Ticket
	switch {
	case err != nil:
		return fakeReply{http.StatusBadRequest, map[string]any{"error": "InvalidJSON", "description": err.Error()}}
	case s.Comment == nil || s.Comment.Body == "":
		return invalid("comment", "Comment: cannot be blank")
	case s.Requester != nil && s.Requester.Name == "":
		return invalid("requester", "Requester: Name: is too short (minimum is 1 characters)")
	}
	t := &fakeTicket{
		id: int64(len(f.tickets) + 1), subject: s.Subject, description: s.Comment.Body, tags: s.Tags, requester: 1, created: f.clock, status: "new",
		fields: map[int64]any{},
	}
	if s.ExternalID != nil {
		t.external = *s.ExternalID
	}
	if s.Requester != nil {
		t.requester = f.user(*s.Requester)
	}
	if reply := f.apply(t, sent, 1); reply.status != 0 {
		return reply
	}
	f.tickets = append(f.tickets, t)
	return fakeReply{http.StatusCreated, map[string]any{"ticket": t.json()}}
}

func (f *fakeZendesk) user(wanted fakeUser) int64 {
	for _, u := range f.users {
		if u.Email == wanted.Email {
			return u.ID
		}
	}
	wanted.ID = int64(len(f.users) + 1)
	f.users = append(f.users, wanted)
	return wanted.ID
}

func (f *fakeZendesk) change(t *fakeTicket, body []byte) fakeReply {
	sent, err := readSent(body)
	if err != nil {
		return fakeReply{http.StatusBadRequest, map[string]any{"error": "InvalidJSON", "description": err.Error()}}
	}
	if t.status == "closed" {
		return invalid("status", "Status: closed prevents ticket update")
	}
	if reply := f.apply(t, sent, 1); reply.status != 0 {
		return reply
	}
	return fakeReply{http.StatusOK, map[string]any{"ticket": t.json()}}
}

// apply checks what is sent, and makes an audit of it.
func (f *fakeZendesk) apply(t *fakeTicket, sent fakeSent, author int64) fakeReply {
	s := sent.Ticket
	assignee := t.assignee
	if s.Assignee != 0 {
		assignee = s.Assignee
	}
	switch {
	case s.Status != "" && !slices.Contains([]string{"new", "open", "pending", "hold", "solved"}, s.Status):
		return invalid("status", fmt.Sprintf("Status: %s is not valid", s.Status))
	case s.Status == "new" && t.everOpened:
		return invalid("status", "Status: new cannot follow another status")
	case s.Status == "solved" && assignee == 0:
		return invalid("base", "Assignee: is required when solving a ticket")
	case s.Priority != "" && !slices.Contains([]string{"urgent", "high", "normal", "low"}, s.Priority):
		return invalid("priority", fmt.Sprintf("Priority: %s is not valid", s.Priority))
	}
	var events []any
	if s.Comment != nil {
		for _, token := range s.Comment.Uploads {
			file, ok := f.uploads[token]
			if !ok {
				return invalid("comment", "Attachment: invalid upload token")
			}
			delete(f.uploads, token)
			t.files = append(t.files, file)
		}
		events = append(events, map[string]any{"type": "Comment", "body": s.Comment.Body, "public": s.Comment.Public == nil || *s.Comment.Public, "author_id": author})
	}
	if s.Status != "" && s.Status != t.status {
		events = append(events, map[string]any{"type": "Change", "field_name": "status", "value": s.Status, "previous_value": t.status})
		t.status = s.Status
	}
	if s.Priority != "" && s.Priority != t.priority {
		events = append(events, map[string]any{"type": "Change", "field_name": "priority", "value": s.Priority, "previous_value": t.priority})
		t.priority = s.Priority
	}
	for _, field := range s.Fields {
		t.fields[field.ID] = field.Value
		events = append(events, map[string]any{"type": "Change", "field_name": strconv.FormatInt(field.ID, 10), "value": []any{"a", nil}, "previous_value": nil})
	}
	t.assignee, t.everOpened, t.generated = assignee, t.status != "new", f.clock
	f.audit++
	metadata := map[string]any{"system": map[string]any{"client": "x"}, "custom": map[string]any{}}
	if custom, ok := s.Metadata["custom"]; ok {
		metadata["custom"] = custom
	}
	t.audits = append(t.audits, map[string]any{"id": f.audit, "ticket_id": t.id, "author_id": author, "created_at": f.clock.Format(time.RFC3339), "metadata": metadata, "events": events})
	return fakeReply{}
}

// act is what somebody does in Zendesk's own pages.
func (f *fakeZendesk) act(external string, author int64, status, comment string, public bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tickets {
		if t.external != external {
			continue
		}
		var sent fakeSent
		if status != "closed" {
			sent.Ticket.Status = status
		}
		sent.Ticket.Assignee = 2
		if comment != "" {
			sent.Ticket.Comment = &fakeComment{Body: comment, Public: &public}
		}
		if reply := f.apply(t, sent, author); reply.status != 0 {
			f.t.Fatalf("%v", reply)
		}
		if status == "closed" {
			t.status = status
		}
	}
}

func (f *fakeZendesk) search(external string) fakeReply {
	found := []any{}
	for _, t := range f.tickets {
		if t.external == external && f.clock.Sub(t.created) >= f.lag {
			found = append(found, t.json())
		}
	}
	return fakeReply{http.StatusOK, map[string]any{"tickets": found, "count": len(found)}}
}

func (t *fakeTicket) json() map[string]any {
	out := map[string]any{
		"id": t.id, "external_id": nil, "subject": t.subject, "description": t.description, "status": t.status, "priority": t.priority, "tags": t.tags,
		"assignee_id": nil, "requester_id": t.requester, "generated_timestamp": t.generated.Unix(), "created_at": t.created.Format(time.RFC3339),
	}
	if t.external != "" {
		out["external_id"] = t.external
	}
	if t.assignee != 0 {
		out["assignee_id"] = t.assignee
	}
	return out
}

func (f *fakeZendesk) audits(r *http.Request, t *fakeTicket) fakeReply {
	size, err := strconv.Atoi(r.URL.Query().Get("page[size]"))
	if err != nil || size < 1 || size > 100 {
		return fakeReply{http.StatusBadRequest, map[string]any{"error": "InvalidPaginationParameter"}}
	}
	size = min(size, 3) // so that pages are turned
	from := 0
	if after := r.URL.Query().Get("page[after]"); after != "" {
		if from, err = strconv.Atoi(after); err != nil {
			return fakeReply{http.StatusBadRequest, map[string]any{"error": "InvalidPaginationParameter"}}
		}
	}
	until := min(from+size, len(t.audits))
	out := map[string]any{"audits": t.audits[from:until], "meta": map[string]any{"has_more": until < len(t.audits), "after_cursor": strconv.Itoa(until)}}
	if r.URL.Query().Get("include") == "users" {
		out["users"] = f.users
	}
	return fakeReply{http.StatusOK, out}
}

// export gives the tickets by the time they were changed, without those of the last minute.
func (f *fakeZendesk) export(r *http.Request) fakeReply {
	query := r.URL.Query()
	cursor, err := base64.RawURLEncoding.DecodeString(query.Get("cursor"))
	if err != nil {
		return fakeReply{http.StatusBadRequest, map[string]any{"error": "InvalidValue", "description": "Cursor is invalid"}}
	}
	var from, id int64
	if len(cursor) > 0 {
		if _, err := fmt.Sscanf(string(cursor), "%d|%d", &from, &id); err != nil {
			return fakeReply{http.StatusBadRequest, map[string]any{"error": "InvalidValue", "description": "Cursor is invalid"}}
		}
	} else if from, err = strconv.ParseInt(query.Get("start_time"), 10, 64); err != nil || f.clock.Unix()-from < 60 {
		return fakeReply{http.StatusBadRequest, map[string]any{"error": "StartTimeTooRecent", "description": "Too recent start_time. Use a start_time older than 60 seconds"}}
	} else {
		from--
		id = 1 << 60
	}
	all := slices.SortedFunc(slices.Values(f.tickets), func(a, b *fakeTicket) int {
		return int(a.generated.Unix()*1000+a.id) - int(b.generated.Unix()*1000+b.id)
	})
	page, end := []any{}, true
	for _, t := range all {
		at := t.generated.Unix()
		if at < from || at == from && t.id <= id || at > f.clock.Unix()-60 {
			continue
		}
		if len(page) == 2 { // so that pages are turned
			end = false
			break
		}
		page = append(page, t.json())
		from, id = at, t.id
	}
	after := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d|%d", from, id))
	return fakeReply{http.StatusOK, map[string]any{"tickets": page, "after_cursor": after, "after_url": "x", "end_of_stream": end}}
}
