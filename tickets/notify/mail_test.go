package notify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/emersion/go-smtp"

	"readback/tickets"
)

// A letter, read back from the wire.
type wire struct {
	mail.Header
	text, html string
}

func readLetter(t *testing.T, data []byte) wire {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("not a message: %v\n%s", err, data)
	}
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("got %q, %v, want multipart/alternative", kind, err)
	}
	w := wire{Header: m.Header}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return w
		}
		if err != nil {
			t.Fatal(err)
		}
		if encoding := part.Header.Get("Content-Transfer-Encoding"); encoding != "quoted-printable" {
			t.Errorf("got a part in %q, want quoted-printable: it passes every relay", encoding)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			w.html = string(body)
		} else {
			w.text = strings.ReplaceAll(string(body), "\r\n", "\n")
		}
	}
}

func decoded(t *testing.T, header string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestLetterArrives_RFC5321_RFC5322(t *testing.T) {
	for name, test := range map[string]struct {
		implicit  bool
		tls, auth string
		mechanism string
	}{
		"STARTTLS, RFC 3207":             {tls: TLSStart},
		"TLS from the start, RFC 8314":   {implicit: true, tls: TLSImplicit},
		"in the clear, on this machine":  {tls: TLSNone},
		"PLAIN, RFC 4616":                {tls: TLSStart, auth: AuthPlain, mechanism: "PLAIN"},
		"LOGIN":                          {tls: TLSStart, auth: AuthLogin, mechanism: "LOGIN"},
		"SCRAM-SHA-256, RFC 7677":        {implicit: true, tls: TLSImplicit, auth: AuthSCRAM, mechanism: "SCRAM-SHA-256"},
		"PLAIN in the clear on loopback": {tls: TLSNone, auth: AuthPlain, mechanism: "PLAIN"},
	} {
		t.Run(name, func(t *testing.T) {
			r := startRelay(t, test.implicit, func(r *relay) { r.mechanism = test.mechanism })
			m := r.mailer(t, func(c *MailConfig) {
				c.TLS, c.Auth, c.User, c.Password = test.tls, test.auth, "readback", func() string { return relayPassword }
			})
			if err := m.Mail(t.Context(), acknowledgement()); err != nil {
				t.Fatal(err)
			}
			got := r.letters()
			if len(got) != 1 || got[0].from != "support@example.com" || got[0].to != "ann@example.com" || got[0].options.UTF8 {
				t.Fatalf("got %+v, want one letter from support to ann, without SMTPUTF8", got)
			}
			if r.login != test.mechanism {
				t.Errorf("logged in by %q, want %q", r.login, test.mechanism)
			}
		})
	}
}

func TestLetterSaysWhatItIs(t *testing.T) {
	r := startRelay(t, false, nil)
	m := r.mailer(t, func(c *MailConfig) {
		c.ReplyTo = &mail.Address{Address: "desk@example.com"}
		c.Zone = func(tickets.Ticket) *time.Location { return time.FixedZone("PST", -8*3600) }
	})
	first, number := acknowledgement(), acknowledgement()
	number.ID, number.Kind, number.Thread, number.Language = "number:48215906", tickets.NumberByEmail, first.ID, "en-AU"
	number.Ticket.Starts = number.Ticket.Received.Add(20 * time.Hour)
	for _, letter := range []tickets.Letter{first, number, first} {
		if err := m.Mail(t.Context(), letter); err != nil {
			t.Fatal(err)
		}
	}
	got := r.letters()
	a, b, again := readLetter(t, got[0].data), readLetter(t, got[1].data), readLetter(t, got[2].data)
	for field, want := range map[string]string{
		"From": `"Acme Support" <support@example.com>`, "To": `"Ann Ames" <ann@example.com>`, "Reply-To": "<desk@example.com>",
		"Subject": "Ticket 4821 5906 is registered: priority 2, high", "Auto-Submitted": "auto-generated", "Content-Language": "en-US",
		"Date": "Wed, 04 Mar 2026 12:05:00 +0000", "In-Reply-To": "", "X-Mailer": "", "Bcc": "",
	} {
		if have := a.Get(field); have != want {
			t.Errorf("%s: got %q, want %q", field, have, want)
		}
	}
	id := a.Get("Message-Id")
	if !strings.HasSuffix(id, "@example.com>") || again.Get("Message-Id") != id || b.Get("Message-Id") == id {
		t.Errorf("got Message-IDs %q, %q, %q: want one of example.com, another, and the first again", id, b.Get("Message-Id"), again.Get("Message-Id"))
	}
	if b.Get("In-Reply-To") != id || b.Get("References") != id {
		t.Errorf("got In-Reply-To %q and References %q, want %q", b.Get("In-Reply-To"), b.Get("References"), id)
	}
	if b.Get("Content-Language") != "en-GB" {
		t.Errorf("got %q for en-AU, want en-GB", b.Get("Content-Language"))
	}
	for _, want := range []string{"4821 5906", "Priority 2, high", "Dear Ann Ames", "within 4 hours, by March 4, 2026, 8:00 AM PST", "outside them as needed"} {
		if !strings.Contains(a.text, want) {
			t.Errorf("the text lacks %q:\n%s", want, a.text)
		}
		if !strings.Contains(a.html, want) {
			t.Errorf("the HTML lacks %q:\n%s", want, a.html)
		}
	}
	if !strings.Contains(b.text, "by 4 March 2026, 08:00 PST") || !strings.Contains(b.text, "Work begins: 5 March 2026, 00:00 PST") {
		t.Errorf("the British text has no British dates:\n%s", b.text)
	}
	if strings.Contains(a.text, "Work begins") {
		t.Errorf("work that has begun begins later:\n%s", a.text)
	}
}

func TestLettersOfEachKindAndLanguage(t *testing.T) {
	m := startRelay(t, false, nil).mailer(t, func(c *MailConfig) {
		c.SurveyUntil = func(t tickets.Ticket) time.Time { return t.Received.AddDate(0, 0, 28) }
	})
	for kind, want := range map[tickets.NoticeKind]map[string]string{
		tickets.AcknowledgeByEmail: {"en-US": "is registered", "en-NZ": "working hours", "fr-CA": "Le ticket 4821 5906 est enregistré : priorité 2, haute"},
		tickets.NumberByEmail:      {"en-CA": "business hours", "fr-FR": "Votre numéro de ticket : 4821 5906", "de-DE": "Your ticket number"},
		tickets.LinksByEmail:       {"en-US": "https://support.example.com/form", "fr-FR": "https://support.example.com/chat"},
		tickets.SurveyByEmail:      {"en-GB": "https://support.example.com/survey/sample", "fr-FR": "jusqu’au 1er avril 2026 à 12:00 UTC"},
		tickets.IncidentByEmail:    {"en-US": "In two paragraphs.", "fr-FR": "Des nouvelles de l’incident lié au ticket 4821 5906"},
	} {
		for language, want := range want {
			page, err := m.words.write(m.view(SampleLetter(kind, "ann@example.com", language)))
			if err != nil {
				t.Fatal(err)
			}
			if all := page.subject + "\n" + page.text; !strings.Contains(all, want) {
				t.Errorf("%s in %s lacks %q:\n%s", kind, language, want, all)
			}
			if !strings.Contains(page.html, `<html lang="`+page.language+`"`) {
				t.Errorf("%s in %s: the HTML does not say its language", kind, language)
			}
		}
	}
}

func TestLetterOfAPriority1NobodyProved(t *testing.T) {
	m := startRelay(t, false, nil).mailer(t, nil)
	letter := acknowledgement()
	letter.Ticket.Priority, letter.Ticket.Verified = tickets.P1, false
	page, err := m.words.write(m.view(letter))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.text, "around the clock") || !strings.Contains(page.text, "one of us looks at it first") {
		t.Errorf("it promises what is not done for such a ticket:\n%s", page.text)
	}
}

func TestTextsFromOutsideAreOnlyText(t *testing.T) {
	r := startRelay(t, false, nil)
	m := r.mailer(t, func(c *MailConfig) { c.From.Name = "Acme\r\nBcc: eve@example.com" })
	letter := acknowledgement()
	letter.Kind = tickets.IncidentByEmail
	letter.Name = "Ann\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>\u202e"
	letter.Text = "<img src=x onerror=alert(1)>\r\n.\r\nMAIL FROM:<eve@example.com>\u202e\x00"
	letter.Links = tickets.Links{Survey: "javascript:alert(1)"}
	survey := letter
	survey.Kind = tickets.SurveyByEmail
	for _, l := range []tickets.Letter{letter, survey} {
		if err := m.Mail(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	got := r.letters()
	if len(got) != 2 {
		t.Fatalf("got %d letters, want 2: the text became commands", len(got))
	}
	for _, letter := range got {
		w := readLetter(t, letter.data)
		if w.Get("Bcc") != "" || len(w.Header["Subject"]) != 1 {
			t.Errorf("the name became a header field: %v", w.Header)
		}
		for _, bad := range []string{"<script", "<img", "javascript:", "\u202e", "\x00"} {
			if strings.Contains(w.html, bad) {
				t.Errorf("the HTML has %q:\n%s", bad, w.html)
			}
		}
		if strings.ContainsAny(w.text, "\u202e\x00") {
			t.Errorf("the text has what does not show: %q", w.text)
		}
	}
}

func TestNamesBeyondASCII_RFC6531_RFC2047(t *testing.T) {
	r := startRelay(t, false, nil)
	letter := acknowledgement()
	letter.To, letter.Name = "anna@bücher.example", "Änne Ågren"
	if err := r.mailer(t, nil).Mail(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	got := r.letters()[0]
	if got.to != "anna@xn--bcher-kva.example" || got.options.UTF8 {
		t.Errorf("got %q, SMTPUTF8 %v: want the domain in A-labels, and nothing asked of the relay", got.to, got.options.UTF8)
	}
	if to := readLetter(t, got.data).Get("To"); decoded(t, to) != "Änne Ågren <anna@xn--bcher-kva.example>" || strings.ContainsFunc(to, func(r rune) bool { return r > '~' }) {
		t.Errorf("got To %q, want name and address in ASCII", to)
	}
	letter.To = `"ann b"@example.com`
	if err := r.mailer(t, nil).Mail(t.Context(), letter); !errors.Is(err, tickets.ErrRefused) {
		t.Errorf("an address that nobody writes so: got %v, want ErrRefused", err)
	}
	letter.To = "änne@example.com"
	if err := r.mailer(t, nil).Mail(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	if got := r.letters()[1]; got.to != "änne@example.com" || !got.options.UTF8 {
		t.Errorf("got %q, SMTPUTF8 %v: want the address as it is, and SMTPUTF8", got.to, got.options.UTF8)
	}
	narrow := startRelay(t, false, func(r *relay) { r.server.EnableSMTPUTF8 = false })
	if err := narrow.mailer(t, nil).Mail(t.Context(), letter); !errors.Is(err, tickets.ErrRefused) {
		t.Errorf("a relay without SMTPUTF8: got %v, want ErrRefused", err)
	}
}

// What a relay says at each step, and whether it may be tried again.
func TestRefusals_RFC5321_4_2_1_RFC3463(t *testing.T) {
	reply := func(code int, class, subject, detail int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: "no, <ann@example.com>"}
	}
	for name, test := range map[string]struct {
		at      string
		reply   error
		step    Step
		refused bool
	}{
		"sender not allowed":           {"MAIL", reply(550, 5, 7, 1), StepSender, false},
		"sender, later":                {"MAIL", reply(451, 4, 7, 1), StepSender, false},
		"no such mailbox":              {"RCPT", reply(550, 5, 1, 1), StepRecipient, true},
		"no such mailbox, other reply": {"RCPT", reply(503, 5, 1, 1), StepRecipient, true},
		"address is none":              {"RCPT", reply(501, 5, 1, 3), StepRecipient, true},
		"mailbox disabled":             {"RCPT", reply(550, 5, 2, 1), StepRecipient, true},
		"greylisted":                   {"RCPT", reply(450, 4, 7, 1), StepRecipient, false},
		"mailbox full":                 {"RCPT", reply(452, 4, 2, 2), StepRecipient, false},
		"5yz with a mild class":        {"RCPT", reply(550, 4, 2, 2), StepRecipient, false},
		"4yz with a hard class":        {"RCPT", reply(450, 5, 1, 1), StepRecipient, false},
		"login required":               {"RCPT", reply(530, 5, 7, 0), StepRecipient, false},
		"out of order":                 {"RCPT", reply(503, 5, 5, 1), StepRecipient, false},
		"relaying denied":              {"RCPT", reply(554, 5, 7, 1), StepRecipient, true},
		"taken for spam":               {"DATA", reply(554, 5, 7, 1), StepLetter, true},
		"too large":                    {"DATA", reply(552, 5, 3, 4), StepLetter, true},
		"no room, later":               {"DATA", reply(452, 4, 3, 1), StepLetter, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := startRelay(t, false, func(r *relay) { r.refuse[test.at] = test.reply })
			err := r.mailer(t, nil).Mail(t.Context(), acknowledgement())
			failure, ok := errors.AsType[*Failure](err)
			if !ok || failure.Step != test.step || errors.Is(err, tickets.ErrRefused) != test.refused {
				t.Fatalf("got %v (refused: %v), want a failure at %v, refused: %v", err, errors.Is(err, tickets.ErrRefused), test.step, test.refused)
			}
			if strings.Contains(err.Error(), "ann@") || failure.Code == 0 || failure.Enhanced == "" || failure.Advice() == "" {
				t.Errorf("got %q, code %d, enhanced %q, advice %q: want all of them, and nobody's address", err, failure.Code, failure.Enhanced, failure.Advice())
			}
		})
	}
}

// What goes wrong below the letter. None of it is the recipient's fault.
func TestRelayFails(t *testing.T) {
	for name, test := range map[string]struct {
		answers map[string]string
		step    Step
		refused bool
		sent    bool // the letter was sent, and what became of it is not known
	}{
		"silent":                        {answers: map[string]string{"": "hang"}, step: StepGreet},
		"hangs up at once":              {answers: map[string]string{"": "drop"}, step: StepGreet},
		"too busy":                      {answers: map[string]string{"": "421 4.3.2 too busy"}, step: StepGreet},
		"no service":                    {answers: map[string]string{"": "554 no"}, step: StepGreet},
		"no HELO":                       {answers: map[string]string{"EHLO": "550 no", "HELO": "550 no"}, step: StepGreet},
		"a byte at a time":              {answers: map[string]string{"EHLO": "drip"}, step: StepGreet},
		"a reply without end":           {answers: map[string]string{"EHLO": "flood"}, step: StepGreet},
		"MAIL":                          {answers: map[string]string{"MAIL": "550 5.1.8 bad sender"}, step: StepSender},
		"421 at MAIL":                   {answers: map[string]string{"MAIL": "421 4.3.2 shutting down"}, step: StepSender},
		"RCPT without an enhanced code": {answers: map[string]string{"RCPT": "550 no such user"}, step: StepRecipient, refused: true},
		"RCPT hangs":                    {answers: map[string]string{"RCPT": "hang"}, step: StepRecipient},
		"DATA":                          {answers: map[string]string{"DATA": "554 5.7.1 no"}, step: StepData, refused: true},
		"DATA, later":                   {answers: map[string]string{"DATA": "451 4.3.0 later"}, step: StepData},
		"hangs up after the letter":     {answers: map[string]string{".": "drop"}, step: StepLetter, sent: true},
		"silent after the letter":       {answers: map[string]string{".": "hang"}, step: StepLetter, sent: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port, heard := startScript(t, test.answers)
			m := (&relay{port: port}).mailer(t, func(c *MailConfig) { c.TLS, c.Patience = TLSNone, 2*time.Second })
			for range 2 {
				err := m.Mail(t.Context(), acknowledgement())
				failure, ok := errors.AsType[*Failure](err)
				if !ok || failure.Step != test.step || errors.Is(err, tickets.ErrRefused) != test.refused {
					t.Fatalf("got %v, want a failure at %v, refused: %v", err, test.step, test.refused)
				}
			}
			ids := strings.Count(heard(), "Message-ID: <"+m.messageID("acknowledge:48215906")+">")
			if want := map[bool]int{false: 0, true: 2}[test.sent]; ids != want {
				t.Errorf("heard the Message-ID %d times, want %d:\n%s", ids, want, heard())
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	err = (&relay{port: port}).mailer(t, nil).Mail(t.Context(), acknowledgement())
	if failure, ok := errors.AsType[*Failure](err); !ok || failure.Step != StepConnect || errors.Is(err, tickets.ErrRefused) {
		t.Errorf("got %v, want a failure to connect that may be tried again", err)
	}
}

func TestRelayIsNotTheOneMeant_RFC3207_4_1(t *testing.T) {
	stranger, _ := certify(t, "127.0.0.1")
	other, otherRoots := certify(t, "relay.example.com")
	for name, change := range map[string]func(*relay){
		"no STARTTLS":       func(r *relay) { r.server.TLSConfig = nil },
		"unknown authority": func(r *relay) { r.server.TLSConfig.Certificates[0] = stranger },
		"another name":      func(r *relay) { r.server.TLSConfig.Certificates[0], r.roots = other, otherRoots },
		"TLS 1.1 only":      func(r *relay) { r.server.TLSConfig.MaxVersion = 0x0302; r.server.TLSConfig.MinVersion = 0x0301 },
	} {
		t.Run(name, func(t *testing.T) {
			r := startRelay(t, false, func(r *relay) { r.mechanism = "PLAIN"; change(r) })
			m := r.mailer(t, func(c *MailConfig) {
				c.Auth, c.User, c.Password = AuthPlain, "readback", func() string { return relayPassword }
			})
			err := m.Mail(t.Context(), acknowledgement())
			if failure, ok := errors.AsType[*Failure](err); !ok || failure.Step != StepEncrypt || errors.Is(err, tickets.ErrRefused) {
				t.Errorf("got %v, want a failure at TLS that may be tried again", err)
			}
			if r.login != "" || len(r.letters()) > 0 {
				t.Error("the password or the letter went to a relay that is not the one meant")
			}
		})
	}
}

func TestLoginRefused_RFC4954_6(t *testing.T) {
	for name, test := range map[string]struct{ offered, auth, password string }{
		"wrong password, PLAIN": {"PLAIN", AuthPlain, "wrong horse"},
		"wrong password, LOGIN": {"LOGIN", AuthLogin, "wrong horse"},
		"wrong password, SCRAM": {"SCRAM-SHA-256", AuthSCRAM, "wrong horse"},
		"not offered":           {"LOGIN", AuthPlain, relayPassword},
		"none offered":          {"", AuthPlain, relayPassword},
	} {
		t.Run(name, func(t *testing.T) {
			r := startRelay(t, false, func(r *relay) { r.mechanism = test.offered })
			m := r.mailer(t, func(c *MailConfig) {
				c.Auth, c.User, c.Password = test.auth, "readback", func() string { return test.password }
			})
			err := m.Mail(t.Context(), acknowledgement())
			if failure, ok := errors.AsType[*Failure](err); !ok || failure.Step != StepLogin || errors.Is(err, tickets.ErrRefused) {
				t.Errorf("got %v, want a failure to log in that may be tried again", err)
			}
			if strings.Contains(err.Error(), test.password) {
				t.Errorf("the password stands in %q", err)
			}
		})
	}
}

func TestARelayThatRepeatsSecrets(t *testing.T) {
	port, _ := startScript(t, map[string]string{"EHLO": "250-script\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 AHJlYWRiYWNrAGNvcnJlY3QgaG9yc2U= is readback with correct horse"})
	m := (&relay{port: port}).mailer(t, func(c *MailConfig) {
		c.TLS, c.Auth, c.User, c.Password = TLSNone, AuthPlain, "readback", func() string { return relayPassword }
	})
	err := m.Mail(t.Context(), acknowledgement())
	if err == nil || strings.Contains(err.Error(), "horse") || strings.Contains(err.Error(), "AHJl") {
		t.Errorf("got %v, want an error without the password in any form", err)
	}
}

func TestStoppedInTheMiddle(t *testing.T) {
	port, heard := startScript(t, map[string]string{"RCPT": "hang"})
	m := (&relay{port: port}).mailer(t, func(c *MailConfig) { c.TLS = TLSNone })
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Mail(ctx, acknowledgement()) }()
	for !strings.Contains(heard(), "RCPT") {
		time.Sleep(time.Millisecond)
	}
	cancel(errors.New("the gateway stops"))
	if err := <-done; err == nil || !strings.Contains(err.Error(), "the gateway stops") {
		t.Errorf("got %v, want the cause", err)
	}
}

func TestNoAddress(t *testing.T) {
	m := startRelay(t, false, nil).mailer(t, nil)
	for _, to := range []string{"", "ann", "Ann <ann@example.com>", "ann@example.com, bob@example.com", "ann@example.com>\r\nRCPT TO:<eve@example.com"} {
		letter := acknowledgement()
		letter.To = to
		if err := m.Mail(t.Context(), letter); !errors.Is(err, tickets.ErrRefused) {
			t.Errorf("to %q: got %v, want ErrRefused", to, err)
		}
	}
}

func TestOwnTemplates(t *testing.T) {
	files := func(names ...string) fstest.MapFS {
		all := fstest.MapFS{}
		for i := 0; i < len(names); i += 2 {
			all[names[i]] = &fstest.MapFile{Data: []byte(names[i+1])}
		}
		return all
	}
	config := MailConfig{Host: "localhost", Port: 25, TLS: TLSNone, From: mail.Address{Address: "support@example.com"}}
	config.Templates = files("en-US/number.tmpl", `{{define "subject"}}N{{end}}{{define "heading"}}Ours: {{.Number}}{{end}}{{define "body"}}Words.{{end}}`)
	m, err := NewMailer(config)
	if err != nil {
		t.Fatal(err)
	}
	page, err := m.words.write(m.view(SampleLetter(tickets.NumberByEmail, "ann@example.com", "en-US")))
	if err != nil || page.subject != "N" || !strings.Contains(page.html, "Ours: 4821 5906") {
		t.Errorf("got %+v, %v, want our own words", page, err)
	}
	config.Templates = files("en-CA/common.tmpl", `{{define "hello"}}Hello, eh,{{end}}{{define "level"}}l{{end}}{{define "meaning"}}m{{end}}{{define "work"}}w{{end}}{{define "date"}}d{{end}}{{define "ticketfacts"}}N | {{.Number}}{{end}}{{define "footer"}}f{{end}}`)
	if m, err = NewMailer(config); err != nil {
		t.Fatal(err)
	}
	page, err = m.words.write(m.view(SampleLetter(tickets.NumberByEmail, "ann@example.com", "en-CA")))
	if err != nil || page.language != "en-CA" || !strings.Contains(page.text, "Hello, eh,") || page.subject != "Your ticket number: 4821 5906" {
		t.Errorf("got %+v, %v, want the letter of the United States with Canadian words", page, err)
	}
	for name, bad := range map[string]fstest.MapFS{
		"no template at all":   files("en-US/survey.tmpl", `{{define "subject"}`),
		"a field that is none": files("fr-FR/links.tmpl", `{{define "subject"}}{{.Nothing}}{{end}}{{define "heading"}}h{{end}}{{define "body"}}b{{end}}`),
		"without a subject":    files("en-GB/number.tmpl", `{{define "subject"}}{{end}}{{define "heading"}}h{{end}}{{define "body"}}b{{end}}`),
		"half a language":      files("de-DE/common.tmpl", `{{define "footer"}}f{{end}}`),
		"a broken page":        files("layout.html.tmpl", `<a href={{.Subject}`),
		"too large":            files("layout.txt.tmpl", strings.Repeat("x", maxTemplate+1)),
	} {
		config.Templates = bad
		if _, err := NewMailer(config); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

func TestPasswordsStayOnThisMachineUnlessEncrypted(t *testing.T) {
	_, err := NewMailer(MailConfig{Host: "relay.example.com", Port: 25, TLS: TLSNone, Auth: AuthPlain, From: mail.Address{Address: "support@example.com"}})
	if err == nil {
		t.Error("a mailer that sends its password in the clear is made")
	}
}
