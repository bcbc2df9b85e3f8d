package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"readback/config"
	"readback/tickets"
	"readback/tickets/notify"
)

type notifyCommand struct {
	Test       notifyTestCommand       `cmd:"" help:"Send a sample letter by the configured relay, and say how far it came."`
	Hook       notifyHookCommand       `cmd:"" help:"Send a test to a webhook, or to a system that pages, and say whether it took it."`
	Transcribe notifyTranscribeCommand `cmd:"" help:"Have a recording written down by the configured machine, and print what it heard."`
	Templates  notifyTemplatesCommand  `cmd:"" help:"Write the shipped templates of letters into a directory, to be changed there."`
}

type notifyTemplatesCommand struct {
	Directory string `arg:"" help:"Where to; nothing that is there is written over." type:"path"`
}

func (n *notifyTemplatesCommand) Run(console *console) error {
	if err := os.CopyFS(n.Directory, notify.MailTemplates()); err != nil {
		return fmt.Errorf("write the templates: %w", err)
	}
	_, err := fmt.Fprintf(console.out, "%s: change what you like, remove the rest, and write it as notify.mail.templates; README.txt there says how\n", n.Directory)
	return err
}

type notifyTestCommand struct {
	configFlag
	To       string             `help:"Who gets it." placeholder:"ADDRESS" required:""`
	Kind     tickets.NoticeKind `help:"Which letter: ${enum}." enum:"acknowledge-by-email,number-by-email,links-by-email,survey-by-email,incident-by-email" default:"acknowledge-by-email"`
	Language string             `help:"In which language." default:"en-US"`
	JSON     bool               `help:"Print JSON."`
}

// mailTrial is what became of a sample letter, as programs read it.
type mailTrial struct {
	Relay    string `json:"relay"`
	Letter   string `json:"letter"`
	Taken    bool   `json:"taken"`
	Step     string `json:"step,omitempty"`
	Code     int    `json:"code,omitempty"`
	Enhanced string `json:"enhanced,omitempty"`
	Error    string `json:"error,omitempty"`
	Again    bool   `json:"again,omitempty"` // the desk would try it again
	Advice   string `json:"advice,omitempty"`
	Millis   int64  `json:"ms"`
}

func (n *notifyTestCommand) Run(ctx context.Context, console *console) error {
	c, err := n.load()
	if err != nil {
		return err
	}
	mailer, err := mailerOf(c, func() *config.Config { return c })
	if err != nil {
		return err
	}
	if mailer == nil {
		return errors.New("notify.mail.host is empty: e-mail is not configured")
	}
	began := time.Now()
	err = mailer.Mail(ctx, notify.SampleLetter(n.Kind, n.To, n.Language))
	trial := trialOf(err)
	trial.Relay, trial.Millis = relayWords(c.Notify.Mail), time.Since(began).Milliseconds()
	trial.Letter = fmt.Sprintf("%s in %s to %s", n.Kind, n.Language, n.To)
	if n.JSON {
		err = printJSON(console.out, trial)
	} else {
		err = trial.print(console.out)
	}
	if err == nil && !trial.Taken {
		return errReported
	}
	return err
}

func relayWords(m config.Mail) string {
	words := fmt.Sprintf("%s:%d, %s", m.Host, m.Port, m.TLS)
	if m.Auth != "none" {
		words += fmt.Sprintf(", log in by %s as %s", m.Auth, m.User)
	}
	return words
}

func trialOf(err error) mailTrial {
	if err == nil {
		return mailTrial{Taken: true}
	}
	trial := mailTrial{Error: err.Error(), Again: !errors.Is(err, tickets.ErrRefused)}
	if failure, ok := errors.AsType[*notify.Failure](err); ok {
		trial.Step, trial.Code, trial.Enhanced, trial.Advice = failure.Step.String(), failure.Code, failure.Enhanced, failure.Advice()
		trial.Error = failure.Err.Error()
	}
	return trial
}

func (t mailTrial) print(w io.Writer) error {
	rows := [][2]string{{"relay", t.Relay}, {"letter", t.Letter}}
	if t.Taken {
		rows = append(rows, [2]string{"outcome", fmt.Sprintf("the relay took it, after %d ms; whether it arrives is the next relay's to say: look for it, also among spam", t.Millis)})
	} else {
		again := "no: what is refused like this is refused for good"
		if t.Again {
			again = "yes, with growing pauses"
		}
		rows = append(rows, [2]string{"outcome", fmt.Sprintf("failed at %s after %d ms: %s", t.Step, t.Millis, t.Error)},
			[2]string{"tried again", again}, [2]string{"what to do", t.Advice})
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t%s\n", row[0], strings.TrimSpace(row[1]))
	}
	return table.Flush()
}
