package notify

import (
	"fmt"
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
)

// A mailbox is an address that every relay understands: its domain is in A-labels (RFC 5890 section 2.3.2.1).
type mailbox struct {
	plain string // as people write it
	path  string // as MAIL and RCPT write it
	utf8  bool   // its local part needs SMTPUTF8 (RFC 6531)
}

func parseMailbox(address string) (mailbox, error) {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return mailbox{}, fmt.Errorf("%.60q is not one plain e-mail address", address)
	}
	at := strings.LastIndexByte(address, '@')
	local, domain := address[:at], address[at+1:]
	if !strings.HasPrefix(domain, "[") {
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return mailbox{}, fmt.Errorf("the domain of %.60q is not one: %w", address, err)
		}
	}
	plain := local + "@" + domain
	path := (&mail.Address{Address: plain}).String() // quotes what needs it, in angle brackets
	return mailbox{plain: plain, path: path, utf8: strings.ContainsFunc(local, func(r rune) bool { return r > '~' })}, nil
}
