package config

import (
	"fmt"
	"net/mail"
	"os"
)

// Mail is the relay that letters leave by.
type Mail struct {
	// The relay's name or address. Empty: no e-mail is sent.
	Host string `yaml:"host" jsonschema:"pattern=^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)?$,maxLength=253" fix:"write a name like smtp.example.com, or an IP address"`
	// Its port: 587 and 25 with starttls, 465 with implicit.
	Port int `yaml:"port" jsonschema:"minimum=1,maximum=65535"`
	// How the connection is encrypted: starttls (nothing is said without it), implicit (from the first byte), or none.
	TLS string `yaml:"tls" jsonschema:"enum=starttls,enum=implicit,enum=none"`
	// The authorities that may have signed the relay's certificate, in PEM. Empty: those this machine trusts.
	CA Path `yaml:"ca"`
	// How to log in: none, plain, login, or scram-sha-256, by which the relay never sees the password.
	Auth string `yaml:"auth" jsonschema:"enum=none,enum=plain,enum=login,enum=scram-sha-256"`
	// The name to log in with.
	User string `yaml:"user" jsonschema:"maxLength=255"`
	// The password to log in with.
	Password Secret `yaml:"password"`
	// The sender, like Acme Support <support@example.com>. The name is the vendor's, as letters call it.
	From string `yaml:"from" jsonschema:"maxLength=320"`
	// Where answers go. Empty: to the sender.
	ReplyTo string `yaml:"reply_to" jsonschema:"maxLength=320"`
	// The name that this machine gives the relay (EHLO). Empty: the machine's own.
	Hello string `yaml:"hello" jsonschema:"pattern=^[A-Za-z0-9.-]*$,maxLength=253" fix:"write a name like gateway.example.com"`
	// A directory with own templates, laid over the shipped ones file by file.
	Templates string `yaml:"templates"`
}

// Addresses are From and ReplyTo, read. An empty one is nil.
func (m Mail) Addresses() (from, replyTo *mail.Address) {
	from, _ = mail.ParseAddress(m.From)
	replyTo, _ = mail.ParseAddress(m.ReplyTo)
	return from, replyTo
}

// clear reports whether letters cross a network that others can read.
func (m Mail) clear() bool { return m.TLS == "none" && !m.local() }

// local reports whether the relay is on this machine.
func (m Mail) local() bool { return onThisMachine(m.Host) }

// mail checks that the relay can be used as it is described.
func (r *reader) mail() {
	m := &r.config.Notify.Mail
	if m.Host == "" {
		return
	}
	const at = "notify.mail."
	const like = "write an address like support@example.com, or Acme Support <support@example.com>"
	from, replyTo := m.Addresses()
	switch {
	case m.From == "":
		r.report(at+"host", "is given, but not who letters are from", "add from:, like Acme Support <support@example.com>")
	case from == nil:
		r.report(at+"from", r.shown(at+"from")+" is not an e-mail address", like)
	}
	if m.ReplyTo != "" && replyTo == nil {
		r.report(at+"reply_to", r.shown(at+"reply_to")+" is not an e-mail address", like)
	}
	switch {
	case m.Auth == "none" && m.Password != "":
		r.report(at+"password", "is given, but not how to log in", "add auth: plain, login or scram-sha-256, as the relay offers")
	case m.Auth == "none":
	case m.User == "" || m.Password == "":
		r.report(at+"auth", "needs user and password", "add both, the password as ${file:PATH}")
	case m.clear():
		r.report(at+"tls", "is none, and the password would cross the network in the clear", "write starttls or implicit")
	}
	m.Templates = within(r.file, m.Templates)
	if info, err := os.Stat(m.Templates); m.Templates != "" && (err != nil || !info.IsDir()) {
		r.report(at+"templates", r.shown(at+"templates")+" is not a directory that can be read", "make it, or correct the path")
	}
}

// warnAboutMail finds letters that others can read, and ports that speak otherwise.
func (c *Config) warnAboutMail(warn func(path, message, fix string)) {
	m := c.Notify.Mail
	if m.Host == "" {
		return
	}
	const at = "notify.mail."
	if m.clear() {
		warn(at+"tls", "letters cross the network in the clear: who is on the way reads customers' names and ticket numbers", "write starttls or implicit")
	}
	if implicit := m.TLS == "implicit"; m.Port == 465 && m.TLS == "starttls" || implicit && (m.Port == 587 || m.Port == 25) {
		warn(at+"port", fmt.Sprintf("is %d, where relays hardly ever speak %s", m.Port, m.TLS), "write starttls with 587 or 25, implicit with 465; try it with readback notify test")
	}
	if m.Password != "" && !isReference(c.places.find(at+"password").text) {
		warn(at+"password", "stands in the configuration itself", "move it to a file of its own and write ${file:PATH} here")
	}
	if c.HTTP.PublicURL == "" {
		warn("http.public_url", "is empty: customers are not asked how well it was done, because no link can be made", "write the address by which customers reach http.listen, like https://support.example.com")
	}
}
