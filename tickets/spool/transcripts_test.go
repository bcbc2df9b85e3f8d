package spool_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

// A typist has every recording, and writes down its name.
type typist struct{ tickets.Recordings }

func (typist) Open(_ context.Context, name string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(name)), nil
}

func (typist) Transcribe(_ context.Context, s tickets.Speech) (tickets.Transcript, error) {
	said, err := io.ReadAll(s.Sound)
	return tickets.Transcript{Text: "heard " + string(said), Model: "whisper-1"}, err
}

// TestASpooledRecordingIsWrittenDown once, whether that is done in the spool or after the ticket was forwarded.
func TestASpooledRecordingIsWrittenDown(t *testing.T) {
	for name, early := range map[string]bool{"in the spool": true, "in the database": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *site) {
				s.desk.Transcribe = true
				clerk := &tickets.Clerk{Desk: s.desk, Recordings: typist{}, Transcriber: typist{}}
				work := func() {
					if err := clerk.Work(t.Context(), "transcribe:rec.wav"); err != nil {
						t.Error(err)
					}
				}
				s.fail(gone)
				r := request("call")
				r.Recording = "rec.wav"
				ticket := s.file(r)
				s.tell(ticket.Number)
				if early {
					work()
				}
				s.fail(well)
				s.settle()
				work()
				time.Sleep(time.Minute)
				work()
				s.wantMoved(ticket.Number, "call")
				events, err := s.database.Events(t.Context(), ticket.Number)
				if err != nil {
					t.Fatal(err)
				}
				var texts []string
				for _, e := range events {
					if e.What == tickets.EventTranscribed {
						texts = append(texts, e.Detail["transcript"])
					}
				}
				if got := strings.Join(texts, "; "); got != "heard rec.wav" {
					t.Errorf("the texts are %q, want one", got)
				}
			})
		})
	}
}
