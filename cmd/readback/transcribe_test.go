package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/testdata/fakeopenai"
	"readback/tickets"
)

const speechKey = "sk-hush-4711"

// sentence is a whole sentence, and what a hostile one would add.
const sentence = "Since this morning nobody can log in, and the \u202estatus page is green. "

// scribe is a configuration that has recordings written down by a server of the test.
func scribe(t *testing.T, server *fakeopenai.Server) string {
	t.Helper()
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return fmt.Sprintf("recording: {transcribe: {url: %q, key: %s, allow: [127.0.0.0/8], plain: true}}\n", listener.URL, speechKey)
}

// TestRecordingsAreWrittenDown: a caller describes a problem, another hangs up in the middle of it. Agents read what both said, until
// the account is erased.
func TestRecordingsAreWrittenDown(t *testing.T) {
	t.Parallel() // mostly it waits
	server := &fakeopenai.Server{Key: speechKey, Hear: func(fakeopenai.Request) string { return strings.Repeat(sentence, 4) }}
	server.Fail = func(times int, w http.ResponseWriter, _ *http.Request) bool {
		if times == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return times == 1
	}
	p := startGateway(t, scribe(t, server))
	first := p.describe(t, "22 tone:speak #1", "callback-right")
	second := p.describe(t, "23 tone:speak", "")
	var shown string
	for _, number := range []tickets.Number{first, second} {
		p.await("the transcript", func() bool {
			shown = p.run("tickets", "show", "-c", p.config, string(number))
			return strings.Contains(shown, "machine transcript")
		})
		for _, want := range []string{"-description.wav (en, whisper-1), which may be wrong\n  Since this morning nobody can log in, and the ?status page is green. Since", "transcribe ", "transcribed "} {
			if !strings.Contains(shown, want) {
				t.Errorf("ticket %s: %q is not shown:\n%s", number, want, shown)
			}
		}
	}
	for _, taken := range server.Taken() {
		if taken.Language != "en" || taken.File != "recording.wav" || taken.Bytes < 20_000 {
			t.Errorf("it got %+v", taken)
		}
	}
	if text := p.get("metrics"); !strings.Contains(text, `readback_jobs_total{kind="transcribe",outcome="done"} 2`) || !strings.Contains(text, `kind="transcribe",outcome="failed"`) {
		t.Error("the metrics do not count what was written down")
	}
	p.run("accounts", "erase", "-c", p.config, demoAccount, "--by", "ann", "--yes")
	for _, number := range []tickets.Number{first, second} {
		shown = p.run("tickets", "show", "--json", "-c", p.config, string(number))
		var found dossier
		if err := json.Unmarshal([]byte(shown), &found); err != nil {
			t.Fatal(err)
		}
		texts := 0
		for _, e := range found.Events {
			if e.What == tickets.EventTranscribed {
				texts++
				if e.Detail["transcript"] != tickets.Erased || e.Detail["model"] != "whisper-1" {
					t.Errorf("after the erasure the event is %+v", e)
				}
			}
		}
		if texts != 1 || strings.Contains(shown, "log in") {
			t.Errorf("after the erasure:\n%s", shown)
		}
	}
	if out := p.run("tickets", "export", "-c", p.config, "--verify"); !strings.Contains(out, "2 tickets") {
		t.Errorf("the proof says %q", out)
	}
	if strings.Contains(p.log.String(), "hush") {
		t.Error("the key is in the log")
	}
}

// describe has a known customer say what is wrong, and hang up at a prompt; without one, as soon as the words are said.
func (p *process) describe(t *testing.T, script, prompt string) tickets.Number {
	t.Helper()
	sounds, err := loadSounds(nil)
	if err != nil {
		t.Fatal(err)
	}
	before := p.tickets()
	phone, call, show := p.phoneIn(t, sounds)
	if show.speech, err = sampleSpeech(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cues, err := parseCues(script)
	if err != nil {
		t.Fatal(err)
	}
	if err := show.follow(ctx, cues); err != nil {
		t.Fatalf("%v; heard %+v; log:\n%s", err, show.report.Heard, p.log)
	}
	if prompt != "" {
		if err := show.await(ctx, prompt); err != nil {
			t.Fatalf("%v; heard %+v; log:\n%s", err, show.report.Heard, p.log)
		}
	}
	if err := call.hangup(ctx); err != nil {
		t.Error(err)
	}
	call.close()
	if err := phone.close(); err != nil {
		t.Error(err)
	}
	var added []tickets.Ticket
	p.await("the ticket", func() bool {
		added = slices.DeleteFunc(p.tickets(), func(one tickets.Ticket) bool {
			return slices.ContainsFunc(before, func(o tickets.Ticket) bool { return o.Number == one.Number })
		})
		return len(added) > 0
	})
	return added[0].Number
}

// millis are lengths of time that a command prints.
var millis = regexp.MustCompile(`after \d+ ms`)

func TestNotifyTranscribe(t *testing.T) {
	server := &fakeopenai.Server{Key: speechKey, Hear: func(r fakeopenai.Request) string { return sentence + r.Language }}
	dir := t.TempDir()
	recording, empty, config := filepath.Join(dir, "a.wav"), filepath.Join(dir, "empty.wav"), filepath.Join(dir, "readback.yaml")
	text := scribe(t, server)
	(&stage{t: t}).record(recording)
	if err := errors.Join(os.WriteFile(empty, nil, 0o600), os.WriteFile(config, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	wrong, off := filepath.Join(dir, "wrong.yaml"), filepath.Join(dir, "off.yaml")
	if err := errors.Join(os.WriteFile(wrong, []byte(strings.ReplaceAll(text, speechKey, "sk-hush-0")), 0o600), os.WriteFile(off, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args   []string
		want   string
		status int
	}{
		"heard":       {[]string{"-c", config, recording, "--language", "fr-FR"}, "machine transcript (fr, whisper-1), after N ms\n  Since this morning nobody can log in, and the ?status page is green. fr\n", 0},
		"in JSON":     {[]string{"-c", config, recording, "--json"}, `"text": "Since this morning`, 0},
		"a wrong key": {[]string{"-c", wrong, recording}, "refused for good: it answered 401 Unauthorized: look at recording.transcribe.key; it would not be tried again\n", 1},
		"no WAV":      {[]string{"-c", config, empty}, "refused for good: the recording is not a WAV file; it would not be tried again\n", 1},
		"off":         {[]string{"-c", off, recording}, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			err := run(t.Context(), append([]string{"notify", "transcribe"}, test.args...), strings.NewReader(""), &out, &errs)
			got := millis.ReplaceAllString(out.String(), "after N ms")
			if status(err) != test.status || !strings.Contains(got, test.want) || strings.Contains(got+fmt.Sprint(err), "hush") {
				t.Errorf("got %q, %v, want %q and %d", got, err, test.want, test.status)
			}
		})
	}
}
