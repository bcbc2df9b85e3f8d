package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"readback/config"
	"readback/tickets"
)

// A mailRelay takes letters on loopback, unless its answer to RCPT is set.
type mailRelay struct {
	port    int
	answer  error
	letters chan string
}

func startMailRelay(t *testing.T) *mailRelay {
	t.Helper()
	relay := &mailRelay{letters: make(chan string, 8)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return relay, nil }))
	server.Domain = "relay.test"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	relay.port = listener.Addr().(*net.TCPAddr).Port
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-served; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return relay
}

func (r *mailRelay) Reset()                               {}
func (r *mailRelay) Logout() error                        { return nil }
func (r *mailRelay) Mail(string, *smtp.MailOptions) error { return nil }
func (r *mailRelay) Rcpt(string, *smtp.RcptOptions) error { return r.answer }
func (r *mailRelay) Data(body io.Reader) error {
	text, err := io.ReadAll(quotedprintable.NewReader(body))
	r.letters <- string(text)
	return err
}

const mailConfig = `
data: %s
identify: {pepper: a secret of some length}
sip: {listen: [{network: udp, address: "127.0.0.1:0"}]}
http: {listen: "127.0.0.1:0", public_url: "https://support.example.com"}
notify: {mail: {host: 127.0.0.1, port: %d, tls: none, from: "Acme Support <support@example.com>"}}
`

func mailFile(t *testing.T, relay *mailRelay, more string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "readback.yaml")
	text := strings.Replace(fmt.Sprintf(mailConfig, t.TempDir(), relay.port), "mail: {", "mail: {"+more, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestNotifyTest(t *testing.T) {
	relay := startMailRelay(t)
	file := mailFile(t, relay, "")
	command := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"notify", "test"}, args...), strings.NewReader(""), &out, &out)
		return out.String(), err
	}
	out, err := command("-c", file, "--to", "ann@example.com", "--language", "fr-FR", "--kind", "survey-by-email")
	if err != nil || !strings.Contains(out, "the relay took it") {
		t.Errorf("got %v:\n%s", err, out)
	}
	if letter := <-relay.letters; !strings.Contains(letter, "Votre ticket est résolu") {
		t.Errorf("got another letter:\n%s", letter)
	}
	relay.answer = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	out, err = command("-c", file, "--to", "nobody@example.com")
	if !errors.Is(err, errReported) || !regexp.MustCompile(`(?s)failed at RCPT TO .*550 5.1.1 no such user.*tried again +no.*what to do +The relay does not take letters`).MatchString(out) {
		t.Errorf("got %v:\n%s", err, out)
	}
	if out, err = command("-c", file, "--to", "nobody@example.com", "--json"); !errors.Is(err, errReported) || !strings.Contains(out, `"enhanced": "5.1.1"`) {
		t.Errorf("got %v:\n%s", err, out)
	}
	if out, err = command("--to", "ann@example.com"); err == nil || !strings.Contains(err.Error(), "notify.mail.host is empty") {
		t.Errorf("without a relay: got %v:\n%s", err, out)
	}
}

func TestCheckReadsMailTemplates(t *testing.T) {
	own := t.TempDir()
	if err := os.MkdirAll(filepath.Join(own, "fr-FR"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(own, "fr-FR", "links.tmpl"), []byte(`{{define "subject"}}{{.Nothing}}{{end}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	file := mailFile(t, &mailRelay{port: 25}, `templates: "`+own+`", `)
	err := run(t.Context(), []string{"check", "-c", file}, strings.NewReader(""), &out, &out)
	if !errors.Is(err, errReported) || !regexp.MustCompile(`notify.mail.templates: .*fr-FR.*Nothing.*readback.yaml:6`).MatchString(out.String()) {
		t.Errorf("got %v:\n%s", err, out.String())
	}
}

// What is written out can be read back in, changed.
func TestNotifyTemplates(t *testing.T) {
	relay, own := startMailRelay(t), filepath.Join(t.TempDir(), "letters")
	file := mailFile(t, relay, `templates: "`+own+`", `)
	command := func(args ...string) error {
		return run(t.Context(), append([]string{"notify"}, args...), strings.NewReader(""), io.Discard, io.Discard)
	}
	if err := command("templates", own); err != nil {
		t.Fatal(err)
	}
	if err := command("templates", own); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second time: got %v, want ErrExist", err)
	}
	name := filepath.Join(own, "en-US", "number.tmpl")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, bytes.ReplaceAll(text, []byte("Here it is."), []byte("Voilà.")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := command("test", "-c", file, "--to", "ann@example.com", "--kind", "number-by-email"); err != nil {
		t.Fatal(err)
	}
	if letter := <-relay.letters; !strings.Contains(letter, "Voilà.") {
		t.Errorf("the letter has the shipped words:\n%s", letter)
	}
}

// A ticket is resolved, its customer gets a letter, follows the link, and votes; an agent sees the vote, and metrics count it.
func TestResolvedTicketIsVotedOn(t *testing.T) {
	relay := startMailRelay(t)
	file := mailFile(t, relay, "")
	s := serveMail(t, file)
	account := tickets.Account{ID: "30471234", Name: "Acme", Plan: "enterprise", Contacts: []tickets.Contact{{Name: "Ann Ames", Email: "ann@example.com"}}}
	ticket, err := s.desk.Open(t.Context(), tickets.Request{CallKey: "call", Account: &account, Verified: true, Priority: tickets.P2, Called: "+442038905445", Language: "en-GB"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.desk.Change(t.Context(), ticket.Number, tickets.Change{By: "eve", Status: tickets.StatusResolved}); err != nil {
		t.Fatal(err)
	}
	letter := <-relay.letters // the gateway's jobs send it
	link := regexp.MustCompile(`https://support.example.com(/survey/[A-Za-z0-9_-]+)`).FindStringSubmatch(letter)
	if link == nil || !strings.Contains(letter, "until ") {
		t.Fatalf("the letter has no link, or no end of it:\n%s", letter)
	}
	page := "http://" + s.http.Addr().String() + link[1]
	for _, step := range []struct {
		form url.Values
		want string
	}{{nil, "How satisfied are you"}, {url.Values{"score": {"4"}, "comment": {"quick"}}, "Thank you"}, {nil, "You have voted already"}} {
		if got := visitPage(t, page, step.form); !strings.Contains(got, step.want) {
			t.Errorf("%v: %q is missing:\n%s", step.form, step.want, got)
		}
	}
	if got := visitPage(t, "http://"+s.http.Addr().String()+"/metrics", nil); !strings.Contains(got, `readback_survey_scores_total{score="4"} 1`) {
		t.Error("the vote is not counted")
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"tickets", "show", string(ticket.Number), "-c", file}, strings.NewReader(""), &out, &out); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?s)survey +4 of 5, .*Z, "quick".*surveyed .* customer +score="4"`).MatchString(out.String()) {
		t.Errorf("the ticket does not show the vote:\n%s", out.String())
	}
}

// serveMail runs a gateway with a relay until the test ends.
func serveMail(t *testing.T, file string) *server {
	t.Helper()
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return serving(t, c, parts{})
}

// visitPage gets a page, or posts a form to it, as a program without cookies does.
func visitPage(t *testing.T, address string, form url.Values) string {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%s %s: got %s, %v", method, address, response.Status, err)
	}
	return string(page)
}
