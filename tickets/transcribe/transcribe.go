// Package transcribe has recordings written down by a machine that speaks OpenAI's audio API: that of OpenAI, or another one's
// with the same request, POST /v1/audio/transcriptions, such as a Whisper of one's own.
package transcribe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"readback/tickets"
	"readback/tickets/egress"
)

const (
	patience  = 2 * time.Minute
	maxAnswer = 1 << 20 // bytes; there may be more than the text in it
)

// A Config says who writes recordings down.
type Config struct {
	URL    string // like https://api.openai.com, with or without /v1
	Key    string // the bearer token; empty: none is asked for
	Model  string // like whisper-1
	Detect bool   // the model finds the language out; else it is told that of the call
	Plain  bool   // http:// is allowed
	Client *egress.Client
	// Patience is for all of sending a recording and waiting for its text; zero: two minutes.
	Patience time.Duration
	Now      func() time.Time // nil: time.Now
}

// An API has recordings written down. It implements tickets.Transcriber.
type API struct {
	config Config
	url    *url.URL
}

var _ tickets.Transcriber = (*API)(nil)

// New connects to nothing yet. Its errors do not hold address and key.
func New(c Config) (*API, error) {
	u, err := egress.Target(c.URL, c.Plain)
	if err != nil {
		return nil, err
	}
	if c.Model == "" {
		return nil, errors.New("no model is named")
	}
	if c.Client == nil {
		c.Client = &egress.Client{}
	}
	if c.Patience <= 0 {
		c.Patience = patience
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Client.Answer = maxAnswer
	if u.Path = strings.TrimSuffix(u.Path, "/"); !strings.HasSuffix(u.Path, "/v1") {
		u = u.JoinPath("v1")
	}
	return &API{config: c, url: u.JoinPath("audio/transcriptions")}, nil
}

// Transcribe implements tickets.Transcriber, for recordings in WAV. One that is shorter than machines take has no text.
func (a *API) Transcribe(ctx context.Context, s tickets.Speech) (tickets.Transcript, error) {
	sound, size, err := measured(s.Sound)
	if err != nil {
		return tickets.Transcript{}, err
	}
	heard := tickets.Transcript{Model: a.config.Model}
	if size < shortest {
		return heard, nil
	}
	if !a.config.Detect {
		heard.Language = primary(s.Language)
	}
	request := form(sound, size, heard)
	request.Method, request.URL, request.Patience = http.MethodPost, a.url, a.config.Patience
	if a.config.Key != "" {
		request.Header.Set("Authorization", "Bearer "+a.config.Key)
	}
	got, err := a.config.Client.Do(ctx, request)
	if err != nil {
		return tickets.Transcript{}, err
	}
	if err := a.verdict(got, size); err != nil {
		return tickets.Transcript{}, err
	}
	if got.Cut {
		return tickets.Transcript{}, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	said, err := parse(got.Body)
	if err != nil {
		return tickets.Transcript{}, err
	}
	heard.Text = said.Text
	if said.Language != "" {
		heard.Language = said.Language
	}
	return heard, nil
}

// primary is the language of a locale as ISO 639-1 has it, or nothing where it has none.
func primary(locale string) string {
	language, _, _ := strings.Cut(locale, "-")
	if len(language) != 2 {
		return ""
	}
	return strings.ToLower(language)
}
