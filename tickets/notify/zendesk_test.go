package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

// mirrored is a ticket as the desk has it, with its events.
func mirrored(t *testing.T) (tickets.Ticket, []tickets.Event) {
	t.Helper()
	number, err := tickets.NumberOf(7)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 4, 11, 59, 0, 0, time.UTC)
	ticket := tickets.Ticket{
		Number: number, Account: "30471234", Plan: "enterprise", Contact: "Ann Ames", Email: "ann@example.com", Caller: "+14155550100", Called: "+18887999666",
		Priority: tickets.P2, Kind: tickets.KindProblem, Status: tickets.StatusOpen, Received: at, Due: at.Add(4 * time.Hour), Recording: "rec.wav",
	}
	return ticket, []tickets.Event{{Ticket: number, At: at, Who: tickets.WhoCaller, What: tickets.EventReceived}}
}

// zendesk is ours, at a fake one.
func zendesk(t *testing.T, change func(*ZendeskConfig)) (*Zendesk, *fakeZendesk) {
	t.Helper()
	fake, address := newFakeZendesk(t)
	client := loopback()
	t.Cleanup(client.Close)
	config := ZendeskConfig{
		Name: "zendesk", URL: address, Email: fakeAgent, Token: fakeToken, Plain: true, Client: client, Now: fake.now, Tags: []string{"phone"},
		Fields: map[int64]string{360001: "account", 360002: "due"}, Link: "https://desk.example.com/{number}",
		Recording: func(_ context.Context, name string) (io.ReadCloser, int64, error) {
			if name == "gone.wav" {
				return nil, 0, fs.ErrNotExist
			}
			return io.NopCloser(strings.NewReader("sound of " + name)), int64(len("sound of " + name)), nil
		},
	}
	if change != nil {
		change(&config)
	}
	z, err := NewZendesk(config)
	if err != nil {
		t.Fatal(err)
	}
	return z, fake
}

func (f *fakeZendesk) only() *fakeTicket {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.tickets) != 1 {
		f.t.Fatalf("%d tickets over there, want one; requests %q", len(f.tickets), f.seen)
	}
	return f.tickets[0]
}

func TestPushMakesTheTicketOnce(t *testing.T) {
	z, fake := zendesk(t, nil)
	ticket, events := mirrored(t)
	for range 3 {
		if err := z.Push(t.Context(), ticket, events); err != nil {
			t.Fatal(err)
		}
	}
	there := fake.only()
	if there.external != string(ticket.Number) || there.priority != "high" || there.status != "new" || !slices.Equal(there.tags, []string{"phone"}) {
		t.Errorf("got %+v", there)
	}
	if there.fields[360001] != "30471234" || there.fields[360002] != "2026-03-04T15:59:00Z" {
		t.Errorf("got fields %v", there.fields)
	}
	if requester := fake.users[there.requester-1]; requester.Name != "Ann Ames" || requester.Email != "ann@example.com" {
		t.Errorf("requested by %v", requester)
	}
	for _, want := range []string{string(ticket.Number), "P2", "Ann Ames", "+14155550100", "https://desk.example.com/"} {
		if !strings.Contains(there.description, want) {
			t.Errorf("%q does not say %q", there.description, want)
		}
	}
	if len(there.files) != 1 || there.files[0].name != "rec.wav" || there.files[0].kind != "audio/wav" || string(there.files[0].content) != "sound of rec.wav" {
		t.Errorf("got files %v", there.files)
	}
	if len(there.audits) != 1 {
		t.Errorf("%d updates, want one", len(there.audits))
	}
}

// TestARepeatedPushMakesNoSecondTicket loses answers: the ticket is there, and nobody here knows.
func TestARepeatedPushMakesNoSecondTicket(t *testing.T) {
	for name, lag := range map[string]time.Duration{"found by its external id": 0, "not found yet": time.Minute} {
		t.Run(name, func(t *testing.T) {
			z, fake := zendesk(t, nil)
			fake.lag = lag
			ticket, events := mirrored(t)
			if err := z.Push(t.Context(), ticket, events); err != nil {
				t.Fatal(err)
			}
			z.known = map[tickets.Number]int64{} // as after a restart, or on another gateway
			events = append(events, tickets.Event{At: fake.now(), Who: "eve", What: tickets.EventNote, Detail: map[string]string{"note": "on it"}})
			err := z.Push(t.Context(), ticket, events)
			if lag > 0 && (err == nil || errors.Is(err, tickets.ErrRefused)) {
				t.Errorf("got %v, want a failure that passes", err)
			}
			fake.pass(lag)
			if err := z.Push(t.Context(), ticket, events); err != nil {
				t.Fatal(err)
			}
			if there := fake.only(); len(there.audits) != 2 {
				t.Errorf("%d updates, want two", len(there.audits))
			}
		})
	}
}

func TestPushKeepsTheTicketInStep(t *testing.T) {
	z, fake := zendesk(t, nil)
	ticket, events := mirrored(t)
	at := ticket.Received
	add := func(e tickets.Event) {
		at = at.Add(time.Second)
		e.At = at
		events = append(events, e)
	}
	push := func() {
		t.Helper()
		for range 2 { // the second time, nothing is left to say
			if err := z.Push(t.Context(), ticket, events); err != nil {
				t.Fatal(err)
			}
		}
	}
	push()
	add(tickets.Event{Who: "readback", What: tickets.EventAcknowledged, Detail: map[string]string{"by": "readback"}})
	add(tickets.Event{Who: "caller", What: tickets.EventJoined, Detail: map[string]string{"recording": "second.wav"}})
	add(tickets.Event{Who: "caller", What: tickets.EventNote, Detail: map[string]string{"recording": "CALL-note-1.wav"}})
	add(tickets.Event{Who: "readback", What: tickets.EventSent})
	add(tickets.Event{Who: "readback", What: tickets.EventTranscribed, Detail: map[string]string{"recording": "second.wav", "language": "en", "model": "whisper-1", "transcript": "it still fails"}})
	push()
	ticket.Priority, ticket.Status, ticket.Due = tickets.P1, tickets.StatusResolved, at.Add(time.Hour)
	add(tickets.Event{Who: "eve", What: tickets.EventChanged, Detail: map[string]string{"priority": "P1", "from": "P2"}})
	add(tickets.Event{Who: "eve", What: tickets.EventChanged, Detail: map[string]string{"status": "resolved", "from": "open"}})
	push()
	there := fake.only()
	if there.status != "solved" || there.priority != "urgent" || there.assignee != 1 || len(there.files) != 3 || len(there.audits) != 3 {
		t.Errorf("got %+v, want it solved, urgent, with three recordings, in three updates", there)
	}
	comment := fmt.Sprint(there.audits[1]["events"])
	if !strings.Contains(comment, "the customer was told") || !strings.Contains(comment, "called again") || !strings.Contains(comment, "left a message") || !strings.Contains(comment, "public:false") ||
		!strings.Contains(comment, "Machine transcript of second.wav (en, whisper-1), which may be wrong:\nit still fails") {
		t.Errorf("got %s", comment)
	}
	ticket.Status = tickets.StatusOpen
	add(tickets.Event{Who: "eve", What: tickets.EventChanged, Detail: map[string]string{"status": "open", "from": "resolved"}})
	push()
	if there := fake.only(); there.status != "open" {
		t.Errorf("a ticket that is opened again is %s there", there.status)
	}
}

func TestPushLeavesWhatOthersChanged(t *testing.T) {
	z, fake := zendesk(t, nil)
	ticket, events := mirrored(t)
	if err := z.Push(t.Context(), ticket, events); err != nil {
		t.Fatal(err)
	}
	fake.act(string(ticket.Number), 2, "pending", "Which version is it?", true)
	events = append(events, tickets.Event{At: ticket.Received.Add(time.Minute), Who: "eve", What: tickets.EventNote, Detail: map[string]string{"note": "looked at the logs"}})
	if err := z.Push(t.Context(), ticket, events); err != nil {
		t.Fatal(err)
	}
	if there := fake.only(); there.status != "pending" {
		t.Errorf("the status is %s, want it left as it was put there", there.status)
	}
}

func TestPullGivesWhatOthersChanged(t *testing.T) {
	z, fake := zendesk(t, nil)
	ticket, events := mirrored(t)
	_, cursor, err := z.Pull(t.Context(), "")
	if err != nil || len(fake.seen) != 0 {
		t.Fatalf("%v after %q, want a beginning that asks nobody", err, fake.seen)
	}
	if err := z.Push(t.Context(), ticket, events); err != nil {
		t.Fatal(err)
	}
	number := string(ticket.Number)
	fake.pass(10 * time.Second)
	fake.act(number, 2, "open", "Which version is it?", true)
	fake.pass(time.Second)
	fake.act(number, 2, "", "a customer of ours since 2019", false) // internal
	fake.act(number, 99, "pending", "", true)
	for i := range 4 { // of others, to turn pages
		if reply := fake.create(fmt.Appendf(nil, `{"ticket":{"external_id":"crm-%d","comment":{"body":"x"}}}`, i)); reply.status != http.StatusCreated {
			t.Fatalf("%v", reply)
		}
	}
	changes, same, err := z.Pull(t.Context(), cursor)
	if err != nil || len(changes) != 0 {
		t.Fatalf("got %v, %v: an export is without the last minute", changes, err)
	}
	fake.pass(2 * time.Minute)
	changes, next, err := z.Pull(t.Context(), same)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, c := range changes {
		got = append(got, fmt.Sprintf("%s %s %s %q %q", c.ID, c.Ticket, c.Who, c.Status, c.Note))
	}
	want := []string{
		fmt.Sprintf(`zendesk:2 %s zendesk: Jane Doe "working" "Which version is it?"`, number),
		fmt.Sprintf(`zendesk:4 %s zendesk "waiting" ""`, number),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if again, _, err := z.Pull(t.Context(), next); err != nil || len(again) != 0 {
		t.Errorf("got %v, %v, want nothing new", again, err)
	}
	fake.pass(time.Minute)
	fake.act(number, 2, "closed", "", false)
	fake.pass(2 * time.Minute)
	if last, _, err := z.Pull(t.Context(), next); err != nil || len(last) == 0 {
		t.Errorf("got %v, %v, want the last change, and maybe some before", last, err)
	}
}

func TestOurOwnChangesDoNotComeBack(t *testing.T) {
	z, fake := zendesk(t, nil)
	ticket, events := mirrored(t)
	_, cursor, err := z.Pull(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	ticket.Status = tickets.StatusWaiting
	for i := range 5 {
		events = append(events, tickets.Event{At: fake.now().Add(time.Duration(i) * time.Second), Who: "eve", What: tickets.EventChanged, Detail: map[string]string{"status": "waiting", "from": "open"}})
		if err := z.Push(t.Context(), ticket, events); err != nil {
			t.Fatal(err)
		}
	}
	events = append(events, tickets.Event{At: fake.now(), Who: "zendesk: Jane Doe", What: tickets.EventNote, Detail: map[string]string{"note": "from there", "ref": "zendesk:77"}})
	if err := z.Push(t.Context(), ticket, events); err != nil {
		t.Fatal(err)
	}
	if there := fake.only(); len(there.audits) != 5 {
		t.Errorf("%d updates, want 5: what came from there is not sent back", len(there.audits))
	}
	fake.pass(5 * time.Minute)
	if changes, _, err := z.Pull(t.Context(), cursor); err != nil || len(changes) != 0 {
		t.Errorf("got %v, %v, want nothing", changes, err)
	}
}

func TestZendeskRateLimitIsHonoured(t *testing.T) {
	z, fake := zendesk(t, nil)
	fake.limit = 2
	fake.pass(10 * time.Second)
	ticket, events := mirrored(t)
	ticket.Recording = ""
	if err := z.Push(t.Context(), ticket, events); err != nil {
		t.Fatal(err)
	}
	asked := len(fake.seen)
	for range 5 {
		wait, ok := errors.AsType[*tickets.Later](z.Push(t.Context(), ticket, append(events, tickets.Event{At: fake.now(), What: tickets.EventNote, Who: "eve"})))
		if !ok || wait.At.Sub(fake.now()) != 50*time.Second {
			t.Fatalf("got %v, want a pause until the minute is over", wait)
		}
	}
	if len(fake.seen) != asked {
		t.Errorf("%d requests although the limit was used up", len(fake.seen)-asked)
	}
	fake.pass(50 * time.Second)
	fake.mu.Lock()
	fake.limit = 700
	fake.mu.Unlock()
	if err := z.Push(t.Context(), ticket, events); err != nil {
		t.Error(err)
	}
	fake.fail = func(*http.Request) int { return http.StatusTooManyRequests }
	if err := z.Push(t.Context(), ticket, events); err == nil || errors.Is(err, tickets.ErrRefused) {
		t.Errorf("got %v, want a failure that passes", err)
	}
}

func TestWhatZendeskRefuses(t *testing.T) {
	ticket, events := mirrored(t)
	for name, test := range map[string]struct {
		change  func(*ZendeskConfig)
		fake    func(*fakeZendesk)
		refused bool
		says    string
	}{
		"a wrong token":     {change: func(c *ZendeskConfig) { c.Token = "hush" }, says: "401 Unauthorized"},
		"a bad gateway":     {fake: func(f *fakeZendesk) { f.fail = func(*http.Request) int { return http.StatusBadGateway } }, says: "502"},
		"a conflict":        {fake: func(f *fakeZendesk) { f.fail = func(*http.Request) int { return http.StatusConflict } }, says: "409"},
		"a closed ticket":   {fake: func(f *fakeZendesk) { f.act(string(ticket.Number), 2, "closed", "", false) }, refused: true, says: "closed prevents ticket update"},
		"a ticket not ours": {change: func(c *ZendeskConfig) { c.URL += "/elsewhere" }, refused: true, says: "404"},
	} {
		t.Run(name, func(t *testing.T) {
			z, fake := zendesk(t, nil)
			if test.change != nil {
				test.change(&z.config)
				again, err := NewZendesk(z.config)
				if err != nil {
					t.Fatal(err)
				}
				z = again
			} else if err := z.Push(t.Context(), ticket, events); err != nil {
				t.Fatal(err)
			}
			if test.fake != nil {
				test.fake(fake)
			}
			note := tickets.Event{At: ticket.Received.Add(time.Minute), Who: "eve", What: tickets.EventNote, Detail: map[string]string{"note": "?"}}
			err := z.Push(t.Context(), ticket, append(slices.Clone(events), note))
			if err == nil || errors.Is(err, tickets.ErrRefused) != test.refused || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v, want refused %v and %q", err, test.refused, test.says)
			}
		})
	}
}

func TestATicketThatIsGoneOverThereIsMadeAgain(t *testing.T) {
	z, fake := zendesk(t, nil)
	ticket, events := mirrored(t)
	if err := z.Push(t.Context(), ticket, events); err != nil {
		t.Fatal(err)
	}
	fake.tickets = nil
	fake.pass(3 * time.Hour)
	if err := z.Push(t.Context(), ticket, events); err == nil || errors.Is(err, tickets.ErrRefused) {
		t.Errorf("got %v, want a failure that passes", err)
	}
	if err := z.Push(t.Context(), ticket, events); err != nil {
		t.Fatal(err)
	}
	fake.only()
}

func TestZendeskByOAuthAndWithLittleToSay(t *testing.T) {
	z, fake := zendesk(t, func(c *ZendeskConfig) { c.Email, c.Token = "", fakeOAuth })
	ticket, events := mirrored(t)
	ticket.Email, ticket.Contact, ticket.Account, ticket.Caller, ticket.Recording = "", "", "", "", "gone.wav"
	if err := z.Push(t.Context(), ticket, events); err != nil {
		t.Fatal(err)
	}
	if there := fake.only(); there.requester != 1 || len(there.files) != 0 || !strings.Contains(there.description, "none was proved") {
		t.Errorf("got %+v", there)
	}
}

func TestARecordingThatCannotBeReadIsTriedAgain(t *testing.T) {
	z, fake := zendesk(t, func(c *ZendeskConfig) {
		c.Recording = func(context.Context, string) (io.ReadCloser, int64, error) {
			return nil, 0, errors.New("bucket is down")
		}
	})
	ticket, events := mirrored(t)
	if err := z.Push(t.Context(), ticket, events); err == nil || errors.Is(err, tickets.ErrRefused) || len(fake.tickets) != 0 {
		t.Errorf("got %v and %d tickets, want a failure that passes and none", err, len(fake.tickets))
	}
	z.config.Recording = func(context.Context, string) (io.ReadCloser, int64, error) {
		return io.NopCloser(bytes.NewReader(nil)), maxRecording + 1, nil
	}
	if err := z.Push(t.Context(), ticket, events); err != nil || len(fake.only().files) != 0 {
		t.Errorf("got %v, want the ticket without what is too large", err)
	}
}

func TestRefusesAZendeskThatCannotWork(t *testing.T) {
	for name, c := range map[string]ZendeskConfig{
		"in the clear":   {URL: "http://hush.example.com", Token: "hush"},
		"no token":       {URL: "https://example.zendesk.com"},
		"a field of ill": {URL: "https://example.zendesk.com", Token: "hush", Fields: map[int64]string{1: "mood"}},
	} {
		if _, err := NewZendesk(c); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %v, want a refusal without secrets", name, err)
		}
	}
}

func FuzzPosition(f *testing.F) {
	for _, seed := range []string{"", "1772625600", "1772625600 MTU4", "-1", "x y", "1  2", "0 \v"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parsePosition(text)
		if err != nil {
			return
		}
		if again, err := parsePosition(at.String()); err != nil || again != at {
			t.Errorf("%q is %v, and that is %v, %v", text, at, again, err)
		}
	})
}

func FuzzComplaint(f *testing.F) {
	for _, seed := range []string{`{"error":"RecordInvalid","details":{"base":[{"description":"x"}]}}`, `{"error":{"title":"x"}}`, `[]`, `{"details":3}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if kind, said := complaint(body); len(kind) > 100 || len(said) > maxSummary || strings.ContainsAny(kind+said, "\r\n\x00") {
			t.Errorf("got %q and %q", kind, said)
		}
	})
}

func TestZendeskLogin(t *testing.T) {
	z, _ := zendesk(t, nil)
	if name, err := z.Login(t.Context()); err != nil || name != "Readback" {
		t.Errorf("got %q, %v", name, err)
	}
	z.login = "Bearer hush"
	if _, err := z.Login(t.Context()); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("got %v, want 401", err)
	}
}
