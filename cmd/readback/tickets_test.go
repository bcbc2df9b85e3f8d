package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/config"
	"readback/tickets"
	"readback/tickets/recordings"
)

// An agent looks at a ticket, takes it, tells the customer, resolves it, and runs again what was given up.
func TestTicketsAtTheCommandLine(t *testing.T) {
	data := t.TempDir()
	file := filepath.Join(data, "readback.yaml")
	if err := os.WriteFile(file, []byte("data: "+data+"\nidentify: {pepper: a secret of some length}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	number := ticketIn(t, file)
	command := commandOn(t, file)
	for _, step := range []struct {
		args []string
		want string // pattern
	}{
		{[]string{"tickets", "change", number, "--by", "eve"}, `nothing to change`},
		{[]string{"tickets", "change", number, "--by", "eve", "--priority", "P7"}, `use P1, P2, P3 or P4`},
		{[]string{"tickets", "change", number, "--by", "eve", "--status", "lost"}, `use open, working, waiting or resolved`},
		{[]string{"tickets", "change", number, "--by", "eve", "--priority", "P1", "--note", "the disk is full"}, `^ticket \d{4} \d{4} is P1, open, due `},
		{[]string{"tickets", "accept", number, "--by", "eve"}, `is eve's since`},
		{[]string{"tickets", "accept", number, "--by", "ian"}, `is eve's since`},
		{[]string{"tickets", "bounced", number, "--by", "ian", "--because", "550"}, `is told in another way`},
		{[]string{"tickets", "acknowledge", number, "--by", "eve", "--how", "by telephone"}, `is acknowledged by agent since`},
		{[]string{"tickets", "bounced", number, "--by", "ian", "--because", "550"}, `it was acknowledged by agent and stays so`},
		{[]string{"tickets", "outbox"}, `^nothing\n`},
		{[]string{"tickets", "outbox", "--dead"}, `acknowledge:\d+ +acknowledge-by-email .* dead +1 +no relay`},
		{[]string{"tickets", "outbox", "run", "nothing"}, `notice nothing: not found`},
		{[]string{"tickets", "outbox", "run", "acknowledge:" + number}, `is due now`},
		{[]string{"tickets", "change", number, "--by", "eve", "--status", "resolved"}, `is P1, resolved`},
		{[]string{"tickets", "show", number}, `(?s)owner +eve.*changed .*from="P2" priority="P1".*note .*the disk is full.*accepted .*acknowledged .*by="agent" .*evidence="eve: by telephone"`},
	} {
		if got := command(step.args...); !regexp.MustCompile(step.want).MatchString(got) {
			t.Errorf("%v prints\n%s\nwant %s", step.args, got, step.want)
		}
	}
}

// commandOn runs commands with a configuration, and returns what they print or say is wrong.
func commandOn(t *testing.T, file string) func(args ...string) string {
	return func(args ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		err := run(t.Context(), append(args, "-c", file), strings.NewReader(""), &out, &errOut)
		if err != nil {
			return err.Error()
		}
		return out.String() + errOut.String()
	}
}

// ticketIn opens a ticket in the store of a configuration, whose letter was given up.
func ticketIn(t *testing.T, file string) string {
	t.Helper()
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openMigrated(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	desk, err := deskOf(c, s)
	if err != nil {
		t.Fatal(err)
	}
	account := tickets.Account{ID: "30471234", Name: "Acme", Plan: "enterprise", Contacts: []tickets.Contact{{Name: "Ann", Email: "ann@example.com"}}}
	ticket, err := desk.Open(t.Context(), tickets.Request{CallKey: "call-1", Account: &account, Verified: true, Priority: tickets.P2, Recording: "call-1.wav", Received: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Notices(t.Context(), ticket.Number, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		err := s.AmendNotice(t.Context(), row.ID, func(n *tickets.Notice) error {
			if n.Kind.Ladder() {
				n.Dead, n.Attempts, n.Failure = time.Now(), 1, "no relay"
			} else {
				n.Cancelled = time.Now()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return string(ticket.Number)
}

func TestNoticeState(t *testing.T) {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		notice tickets.Notice
		want   string
	}{
		{tickets.Notice{}, "open"},
		{tickets.Notice{Working: at.Add(time.Minute)}, "working"},
		{tickets.Notice{Done: at, Cancelled: at}, "done 2026-03-04 12:00:00Z"},
		{tickets.Notice{Cancelled: at}, "cancelled 2026-03-04 12:00:00Z"},
		{tickets.Notice{Dead: at, Attempts: 3, Failure: "550"}, "dead 2026-03-04 12:00:00Z, failed 3 times: 550"},
		{tickets.Notice{Failure: "nobody has accepted it yet"}, "open: nobody has accepted it yet"},
	} {
		if diff := cmp.Diff(test.want, noticeState(test.notice, at)); diff != "" {
			t.Error(diff)
		}
	}
}

// Erasing takes what is kept of an account's people, recordings included, and leaves the tickets and their proof.
func TestAnAccountIsErased(t *testing.T) {
	data := t.TempDir()
	file := filepath.Join(data, "readback.yaml")
	if err := os.WriteFile(file, []byte("data: "+data+"\nidentify: {pepper: a secret of some length}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	number := ticketIn(t, file)
	folder := filepath.Join(data, "recordings")
	theirs, others := filepath.Join(folder, "call-1.wav"), filepath.Join(folder, "call-2.wav")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{theirs, others} {
		if err := os.WriteFile(path, []byte("sound"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := commandOn(t, file)
	if got, want := command("accounts", "erase", "30471234", "--by", "eve"), "1 tickets, 1 recordings; erase what they say of people with --yes"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Errorf("the recording is gone before anybody said so: %v", err)
	}
	if got, want := command("accounts", "erase", "30471234", "--by", "eve", "--yes"), "of 1 tickets, callers of 0 calls, 1 recordings"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := os.Stat(theirs); !os.IsNotExist(err) {
		t.Errorf("the recording is still there: %v", err)
	}
	if _, err := os.Stat(others); err != nil {
		t.Errorf("the recording of somebody else: %v", err)
	}
	if got := command("tickets", "show", number); strings.Contains(got, "ann@example.com") || !strings.Contains(got, "erased") {
		t.Errorf("left of the ticket:\n%s", got)
	}
	if got := command("tickets", "export", "--verify"); !strings.Contains(got, "1 ticket") {
		t.Errorf("the proof is broken: %s", got)
	}
}

func TestRecordingsElsewhereAreNotDeleted(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "recordings")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(filepath.Dir(folder), "other.wav")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := deleteRecordings(t.Context(), recordings.Directory(folder), []said{{Name: "../other.wav"}}); err == nil {
		t.Error("a name that leads out of the folder was taken")
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error(err)
	}
	missing, err := deleteRecordings(t.Context(), recordings.Directory(folder), []said{{Name: "gone.wav"}})
	if err != nil || len(missing) != 1 {
		t.Errorf("got %v, %v, want that it was not there", missing, err)
	}
}

// An acknowledgement that came too late is none that was in time.
func TestDeadline(t *testing.T) {
	received := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	due := received.Add(4 * time.Hour)
	for _, test := range []struct {
		name      string
		told, now time.Duration // since receipt; told 0: nobody was
		want      string
	}{
		{"nobody was told yet", 0, time.Hour, "in 3h0m0s"},
		{"nobody was told", 0, 5 * time.Hour, "missed by 1h0m0s"},
		{"told at the last moment", 4 * time.Hour, 9 * time.Hour, "met"},
		{"told too late", 4*time.Hour + 90*time.Second, 9 * time.Hour, "late by 1m30s"},
	} {
		ticket := tickets.Ticket{Received: received, Due: due}
		if test.told > 0 {
			ticket.Acknowledged = received.Add(test.told)
		}
		if got := deadline(ticket, received.Add(test.now)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
