package notify

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

const (
	relaySays = 256 << 10       // the most bytes that a relay may send us in one conversation, certificates included
	quitTime  = 2 * time.Second // the relay has the letter: its goodbye is not waited for longer
)

var (
	errNoTLS      = errors.New("the relay offers no STARTTLS, and nothing is sent in the clear")
	errTalkative  = errors.New("the relay says more than a relay has to")
	errNoSMTPUTF8 = errors.New("the address has letters beyond ASCII before the @, and the relay cannot carry those (SMTPUTF8)")
)

// hand hands a letter over, or says at which step that failed. All of it ends with ctx.
func (m *Mailer) hand(ctx context.Context, to mailbox, data []byte) error {
	talk := conversation{MailConfig: m.config, step: StepConnect}
	err := talk.run(ctx, m.from, to, data)
	if talk.conn != nil {
		_ = talk.conn.Close()
	}
	if err == nil {
		return nil
	}
	if _, replied := errors.AsType[*textproto.Error](err); !replied && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	failure := failed(talk.step, err, talk.secrets(to))
	if errors.Is(err, errNoSMTPUTF8) {
		failure.refused = true
	}
	return failure
}

// A conversation is one connection to a relay.
type conversation struct {
	MailConfig
	step Step
	conn net.Conn
}

func (t *conversation) run(ctx context.Context, from, to mailbox, data []byte) error {
	client, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = t.conn.SetDeadline(time.Unix(1, 0)) })() // ends what waits for the relay
	if err := t.greet(client); err != nil {
		return err
	}
	if err := t.login(client); err != nil {
		return err
	}
	if err := t.deliver(client, from, to, data); err != nil {
		return err
	}
	_ = t.conn.SetDeadline(time.Now().Add(quitTime))
	_ = client.Quit()
	return nil
}

// open connects, and reads the greeting.
func (t *conversation) open(ctx context.Context) (*smtp.Client, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", t.address())
	if err != nil {
		return nil, err
	}
	t.conn = &bounded{Conn: conn, left: relaySays}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	spoken := t.conn
	if t.TLS == TLSImplicit {
		t.step = StepEncrypt
		encrypted := tls.Client(t.conn, t.tlsConfig())
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		spoken = encrypted
	}
	t.step = StepGreet
	return smtp.NewClient(spoken, t.Host)
}

func (t *conversation) greet(client *smtp.Client) error {
	hello := t.Hello
	if hello == "" {
		hello = "localhost"
	}
	if err := client.Hello(hello); err != nil {
		return err
	}
	if t.TLS != TLSStart {
		return nil
	}
	t.step = StepEncrypt
	if offered, _ := client.Extension("STARTTLS"); !offered {
		return errNoTLS
	}
	return client.StartTLS(t.tlsConfig())
}

func (t *conversation) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: t.Host, RootCAs: t.Roots, MinVersion: tls.VersionTLS12}
}

func (t *conversation) login(client *smtp.Client) error {
	if t.Auth == AuthNone {
		return nil
	}
	t.step = StepLogin
	mechanism := strings.ToUpper(t.Auth)
	_, offered := client.Extension("AUTH")
	if !slices.Contains(strings.Fields(strings.ToUpper(offered)), mechanism) {
		return fmt.Errorf("the relay does not offer to log in by %s, but by: %s", t.Auth, offered)
	}
	clear := t.TLS == TLSNone // on this machine only
	switch t.Auth {
	case AuthPlain:
		return client.Auth(smtp.PlainAuth("", t.User, t.password(), t.Host, clear))
	case AuthLogin:
		return client.Auth(smtp.LoginAuth(t.User, t.password(), t.Host, clear))
	case AuthSCRAM:
		return client.Auth(smtp.ScramSHA256Auth(t.User, t.password()))
	}
	return fmt.Errorf("there is no way to log in called %q", t.Auth)
}

func (t *conversation) deliver(client *smtp.Client, from, to mailbox, data []byte) error {
	t.step = StepSender
	wide := from.utf8 || to.utf8
	if able, _ := client.Extension("SMTPUTF8"); wide && !able {
		t.step = StepRecipient
		return errNoSMTPUTF8
	}
	client.SkipSMTPUTF8(!wide) // RFC 6531 section 3.4: asked for, it binds every relay on the way
	if err := client.Mail(from.path); err != nil {
		return err
	}
	t.step = StepRecipient
	if err := client.Rcpt(to.path); err != nil {
		return err
	}
	t.step = StepData
	body, err := client.Data()
	if err != nil {
		return err
	}
	t.step = StepLetter
	if _, err := body.Write(data); err != nil {
		return err
	}
	return body.Close()
}

// secrets are what a relay may repeat and we must not: what logs in, and who the letter is for.
func (t *conversation) secrets(to mailbox) *strings.Replacer {
	pairs := []string{to.plain, "[address]"}
	if password := t.password(); password != "" {
		for _, form := range []string{password, t.User + "\x00" + password, "\x00" + t.User + "\x00" + password} {
			pairs = append(pairs, base64.StdEncoding.EncodeToString([]byte(form)), "[secret]")
		}
		pairs = append(pairs, password, "[secret]")
	}
	return strings.NewReplacer(pairs...)
}

// bounded ends a connection whose other side does not come to an end.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalkative
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
