package tickets

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A stuck store answers nothing while it is away, and never fails by itself.
type stuck struct {
	Store
	away      bool
	incidents []Incident
}

func (s *stuck) wait(ctx context.Context) error {
	if s.away {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return nil
}

func (s *stuck) ListIncidents(ctx context.Context, _ bool) ([]Incident, error) {
	return s.incidents, s.wait(ctx)
}

func (s *stuck) IncidentSound(ctx context.Context, _, language string) ([]byte, error) {
	return []byte("a voice in " + language), s.wait(ctx)
}

func (s *stuck) OpenTickets(ctx context.Context, _ string, _ time.Time, _ int) ([]Ticket, error) {
	return nil, s.wait(ctx)
}

func TestNoCallWaitsForAStoreThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &stuck{incidents: []Incident{{ID: "inc-a", State: IncidentDeclared, Sounds: map[string]string{"en-US": "digest"}}}}
		desk := &Desk{Store: store}
		if err := desk.ReadIncidents(t.Context()); err != nil {
			t.Fatal(err)
		}
		store.away, store.incidents = true, nil
		began := time.Now()
		if _, err := desk.OpenTickets(t.Context(), "30471234"); !errors.Is(err, ErrUnavailable) {
			t.Errorf("OpenTickets = %v, want ErrUnavailable", err)
		}
		if waited := time.Since(began); waited > 300*time.Millisecond {
			t.Errorf("a caller waited %v for the list of open tickets, want 300 ms at most", waited)
		}
		if err := desk.ReadIncidents(t.Context()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("ReadIncidents = %v, want ErrUnavailable", err)
		}
		began = time.Now()
		known := desk.With(DefaultPolicy()).Touching("US")
		wav, ok := desk.IncidentSound("digest")
		if len(known) != 1 || known[0].ID != "inc-a" || !ok || string(wav) != "a voice in en-US" || time.Since(began) != 0 {
			t.Errorf("with the store away callers hear %+v and %q after %v, want what was read before, at once", known, wav, time.Since(began))
		}
	})
}

func TestCallersAreToldOfThreeIncidentsAtMost(t *testing.T) {
	store := &stuck{}
	for _, id := range []string{"d", "c", "proposed", "b", "a"} {
		store.incidents = append(store.incidents, Incident{ID: id, State: IncidentDeclared})
	}
	store.incidents[2].State = IncidentProposed
	desk := &Desk{Store: store}
	if err := desk.ReadIncidents(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, incident := range desk.Touching("GB") {
		got = append(got, incident.ID)
	}
	if want := []string{"d", "c", "b"}; !slices.Equal(got, want) {
		t.Errorf("callers are told of %q, want %q", got, want)
	}
}

func TestAnIncidentIsWrittenInTheReadersLanguage(t *testing.T) {
	incident := Incident{
		State: IncidentDeclared,
		Text:  map[string]string{"en-US": "down", "fr-FR": "en panne"}, Resolution: map[string]string{"en-GB": "up"},
	}
	resolved := incident
	resolved.State = IncidentResolved
	unsaid := resolved
	unsaid.Resolution = nil
	for name, test := range map[string]struct {
		Incident
		language, want string
	}{
		"its own":                  {incident, "fr-FR", "en panne"},
		"a neighbour's":            {incident, "fr-CA", "en panne"},
		"English for all others":   {incident, "de-DE", "down"},
		"any, where none is known": {Incident{Text: map[string]string{"nl-NL": "kapot"}}, "de-DE", "kapot"},
		"how it ended":             {resolved, "fr-FR", "up"},
		"nothing said of the end":  {unsaid, "fr-FR", "en panne"},
		"nothing at all":           {Incident{}, "en-US", ""},
	} {
		if got := test.Written(test.language); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
