package tickets_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

var resolvedAt = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func surveyLinks() tickets.SurveyLinks {
	return tickets.SurveyLinks{Key: bytes.Repeat([]byte("k"), 32), Base: "https://support.example.com/"}
}

func TestSurveyLink(t *testing.T) {
	links := surveyLinks()
	ticket := tickets.Ticket{Number: "48215906", Resolved: resolvedAt}
	link := links.Link(ticket)
	token, ok := strings.CutPrefix(link, "https://support.example.com/survey/")
	if !ok || len(token) != 34 || link != links.Link(ticket) {
		t.Fatalf("got %q, want an address with a token of 34 characters, and the same again", link)
	}
	if got, err := links.Read(token, resolvedAt.Add(90*24*time.Hour-time.Second)); got != ticket.Number || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, ticket.Number)
	}
	if got, err := links.Read(token, resolvedAt.Add(90*24*time.Hour)); got != ticket.Number || !errors.Is(err, tickets.ErrClosed) {
		t.Errorf("after 90 days: got %q, %v, want the number and ErrClosed", got, err)
	}
	for name, none := range map[string]string{
		"a ticket that is not resolved": links.Link(tickets.Ticket{Number: "48215906"}),
		"no key":                        tickets.SurveyLinks{Base: "https://x.example"}.Link(ticket),
		"no address":                    tickets.SurveyLinks{Key: links.Key}.Link(ticket),
	} {
		if none != "" {
			t.Errorf("%s: got %q, want no link", name, none)
		}
	}
	if got := links.Terms.Until(ticket); !got.Equal(resolvedAt.Add(30 * 24 * time.Hour)) {
		t.Errorf("votes end %v, want 30 days after resolution", got)
	}
}

func TestSurveyTokensOfOthers_RFC2104(t *testing.T) {
	links, now := surveyLinks(), resolvedAt
	good := links.Token("48215906", now.Add(time.Hour))
	for i := range good {
		for _, c := range []byte("A-z") {
			bad := []byte(good)
			if bad[i] == c {
				continue
			}
			bad[i] = c
			if number, err := links.Read(string(bad), now); !errors.Is(err, tickets.ErrDenied) || number != "" {
				t.Fatalf("changed at %d: got %q, %v, want ErrDenied", i, number, err)
			}
		}
	}
	other := surveyLinks()
	other.Key = bytes.Repeat([]byte("o"), 32)
	for name, token := range map[string]string{
		"another key": other.Token("48215906", now.Add(time.Hour)), "empty": "", "padded": good + "=", "cut": good[:33], "not base64": strings.Repeat("*", 34),
		"no ticket": links.Token("48215901", now.Add(time.Hour)), "half a number": links.Token("4821", now.Add(time.Hour)),
	} {
		if number, err := links.Read(token, now); !errors.Is(err, tickets.ErrDenied) || number != "" {
			t.Errorf("%s: got %q, %v, want ErrDenied", name, number, err)
		}
	}
	if _, err := (tickets.SurveyLinks{}).Read(tickets.SurveyLinks{}.Token("48215906", now.Add(time.Hour)), now); !errors.Is(err, tickets.ErrDenied) {
		t.Errorf("without a key: got %v, want ErrDenied", err)
	}
}

func FuzzSurveyToken(f *testing.F) {
	links := surveyLinks()
	f.Add(links.Token("48215906", resolvedAt.Add(time.Hour)))
	f.Add("")
	f.Add(strings.Repeat("A", 34))
	f.Fuzz(func(t *testing.T, token string) {
		number, err := links.Read(token, resolvedAt)
		if err != nil {
			return
		}
		if made := links.Token(number, resolvedAt.Add(time.Hour)); made != token {
			t.Errorf("%q is read as %s, and we never made it", token, number)
		}
	})
}

func TestSurveyKeyIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "survey")
	one, err := tickets.LoadSurveyKey(path)
	if err != nil || len(one) != 32 {
		t.Fatalf("got %d bytes, %v", len(one), err)
	}
	if two, err := tickets.LoadSurveyKey(path); err != nil || !bytes.Equal(one, two) {
		t.Errorf("got another key, %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tickets.LoadSurveyKey(path); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}
