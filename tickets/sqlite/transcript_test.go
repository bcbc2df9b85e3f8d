package sqlite_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/tickets"
	"readback/tickets/sqlite"
)

// A slowTypist has every recording, and takes seven minutes to write one down.
type slowTypist struct{ tickets.Recordings }

func (slowTypist) Open(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("")), nil
}

func (slowTypist) Transcribe(ctx context.Context, _ tickets.Speech) (tickets.Transcript, error) {
	select {
	case <-time.After(7 * time.Minute):
		return tickets.Transcript{Text: "nothing works", Model: "whisper-1"}, nil
	case <-ctx.Done():
		return tickets.Transcript{}, context.Cause(ctx)
	}
}

type postman struct{ taken []tickets.Letter }

func (p *postman) Mail(_ context.Context, l tickets.Letter) error {
	p.taken = append(p.taken, l)
	return nil
}

// TestASlowTranscriptIsWaitedForByNobody: the customer is told meanwhile, another gateway leaves it alone, and a gateway that stops
// leaves it to the next one.
func TestASlowTranscriptIsWaitedForByNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := open(t, sqlite.Memory)
		desk := &tickets.Desk{Store: store, Mail: true, Transcribe: true}
		letters := &postman{}
		clerk := &tickets.Clerk{Desk: desk, Mailer: letters, Recordings: slowTypist{}, Transcriber: slowTypist{}}
		account := tickets.Account{ID: "7", Plan: "enterprise", Contacts: []tickets.Contact{{Name: "Ann", Email: "ann@example.com"}}}
		ticket, err := desk.Open(t.Context(), tickets.Request{CallKey: "a", Account: &account, Verified: true, Priority: tickets.P1, Recording: "a.wav", HungUp: true})
		if err != nil {
			t.Fatal(err)
		}
		const row = "transcribe:a.wav"
		stops, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		work := func(ctx context.Context) { ended <- clerk.Work(ctx, row) }
		go work(stops)
		time.Sleep(5 * time.Minute)
		if _, busy := errors.AsType[*tickets.Later](clerk.Work(t.Context(), row)); !busy {
			t.Error("two gateways are at it")
		}
		if err := clerk.Work(t.Context(), "acknowledge:"+string(ticket.Number)); err != nil || len(letters.taken) != 1 {
			t.Errorf("%d letters, %v, want the customer to be told", len(letters.taken), err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n, err := store.Notice(t.Context(), row); err != nil || !n.Open() || n.Attempts != 0 {
			t.Errorf("after the stop the row is %+v, %v, want it left to the next", n, err)
		}
		go work(t.Context())
		if err := <-ended; err != nil {
			t.Error(err)
		}
		events, err := store.Events(t.Context(), ticket.Number)
		if err != nil || events[len(events)-1].What != tickets.EventTranscribed {
			t.Errorf("the last event is %+v, %v", events[len(events)-1], err)
		}
	})
}
