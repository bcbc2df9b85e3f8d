package notify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wneessen/go-mail"

	"readback/tickets"
)

// The longest texts of a letter that come from outside, in bytes.
const (
	maxName    = 200
	maxSubject = 200
	maxText    = 20_000
)

// compose writes a letter as it goes over the wire (RFC 5322), in text and in HTML.
func (m *Mailer) compose(letter tickets.Letter) ([]byte, error) {
	page, err := m.words.write(m.view(letter))
	if err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithEncoding(mail.EncodingQP))
	msg.FromMailAddress(&netmail.Address{Name: oneLine(m.config.From.Name, maxName), Address: m.from.plain})
	msg.ToMailAddress(&netmail.Address{Name: oneLine(letter.Name, maxName), Address: letter.To})
	if m.config.ReplyTo != nil {
		msg.ReplyToMailAddress(m.config.ReplyTo)
	}
	msg.Subject(page.subject)
	msg.SetDateWithValue(m.config.Now())
	msg.SetMessageIDWithValue(m.messageID(letter.ID))
	if letter.Thread != "" && letter.Thread != letter.ID {
		msg.SetGenHeader(mail.HeaderInReplyTo, "<"+m.messageID(letter.Thread)+">")
		msg.SetGenHeader(mail.HeaderReferences, "<"+m.messageID(letter.Thread)+">")
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")           // RFC 3834 section 5: no automatic reply to this
	msg.SetGenHeader("X-Auto-Response-Suppress", "OOF, AutoReply") // the same for Exchange
	msg.SetGenHeader("Content-Language", page.language)
	msg.SetBodyString(mail.TypeTextPlain, page.text)
	msg.AddAlternativeString(mail.TypeTextHTML, page.html)
	var wire bytes.Buffer
	if _, err := msg.WriteTo(&wire); err != nil {
		return nil, fmt.Errorf("write letter %s: %w", letter.ID, err)
	}
	return wire.Bytes(), nil
}

// messageID is the same for the same letter: a copy that was sent again can be told (RFC 5322 section 3.6.4).
func (m *Mailer) messageID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16]) + m.from.plain[strings.LastIndexByte(m.from.plain, '@'):]
}

// oneLine makes text fit for a header field: one line, nothing that does not show, at most limit bytes.
func oneLine(s string, limit int) string {
	return shorten(strings.Join(strings.Fields(shown(s)), " "), limit)
}

// manyLines keeps the lines of a text, and nothing in them that does not show.
func manyLines(s string, limit int) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = shown(line)
	}
	return shorten(strings.Join(lines, "\n"), limit)
}

// shown puts spaces where characters are that change how the text around them is shown.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, s)
}

func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
