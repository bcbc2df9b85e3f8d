package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"readback/config"
	"readback/tickets"
)

// office is a configuration with a store that holds tickets, but no gateway.
type office struct {
	t    *testing.T
	file string
	*config.Config
	desk *tickets.Desk
}

func newOffice(t *testing.T, more string) office {
	t.Helper()
	dir := t.TempDir()
	o := office{t: t, file: filepath.Join(dir, "readback.yaml")}
	if err := os.WriteFile(o.file, []byte("data: data\nidentify: {pepper: 0123456789abcdef}\n"+more), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(o.file)
	if err != nil {
		t.Fatal(err)
	}
	o.Config = c
	s, err := openMigrated(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if o.desk, err = deskOf(c, s); err != nil {
		t.Fatal(err)
	}
	return o
}

// run runs a command and returns what it printed.
func (o office) run(args ...string) (string, error) {
	o.t.Helper()
	var out bytes.Buffer
	err := run(o.t.Context(), append(args, "-c", o.file), strings.NewReader(""), &out, &out)
	return out.String(), err
}

func (o office) open(callKey string) tickets.Ticket {
	o.t.Helper()
	ticket, err := o.desk.Open(o.t.Context(), tickets.Request{CallKey: callKey, Caller: tickets.Caller{Number: "+14155550100"}, Called: "+18887999666", Recording: callKey + ".wav"})
	if err != nil {
		o.t.Fatal(err)
	}
	return ticket
}

func TestExportAndVerify(t *testing.T) {
	o := newOffice(t, "")
	signer, err := signerOf(o.Config, o.desk.Store)
	if err != nil {
		t.Fatal(err)
	}
	o.open("a")
	signer.Now = func() time.Time { return time.Now().AddDate(0, 0, 1) }
	if made, err := signer.Sign(t.Context()); err != nil || made != 1 {
		t.Fatalf("made %d lists, %v", made, err)
	}
	file := filepath.Join(t.TempDir(), "export.jsonl")
	if out, err := o.run("tickets", "export", "-o", file); err != nil || out != "" {
		t.Fatalf("export: %v, %s", err, out)
	}
	const good = "1 tickets with 1 events (0 texts erased), 1 signed lists: all is as it was proved to be"
	for name, args := range map[string][]string{"the store": {"--verify"}, "the file": {"--verify", file}} {
		if out, err := o.run(append([]string{"tickets", "export"}, args...)...); err != nil || !strings.Contains(out, good) {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}

	key, err := o.run("tickets", "key")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := newOffice(t, "")
	if out, err := elsewhere.run("tickets", "export", "--verify", file); status(err) != 1 || !strings.Contains(out, "signed by a key that is not trusted") {
		t.Errorf("without the key: %v, %s", err, out)
	}
	if out, err := elsewhere.run("tickets", "export", "--verify", "--key", strings.TrimSpace(key), file); err != nil || !strings.Contains(out, good) {
		t.Errorf("with the key: %v, %s", err, out)
	}

	exported, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(exported, []byte(`"what":"received"`), []byte(`"what":"forgotten"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := o.run("tickets", "export", "--verify", "--json", file)
	var found struct{ Faults []tickets.Fault }
	if status(err) != 1 || !errors.Is(err, errReported) || json.Unmarshal([]byte(out), &found) != nil || len(found.Faults) != 2 || found.Faults[0].Event != 1 {
		t.Errorf("a changed file: %v, %s", err, out)
	}

	list, err := filepath.Glob(filepath.Join(headsFolder(o.Config), "*.json"))
	if err != nil || len(list) != 1 {
		t.Fatalf("got files %v, %v", list, err)
	}
	if err := os.WriteFile(list[0], []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := o.run("tickets", "export", "--verify"); status(err) != 1 || !strings.Contains(out, "not the same as its copy") {
		t.Errorf("a changed copy of a list: %v, %s", err, out)
	}
}

func TestExportOfSomeDays(t *testing.T) {
	o := newOffice(t, "")
	o.open("a")
	today := time.Now().UTC()
	for name, test := range map[string]struct {
		since, until time.Time
		want         int
	}{
		"with today":     {today, today, 1},
		"until the eve":  {today.AddDate(0, 0, -7), today.AddDate(0, 0, -1), 0},
		"from yesterday": {today.AddDate(0, 0, -1), today.AddDate(0, 0, 1), 1},
	} {
		out, err := o.run("tickets", "export", "--since", test.since.Format(time.DateOnly), "--until", test.until.Format(time.DateOnly))
		if got := strings.Count(out, `{"dossier"`); err != nil || got != test.want {
			t.Errorf("%s: %d tickets, %v, want %d", name, got, err, test.want)
		}
	}
	for _, args := range [][]string{{"--since", "yesterday"}, {"--until", "2026-02-30"}, {"--verify", "--key", "x"}, {o.file}} {
		if _, err := o.run(append([]string{"tickets", "export"}, args...)...); status(err) != 2 {
			t.Errorf("%v: %v, want a usage error", args, err)
		}
	}
}
