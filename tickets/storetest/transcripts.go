package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

// A typist writes down what is on a shelf of recordings, by script.
type typist struct {
	*office
	tickets.Recordings // those methods are not used

	shelf  map[string]string
	script []error
	on     func() // while it listens
}

func (y *typist) Open(_ context.Context, name string) (io.ReadCloser, error) {
	said, ok := y.shelf[name]
	if !ok {
		return nil, fmt.Errorf("recording %s: %w", name, tickets.ErrNotFound)
	}
	return io.NopCloser(strings.NewReader(said)), nil
}

func (y *typist) Transcribe(_ context.Context, s tickets.Speech) (tickets.Transcript, error) {
	if err := y.take(&y.script, "write down %s in %s", s.Name, s.Language); err != nil {
		return tickets.Transcript{}, err
	}
	if y.on != nil {
		y.on()
	}
	said, err := io.ReadAll(s.Sound)
	return tickets.Transcript{Text: string(said), Language: "en", Model: "whisper-1"}, err
}

// newTypist is an office in which recordings are written down, and nothing else is done.
func newTypist(t *testing.T, store tickets.Store) *typist {
	o := newOffice(t, store)
	o.clerk.Mailer, o.clerk.Phone, o.Transcribe = nil, nil, true
	y := &typist{office: o, shelf: map[string]string{"rec.wav": "nothing works any more"}}
	o.clerk.Recordings, o.clerk.Transcriber = y, y
	return y
}

// row is the row of a recording.
func (y *typist) row(recording string) tickets.Notice {
	y.t.Helper()
	row, err := y.Store.Notice(y.t.Context(), "transcribe:"+recording)
	if err != nil {
		y.t.Fatal(err)
	}
	return row
}

// texts are the transcripts of a ticket.
func (y *typist) texts(number tickets.Number) (texts []string) {
	y.t.Helper()
	events, err := y.Store.Events(y.t.Context(), number)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, e := range events {
		if e.What == tickets.EventTranscribed {
			texts = append(texts, e.Detail["transcript"])
		}
	}
	return texts
}

func testTranscripts(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("asked for with each recording, once", func(t *testing.T) { testTranscriptRows(t, open) })
	t.Run("a transcript is an event of its ticket", func(t *testing.T) {
		y := newTypist(t, open(t))
		ticket := y.open(y.request())
		y.until(time.Second)
		events, err := y.Store.Events(t.Context(), ticket.Number)
		if err != nil {
			t.Fatal(err)
		}
		last := events[len(events)-1]
		want := "map[language:en model:whisper-1 recording:rec.wav transcript:nothing works any more]"
		if got := fmt.Sprint(last.Detail); last.What != tickets.EventTranscribed || last.Who != tickets.WhoGateway || got != want {
			t.Errorf("got %s by %s: %s, want %s", last.What, last.Who, got, want)
		}
		if row := y.row("rec.wav"); row.Done.IsZero() || row.Failure != "" {
			t.Errorf("its row is %+v, want it done", row)
		}
		y.audit(t, "")
	})
	t.Run("what comes from outside is bounded and shows", func(t *testing.T) {
		y := newTypist(t, open(t))
		y.shelf["rec.wav"] = " one\r\n\ttwo\u2028three \x1b[31m\u202e\xff " + strings.Repeat("é ", 10_000)
		ticket := y.open(y.request())
		y.until(time.Second)
		got := y.texts(ticket.Number)
		if len(got) != 1 || !strings.HasPrefix(got[0], "one two three ?[31m?? é é ") || !strings.HasSuffix(got[0], "é […]") || len(got[0]) > 16<<10 {
			t.Errorf("kept %.60q …, %d bytes", got, len(strings.Join(got, "")))
		}
	})
	t.Run("what fails is tried again, and makes one text", func(t *testing.T) {
		y := newTypist(t, open(t))
		y.script = []error{errDown, &tickets.Later{At: noon.Add(10 * time.Minute), Err: errDown}, nil}
		ticket := y.open(y.request())
		y.until(time.Hour)
		want := []string{"0s write down rec.wav in en-US", "2s write down rec.wav in en-US", "10m0s write down rec.wav in en-US"}
		if got := y.done(); !slices.Equal(got, want) || len(y.texts(ticket.Number)) != 1 {
			t.Errorf("done %q with %d texts, want %q and one", got, len(y.texts(ticket.Number)), want)
		}
	})
	t.Run("what is refused for good is given up, and can be tried again", func(t *testing.T) {
		y := newTypist(t, open(t))
		y.script = []error{fmt.Errorf("%w: the key is wrong", tickets.ErrRefused), nil}
		ticket := y.open(y.request())
		y.until(time.Hour)
		dead := y.dead(1)
		if len(y.done()) != 1 || !strings.Contains(dead[0].Failure, "the key is wrong") {
			t.Errorf("done %q, given up because of %q", y.done(), dead[0].Failure)
		}
		if err := y.Retry(t.Context(), dead[0].ID); err != nil {
			t.Fatal(err)
		}
		y.until(2 * time.Hour)
		if len(y.texts(ticket.Number)) != 1 {
			t.Errorf("%d texts, want one", len(y.texts(ticket.Number)))
		}
	})
	t.Run("nothing was said", func(t *testing.T) {
		y := newTypist(t, open(t))
		y.shelf["rec.wav"] = " \n"
		ticket := y.open(y.request())
		y.until(time.Minute)
		if row := y.row("rec.wav"); row.Done.IsZero() || row.Failure != "nothing is said in the recording" || len(y.texts(ticket.Number)) != 0 {
			t.Errorf("its row is %+v, want it done without a text", row)
		}
	})
	t.Run("nobody is configured any more", func(t *testing.T) {
		y := newTypist(t, open(t))
		y.clerk.Transcriber = nil
		y.open(y.request())
		y.until(time.Minute)
		y.dead(1)
	})
	t.Run("a recording that is not here is waited for", func(t *testing.T) { testAbsentRecording(t, open) })
	t.Run("erased", func(t *testing.T) { testTranscriptErased(t, open) })
	t.Run("many at once, and a store that fails, make one text", func(t *testing.T) { testOneTranscript(t, open) })
	t.Run("other programs are told that there is one, not what it says", func(t *testing.T) {
		y := newTypist(t, open(t))
		hook := &post{office: y.office, name: "crm", wants: "ticket." + tickets.EventTranscribed}
		y.Publish, y.clerk.Hooks = true, []tickets.Hook{hook}
		y.open(y.request())
		y.until(time.Minute)
		if len(hook.got) != 1 {
			t.Fatalf("told %q", kinds(hook.got))
		}
		if said := string(hook.got[0].Data); !strings.Contains(said, `"model":"whisper-1"`) || !strings.Contains(said, `"recording":"rec.wav"`) || strings.Contains(said, "nothing works") {
			t.Errorf("told %s", said)
		}
	})
}

func testTranscriptRows(t *testing.T, open func(*testing.T) tickets.Store) {
	for _, configured := range []bool{false, true} {
		y := newTypist(t, open(t))
		y.Desk.Transcribe = configured
		request := y.request()
		request.Recording = "a.wav"
		ticket := y.open(request)
		y.open(request)
		again := y.request() // joins
		again.Recording = "b.wav"
		if joined := y.open(again); joined.Number != ticket.Number {
			t.Fatal("the second call did not join")
		}
		silent := y.request()
		silent.Recording = ""
		y.open(silent)
		for range 2 {
			if err := y.LeaveNote(t.Context(), ticket.Number, tickets.Note{CallKey: "call-9", Recording: "call-9-note-1.wav"}); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := y.Store.Notices(t.Context(), ticket.Number, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range rows {
			if row.Kind == tickets.Transcribe {
				got = append(got, fmt.Sprintf("%s %s of %s %s due %v", row.ID, row.To, row.Account, row.Language, row.Due.Equal(y.now())))
			}
		}
		slices.Sort(got)
		var want []string
		if configured {
			for _, name := range []string{"a.wav", "b.wav", "call-9-note-1.wav"} {
				want = append(want, fmt.Sprintf("transcribe:%s %s of 30471234 en-US due true", name, name))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("configured %v: rows %q, want %q", configured, got, want)
		}
	}
}

func testAbsentRecording(t *testing.T, open func(*testing.T) tickets.Store) {
	y := newTypist(t, open(t))
	request := y.request()
	request.Recording = "elsewhere.wav"
	ticket := y.open(request)
	y.until(time.Minute)
	row := y.row("elsewhere.wav")
	if !row.Open() || row.Attempts != 0 || !strings.Contains(row.Failure, "not on this gateway") || !row.Due.After(noon.Add(time.Minute)) {
		t.Errorf("its row is %+v, want it to wait", row)
	}
	y.shelf["elsewhere.wav"] = "it came"
	y.until(3 * time.Minute)
	if got := y.texts(ticket.Number); !slices.Equal(got, []string{"it came"}) {
		t.Errorf("texts %q", got)
	}
	again := y.request()
	again.Recording = "gone.wav"
	y.open(again)
	y.until(4 * 24 * time.Hour)
	if row := y.row("gone.wav"); row.Done.IsZero() || row.Failure != "the recording is gone" {
		t.Errorf("its row is %+v, want it done in the end", row)
	}
	y.dead(0)
}

func testTranscriptErased(t *testing.T, open func(*testing.T) tickets.Store) {
	erase := func(y *typist) {
		event := tickets.Event{At: y.now(), Who: "bob", What: tickets.EventErased}
		if _, err := y.Store.Erase(t.Context(), acme().ID, event); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("afterwards", func(t *testing.T) {
		y := newTypist(t, open(t))
		ticket := y.open(y.request())
		y.until(time.Second)
		erase(y)
		if got := y.texts(ticket.Number); !slices.Equal(got, []string{tickets.Erased}) {
			t.Errorf("texts %q, want it erased", got)
		}
		y.audit(t, "")
	})
	t.Run("before", func(t *testing.T) {
		y := newTypist(t, open(t))
		ticket := y.open(y.request())
		erase(y)
		y.until(time.Hour)
		if row := y.row("rec.wav"); row.Cancelled.IsZero() || row.To != "" || len(y.done()) != 0 || len(y.texts(ticket.Number)) != 0 {
			t.Errorf("after %q its row is %+v, want it cancelled", y.done(), row)
		}
	})
	t.Run("meanwhile", func(t *testing.T) {
		y := newTypist(t, open(t))
		y.on = func() { erase(y) }
		ticket := y.open(y.request())
		y.until(time.Hour)
		if got := y.texts(ticket.Number); len(y.done()) != 1 || len(got) != 0 {
			t.Errorf("texts %q after %q, want none", got, y.done())
		}
		y.audit(t, "")
	})
}

func testOneTranscript(t *testing.T, open func(*testing.T) tickets.Store) {
	y := newTypist(t, open(t))
	ticket := y.open(y.request())
	forgetful := &forgetful{Store: y.Store}
	y.Store = forgetful
	y.on = func() { forgetful.fails = true } // to settle the row
	if err := y.clerk.Work(t.Context(), "transcribe:rec.wav"); !errors.Is(err, tickets.ErrUnavailable) {
		t.Fatalf("got %v, want that the store failed", err)
	}
	forgetful.fails = false
	y.pass(time.Hour) // nobody has it any more
	together(8, func(int) {
		if err := y.clerk.Work(patience(t), "transcribe:rec.wav"); err != nil {
			t.Error(err)
		}
	})
	if got := y.texts(ticket.Number); len(got) != 1 || len(y.done()) != 1 {
		t.Errorf("texts %q after %q, want one", got, y.done())
	}
}

// forgetful fails to change rows of the outbox alone.
type forgetful struct {
	tickets.Store
	fails bool
}

func (f *forgetful) AmendNotice(ctx context.Context, id string, change func(*tickets.Notice) error) error {
	if f.fails {
		return tickets.ErrUnavailable
	}
	return f.Store.AmendNotice(ctx, id, change)
}
