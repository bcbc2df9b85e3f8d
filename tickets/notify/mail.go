// Package notify tells people and programs outside: letters by a mail relay, messages to other programs.
package notify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/mail"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"readback/tickets"
)

// How the connection to a relay is encrypted.
const (
	TLSImplicit = "implicit" // from the first byte (RFC 8314 section 3.3)
	TLSStart    = "starttls" // STARTTLS, and nothing is said without it (RFC 3207)
	TLSNone     = "none"     // in the clear
)

// How we log in to a relay (RFC 4954).
const (
	AuthNone  = ""
	AuthPlain = "plain"
	AuthLogin = "login"
	AuthSCRAM = "scram-sha-256" // RFC 7677: the relay never sees the password
)

// mailPatience is how long handing over a letter may take, from the first packet to the relay's last word.
const mailPatience = 30 * time.Second

// A MailConfig says by which relay letters leave, and what they look like.
type MailConfig struct {
	Host     string // name or address of the relay
	Port     int
	TLS      string // TLSImplicit, TLSStart or TLSNone
	Roots    *x509.CertPool
	Auth     string // AuthNone, AuthPlain, AuthLogin or AuthSCRAM
	User     string
	Password func() string // nil: none
	Hello    string        // our name in EHLO; empty: localhost
	From     mail.Address  // its name is the vendor's, as letters call it
	ReplyTo  *mail.Address // nil: From
	// Templates are laid over the shipped ones, file by file; nil: none.
	Templates fs.FS
	// Zone is the time zone of a ticket's customer; nil, or a nil answer: UTC.
	Zone func(tickets.Ticket) *time.Location
	// SurveyUntil is when the link of a ticket's survey ends; nil: letters do not say.
	SurveyUntil func(tickets.Ticket) time.Time
	Now         func() time.Time // nil: time.Now
	Patience    time.Duration    // for a whole conversation with the relay; zero: 30 s
}

// A Mailer writes letters and hands them to a relay. It implements tickets.Mailer.
type Mailer struct {
	config MailConfig
	from   mailbox
	words  *mailTemplates
}

var _ tickets.Mailer = (*Mailer)(nil)

// NewMailer reads the templates and writes a sample of each letter in each language, so that a slip in a template shows before
// there is anybody to be told.
func NewMailer(c MailConfig) (*Mailer, error) {
	if c.Auth != AuthNone && c.TLS == TLSNone && !isLoopback(c.Host) {
		return nil, errors.New("mail relay: a password must not be sent in the clear: use starttls or implicit")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Patience <= 0 {
		c.Patience = mailPatience
	}
	m := &Mailer{config: c}
	var err error
	if m.from, err = parseMailbox(c.From.Address); err != nil {
		return nil, fmt.Errorf("the sender's address: %w", err)
	}
	if m.words, err = loadMailTemplates(c.Templates); err != nil {
		return nil, err
	}
	return m, m.rehearse()
}

// Mail implements tickets.Mailer. Its errors are Failures.
func (m *Mailer) Mail(ctx context.Context, letter tickets.Letter) error {
	to, err := parseMailbox(letter.To)
	if err != nil {
		return &Failure{Step: StepAddress, Err: err, refused: true}
	}
	letter.To = to.plain
	data, err := m.compose(letter)
	if err != nil {
		return &Failure{Step: StepCompose, Err: err}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, m.config.Patience, fmt.Errorf("the relay took longer than %s", m.config.Patience))
	defer cancel()
	return m.hand(ctx, to, data)
}

// address is where the relay listens.
func (c MailConfig) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

func (c MailConfig) password() string {
	if c.Password == nil {
		return ""
	}
	return c.Password()
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
