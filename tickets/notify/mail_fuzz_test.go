package notify

import (
	"bytes"
	"net/mail"
	"strings"
	"testing"

	"readback/tickets"
)

// FuzzLetter: whatever stands in a letter, it is one message with the header fields we gave it, in lines that relays take.
func FuzzLetter(f *testing.F) {
	m, err := NewMailer(MailConfig{Host: "localhost", Port: 25, TLS: TLSNone, From: mail.Address{Name: "Acme", Address: "support@example.com"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("ann@example.com", "Ann\r\nBcc: eve@example.com", "news\r\n.\r\nQUIT", "https://x.example/\r\nX: y", "fr")
	f.Add("änne@bücher.example", "\u202e<script>", strings.Repeat("é", 2000), "javascript:alert(1)", "en-AU")
	f.Add("", "\xff\x00", "\n\n\n | \n\n", "", "")
	f.Fuzz(func(t *testing.T, to, name, text, link, language string) {
		box, err := parseMailbox(to)
		if err != nil {
			box, _ = parseMailbox("ann@example.com")
		}
		if strings.ContainsAny(box.path, "\r\n") {
			t.Fatalf("%q becomes %q in the envelope", to, box.path)
		}
		letter := SampleLetter(tickets.IncidentByEmail, box.plain, language)
		letter.ID, letter.Name, letter.Text, letter.Links = text, name, text, tickets.Links{Form: link, Chat: link, Survey: link}
		for _, letter.Kind = range []tickets.NoticeKind{tickets.IncidentByEmail, tickets.SurveyByEmail} {
			data, err := m.compose(letter)
			if err != nil {
				t.Fatal(err)
			}
			checkMessage(t, data)
		}
	})
}

func checkMessage(t *testing.T, data []byte) {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v:\n%s", err, data)
	}
	for name, values := range message.Header {
		if len(values) != 1 || !strings.Contains(" Date From To Subject Message-Id Auto-Submitted X-Auto-Response-Suppress Content-Language Mime-Version Content-Type ", " "+name+" ") {
			t.Errorf("a field of the header that we did not give: %s %q", name, values)
		}
	}
	for line := range bytes.SplitSeq(data, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n") { // RFC 5322 section 2.1.1
			t.Errorf("a line of %d bytes, or with a bare line end: %.100q", len(line), line)
		}
	}
}
