package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"readback/config"
	"readback/tickets"
	"readback/tickets/notify"
)

// mailerOf is the way to the configured relay, ready to be used; nil when there is none. What is wrong with it is a problem of the
// configuration. What may change meanwhile is asked of now.
func mailerOf(c *config.Config, now func() *config.Config) (*notify.Mailer, error) {
	m := c.Notify.Mail
	if m.Host == "" {
		return nil, nil
	}
	files := pemFiles{config: c}
	from, replyTo := m.Addresses()
	relay := notify.MailConfig{
		Host: m.Host, Port: m.Port, TLS: m.TLS, Roots: files.authorities("notify.mail.ca", m.CA), User: m.User, Password: m.Password.Reveal,
		Hello: m.Hello, From: *from, ReplyTo: replyTo,
		Zone:        func(t tickets.Ticket) *time.Location { return zoneOf(now(), t.Called) },
		SurveyUntil: policyOf(c).Survey.Until,
	}
	if err := files.err(); err != nil {
		return nil, err
	}
	if m.Auth != "none" {
		relay.Auth = m.Auth
	}
	if relay.Hello == "" {
		relay.Hello, _ = os.Hostname()
	}
	if m.Templates != "" {
		relay.Templates = os.DirFS(m.Templates)
	}
	mailer, err := notify.NewMailer(relay)
	if err != nil {
		return nil, config.Problems{c.Problem("notify.mail.templates", err.Error(), "mend the template, or remove it: the shipped one then stands in")}
	}
	return mailer, nil
}

// zoneOf is the time zone of a number that was called; nil when there is none.
func zoneOf(c *config.Config, called string) *time.Location {
	for _, number := range c.Numbers {
		if zone, err := time.LoadLocation(number.TimeZone); err == nil && number.Number == called {
			return zone
		}
	}
	return nil
}

// surveyLinksOf sign the links by which customers vote, with the configured secret or one made at the first use and kept in the
// data directory. Without a public address there are none.
func surveyLinksOf(c *config.Config) (tickets.SurveyLinks, error) {
	if c.HTTP.PublicURL == "" {
		return tickets.SurveyLinks{}, nil
	}
	key := []byte(c.Notify.Survey.Key.Reveal())
	if len(key) == 0 {
		var err error
		if key, err = tickets.LoadSurveyKey(filepath.Join(c.Data, "survey.key")); err != nil {
			return tickets.SurveyLinks{}, err
		}
	}
	return tickets.SurveyLinks{Key: key, Base: c.HTTP.PublicURL, Terms: policyOf(c).Survey}, nil
}

// now is the configuration as it is now.
func (s *server) now() *config.Config {
	if s.gateway == nil || s.gateway.now.Load() == nil { // not started yet
		return s.config
	}
	return s.gateway.now.Load().config
}

// openMail gives the clerk its way to customers.
func (s *server) openMail() error {
	mailer, err := mailerOf(s.config, s.now)
	if err != nil {
		return err
	}
	surveys, err := surveyLinksOf(s.config)
	if err != nil {
		return fmt.Errorf("survey links: %w", err)
	}
	s.clerk.Links = func(t tickets.Ticket) tickets.Links {
		menu := s.now().Menu
		return tickets.Links{Form: menu.FormURL, Chat: menu.ChatURL, Survey: surveys.Link(t)}
	}
	if mailer != nil { // a nil *Mailer in the interface would not be nil
		s.clerk.Mailer = mailer
	}
	s.surveys = s.surveyPages(surveys)
	return nil
}
