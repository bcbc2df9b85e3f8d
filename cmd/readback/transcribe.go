package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"readback/config"
	"readback/tickets"
	"readback/tickets/egress"
	"readback/tickets/transcribe"
)

// transcriberOf is the machine that writes recordings down; nil when there is none.
func transcriberOf(c *config.Config) (*transcribe.API, error) {
	t := c.Recording.Transcribe
	if !t.On() {
		return nil, nil
	}
	made, err := transcribe.New(transcribe.Config{
		URL: t.URL, Key: t.Key.Reveal(), Model: t.Model, Detect: t.Language == "detect", Plain: t.Plain, Patience: t.Patience.D(),
		Client: &egress.Client{Allow: t.Allow},
	})
	if err != nil {
		return nil, config.Problems{c.Problem("recording.transcribe", err.Error(), "mend it")}
	}
	return made, nil
}

// openTranscriber gives the clerk somebody who writes recordings down.
func (s *server) openTranscriber() error {
	made, err := transcriberOf(s.config)
	if made != nil { // a nil *API in the interface would not be nil
		s.clerk.Recordings, s.clerk.Transcriber = s.recordings, made
	}
	return err
}

type notifyTranscribeCommand struct {
	configFlag
	File     string `arg:"" help:"A recording: WAV." type:"existingfile"`
	Language string `help:"That of the call, like en-GB." default:"en-US"`
	JSON     bool   `help:"Print JSON."`
}

// transcriptTrial is what became of a recording, as programs read it.
type transcriptTrial struct {
	Model    string `json:"model"`
	Language string `json:"language,omitempty"`
	Text     string `json:"text"`
	Error    string `json:"error,omitempty"`
	Again    bool   `json:"again,omitempty"` // the desk would try it again
	Millis   int64  `json:"ms"`
}

func (n *notifyTranscribeCommand) Run(ctx context.Context, console *console) error {
	c, err := n.load()
	if err != nil {
		return err
	}
	machine, err := transcriberOf(c)
	if err != nil {
		return err
	}
	if machine == nil {
		return errors.New("recording.transcribe.url is empty: nothing is written down")
	}
	file, err := os.Open(n.File)
	if err != nil {
		return err
	}
	defer file.Close()
	began := time.Now()
	heard, err := machine.Transcribe(ctx, tickets.Speech{Name: n.File, Language: n.Language, Sound: file})
	heard = heard.Bounded()
	trial := transcriptTrial{Model: c.Recording.Transcribe.Model, Language: heard.Language, Text: heard.Text, Millis: time.Since(began).Milliseconds()}
	if err != nil {
		trial.Error, trial.Again = err.Error(), !errors.Is(err, tickets.ErrRefused)
	}
	if n.JSON {
		err = printJSON(console.out, trial)
	} else {
		err = trial.print(console.out)
	}
	if err == nil && trial.Error != "" {
		return errReported
	}
	return err
}

func (t transcriptTrial) print(w io.Writer) (err error) {
	switch {
	case t.Error != "" && t.Again:
		_, err = fmt.Fprintf(w, "failed after %d ms: %s; it would be tried again, with growing pauses\n", t.Millis, t.Error)
	case t.Error != "":
		_, err = fmt.Fprintf(w, "failed after %d ms: %s; it would not be tried again\n", t.Millis, t.Error)
	case t.Text == "":
		_, err = fmt.Fprintf(w, "nothing is said in the recording, %s found after %d ms\n", t.Model, t.Millis)
	default:
		_, err = fmt.Fprintf(w, "%s, after %d ms\n%s\n", machineTranscript("", t.Language, t.Model), t.Millis, wrapped(t.Text))
	}
	return err
}

// machineTranscript is the label of a text that no person wrote.
func machineTranscript(recording, language, model string) string {
	label := "machine transcript"
	if recording != "" {
		label += " of " + recording
	}
	var by []string
	for _, one := range []string{language, model} {
		if one != "" {
			by = append(by, one)
		}
	}
	if len(by) > 0 {
		label += " (" + strings.Join(by, ", ") + ")"
	}
	return label
}

// printTranscripts prints what machines heard in the recordings of a ticket.
func printTranscripts(w io.Writer, events []tickets.Event) error {
	for _, e := range events {
		if e.What != tickets.EventTranscribed {
			continue
		}
		d := e.Detail
		if _, err := fmt.Fprintf(w, "\n%s, which may be wrong\n%s\n", machineTranscript(d["recording"], d["language"], d["model"]), wrapped(d["transcript"])); err != nil {
			return err
		}
	}
	return nil
}

// wrapped is a text in lines of a width that can be read, set in.
func wrapped(text string) string {
	const width = 100
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return "  " + strings.Join(append(lines, line), "\n  ")
}
