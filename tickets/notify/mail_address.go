package notify

import (
	"fmt"
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
)

// A mailbox is an address as MAIL and RCPT write it.
type mailbox struct {
	plain string // without angle brackets
	utf8  bool   // its local part needs SMTPUTF8 (RFC 6531)
}

func (b mailbox) String() string { return "<" + b.plain + ">" }

// envelope makes one address fit for the envelope: its domain in A-labels, which every relay knows (RFC 5890 section 2.3.2.1).
func envelope(address string) (mailbox, error) {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return mailbox{}, fmt.Errorf("%.60q is not one plain e-mail address", address)
	}
	at := strings.LastIndexByte(address, '@')
	local, domain := address[:at], address[at+1:]
	if strings.ContainsAny(local, "\"\\ ") {
		local = quoted(local)
	}
	if !strings.HasPrefix(domain, "[") {
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return mailbox{}, fmt.Errorf("the domain of %.60q is not one: %w", address, err)
		}
	}
	return mailbox{plain: local + "@" + domain, utf8: strings.ContainsFunc(local, func(r rune) bool { return r > '~' })}, nil
}

// quoted is a local part as a Quoted-string (RFC 5321 section 4.1.2).
func quoted(local string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
}
