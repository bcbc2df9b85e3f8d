package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"readback/media"
	"readback/tickets"
)

// A heardPrompt is a prompt that was recognised by its sound.
type heardPrompt struct {
	Name   string
	Locale string
	Text   string
	At     time.Time // when it began
}

// A performance is a test call going through its cues.
type performance struct {
	call   *phoneCall
	heard  <-chan heardPrompt
	speech *media.Clip
	scene  *scene // where it is shown; may be nil
	report *callReport
}

// run goes through the cues and then listens until the call ends or ctx does. It returns the cause of ctx, or what
// kept it from pressing.
func (p *performance) run(ctx context.Context, cues []cue) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(p.call.call.Context(), func() { cancel(errCallEnded) })
	defer stop()
	err := p.follow(ctx, cues)
	if err == nil {
		err = p.await(ctx, nothing)
	}
	if errors.Is(err, errCallEnded) {
		return nil
	}
	return err
}

// follow waits for each cue's prompt and does what the cue says.
func (p *performance) follow(ctx context.Context, cues []cue) error {
	for _, cue := range cues {
		if err := p.await(ctx, cue.prompt); err != nil {
			return err
		}
		if err := p.do(ctx, cue); err != nil {
			return err
		}
	}
	return nil
}

// nothing is a prompt that is never heard.
const nothing = "-"

var errCallEnded = errors.New("the call ended")

// await listens until a prompt is heard; "" is no prompt at all.
func (p *performance) await(ctx context.Context, name string) error {
	for name != "" {
		select {
		case heard, ok := <-p.heard:
			if !ok {
				return errCallEnded
			}
			p.notice(heard)
			if heard.Name == name {
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// catchUp tells what was heard last, once the ear is closed.
func (p *performance) catchUp() {
	for heard := range p.heard {
		p.notice(heard)
	}
}

func (p *performance) notice(heard heardPrompt) {
	p.report.hear(heard)
	if p.scene != nil {
		p.scene.says(heard.At, heard.Name, heard.Text)
	}
}

func (p *performance) do(ctx context.Context, c cue) error {
	if p.scene != nil {
		p.scene.does(c.deed())
	}
	p.report.press(c)
	switch {
	case c.hangup:
		return p.call.hangup(ctx)
	case c.speak:
		return p.call.speak(ctx, p.speech)
	default:
		return p.call.press(ctx, c.keys)
	}
}

// callReport is what a test call found, as programs read it. Times are milliseconds since the INVITE.
type callReport struct {
	URI        string        `json:"uri"`
	AnsweredMS float64       `json:"answered_ms"`
	Heard      []heardReport `json:"heard"`
	Pressed    []pressReport `json:"pressed"`
	DurationMS float64       `json:"duration_ms"`
	EndedBy    string        `json:"ended_by"`
	Quality    qualityReport `json:"quality"`
	started    time.Time
}

type heardReport struct {
	AtMS   float64 `json:"at_ms"`
	Prompt string  `json:"prompt"`
	Locale string  `json:"locale"`
	Text   string  `json:"text"`
}

type pressReport struct {
	AtMS float64 `json:"at_ms"`
	Cue  string  `json:"cue,omitempty"`
	Keys string  `json:"keys"`
}

type qualityReport struct {
	Codec    string  `json:"codec"`
	Sent     int64   `json:"packets_sent"`
	Received int64   `json:"packets_received"`
	Lost     int64   `json:"packets_lost"`
	JitterMS float64 `json:"jitter_ms"`
	// RoundTripMS is 0 when the gateway sends no reports.
	RoundTripMS float64 `json:"round_trip_ms"`
	Encryption  string  `json:"encryption"`
	MOS         float64 `json:"mos"`
}

func newReport(uri string) *callReport {
	return &callReport{URI: uri, Heard: []heardReport{}, Pressed: []pressReport{}, started: time.Now()}
}

func (r *callReport) since(at time.Time) float64 {
	return float64(at.Sub(r.started).Microseconds()) / 1e3
}

func (r *callReport) hear(h heardPrompt) {
	r.Heard = append(r.Heard, heardReport{AtMS: r.since(h.At), Prompt: h.Name, Locale: h.Locale, Text: h.Text})
}

func (r *callReport) press(c cue) {
	r.Pressed = append(r.Pressed, pressReport{AtMS: r.since(time.Now()), Cue: c.prompt, Keys: c.shown()})
}

func (r *callReport) finish(call *phoneCall) {
	stats := call.session.Stats()
	r.DurationMS, r.EndedBy = r.since(time.Now()), call.whoHungUp()
	r.Quality = qualityReport{
		Codec: stats.Codec, Sent: stats.Sent, Received: stats.Received, Lost: stats.Lost, JitterMS: inMS(stats.Jitter),
		RoundTripMS: inMS(stats.RoundTrip), Encryption: stats.Secured, MOS: stats.MOS,
	}
}

// ticketNumber is the first eight digits that were heard after the words that announce a ticket number.
func (r *callReport) ticketNumber() tickets.Number {
	var digits []byte
	announced := false
	for _, heard := range r.Heard {
		switch digit, isDigit := strings.CutPrefix(heard.Prompt, "digit-"); {
		case heard.Prompt == "ticket-registered" || heard.Prompt == "ticket-repeat":
			announced, digits = true, nil
		case announced && isDigit:
			digits = append(digits, digit[0])
		}
		if number, err := tickets.ParseNumber(string(digits)); err == nil {
			return number
		}
	}
	return ""
}
