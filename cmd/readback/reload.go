package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"reflect"
	"syscall"

	"readback/config"
)

// reloadOnHangup reads the configuration again whenever the process gets SIGHUP, until ctx ends.
func (s *server) reloadOnHangup(ctx context.Context, load func() (*config.Config, error)) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-hangups:
			s.tryReload(ctx, load)
		case <-ctx.Done():
			return
		}
	}
}

// tryReload applies what is written now, or says why the running configuration stays.
func (s *server) tryReload(ctx context.Context, load func() (*config.Config, error)) {
	c, err := load()
	if err == nil {
		err = s.reload(ctx, c)
	}
	if problems, ok := errors.AsType[config.Problems](err); ok {
		for _, problem := range problems {
			s.log.Error("the configuration is refused, the running one is kept", "problem", problem.Error())
		}
		return
	}
	if err != nil {
		s.log.Error("the configuration is refused, the running one is kept", "problem", err)
		return
	}
	for _, warning := range c.Warnings() {
		s.log.Warn("configuration", "warning", warning.Error())
	}
	s.log.Info("the configuration is applied to new calls", "trunks", len(c.Trunks), "numbers", len(c.Numbers))
}

// reload puts a configuration in the place of the running one: all of what may change, or nothing. Calls in progress go on
// as they began.
func (s *server) reload(ctx context.Context, c *config.Config) error {
	if problems := checkPrompts(c); len(problems) > 0 {
		return config.Problems(problems)
	}
	for _, key := range restartOnly(s.config, c) {
		s.log.Warn("a change takes effect at the next start only", "key", key)
	}
	s.ward.mu.Lock()
	defer s.ward.mu.Unlock()
	plain := keepFixed(c, s.config)
	c = s.ward.admit(plain)
	signalling, err := s.signallingOf(c)
	if err != nil {
		return err
	}
	sounds, err := loadSounds(c.Prompts.Directories)
	if err != nil {
		return err
	}
	desk := s.desk.With(policyOf(c))
	desk.Region = regions(c)
	if desk.Hours, err = calendarsOf(c); err != nil {
		return err
	}
	before, after := s.gateway.now.Load(), newPractice(c, sounds, desk)
	after.warm(ctx, s.log)     // before a caller waits for it
	s.gateway.now.Store(after) // first: a call of a new trunk must find its sound
	if err := s.agent.Reload(signalling); err != nil {
		s.gateway.now.Store(before)
		return err
	}
	s.ward.plain = plain
	for i, l := range signalling.Listen {
		if l.TLS != nil {
			s.listening[i].TLS.Replace(l.TLS)
		}
	}
	return nil
}

// fixed are the parts of a configuration that only a start reads, by key.
var fixed = []struct {
	key string
	of  func(*config.Config) any // a pointer
}{
	{"node", func(c *config.Config) any { return &c.Node }},
	{"data", func(c *config.Config) any { return &c.Data }},
	{"sip.listen", func(c *config.Config) any { return &c.SIP.Listen }},
	{"sip.advertise", func(c *config.Config) any { return &c.SIP.Advertise }},
	{"sip.local_networks", func(c *config.Config) any { return &c.SIP.LocalNetworks }},
	{"sip.user_agent", func(c *config.Config) any { return &c.SIP.UserAgent }},
	{"sip.limits", func(c *config.Config) any { return &c.SIP.Limits }},
	{"sip.stir", func(c *config.Config) any { return &c.SIP.STIR }},
	{"sip.name_servers", func(c *config.Config) any { return &c.SIP.NameServers }},
	{"rtp", func(c *config.Config) any { return &c.RTP }},
	{"http", func(c *config.Config) any { return &c.HTTP }},
	{"identify.pepper", func(c *config.Config) any { return &c.Identify.Pepper }},
	{"notify.mail", func(c *config.Config) any { return &c.Notify.Mail }},
	{"notify.survey", func(c *config.Config) any { return &c.Notify.Survey }},
	{"notify.webhooks", func(c *config.Config) any { return &c.Notify.Webhooks }},
	{"notify.zendesk", func(c *config.Config) any { return &c.Notify.Zendesk }},
	{"paging.webhooks", func(c *config.Config) any { return &c.Paging.Webhooks }},
	{"calls", func(c *config.Config) any { return &c.Calls }},
	{"notify.callback", func(c *config.Config) any { return &c.Notify.Callback }},
	{"paging.phone", func(c *config.Config) any { return &c.Paging.Phone }},
	{"recording.bucket", func(c *config.Config) any { return &c.Recording.Bucket }},
	{"recording.encrypt", func(c *config.Config) any { return &c.Recording.Encrypt }},
	{"recording.transcribe", func(c *config.Config) any { return &c.Recording.Transcribe }},
	{"store", func(c *config.Config) any { return &c.Store }},
	{"observe", func(c *config.Config) any { return &c.Observe }},
}

// restartOnly are the keys whose change waits for the next start.
func restartOnly(running, next *config.Config) (keys []string) {
	for _, part := range fixed {
		if !reflect.DeepEqual(part.of(running), part.of(next)) {
			keys = append(keys, part.key)
		}
	}
	return keys
}

// keepFixed is the next configuration with what a running gateway cannot change as it is.
func keepFixed(next, running *config.Config) *config.Config {
	c := *next
	for _, part := range fixed {
		reflect.ValueOf(part.of(&c)).Elem().Set(reflect.ValueOf(part.of(running)).Elem())
	}
	return &c
}
