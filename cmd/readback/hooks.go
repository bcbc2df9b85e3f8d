package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"readback/config"
	"readback/tickets"
	"readback/tickets/egress"
	"readback/tickets/notify"
)

// hooksOf are the programs that are told what happens to tickets.
func hooksOf(c *config.Config) ([]tickets.Hook, error) {
	var hooks []tickets.Hook
	for i, hook := range c.Notify.Webhooks {
		made, err := notify.NewWebhook(notify.WebhookConfig{
			Name: hook.Name, URL: hook.URL.Reveal(), Secrets: revealed(hook.Secrets), Events: hook.Events, Plain: hook.Plain,
			Client: &egress.Client{Allow: hook.Allow},
		})
		if err != nil {
			return nil, config.Problems{c.Problem(fmt.Sprintf("notify.webhooks[%d]", i), err.Error(), "mend it")}
		}
		hooks = append(hooks, made)
	}
	return hooks, nil
}

// pagersOf are the other systems that wake engineers.
func pagersOf(c *config.Config) ([]tickets.Pager, error) {
	var pagers []tickets.Pager
	for i, p := range c.Paging.Webhooks {
		made, err := pagerOf(p)
		if err != nil {
			return nil, config.Problems{c.Problem(fmt.Sprintf("paging.webhooks[%d]", i), err.Error(), "mend it")}
		}
		pagers = append(pagers, made)
	}
	return pagers, nil
}

func pagerOf(p config.PagingWebhook) (tickets.Pager, error) {
	client := &egress.Client{Allow: p.Allow}
	switch p.Kind {
	case "pagerduty":
		return notify.NewPagerDuty(notify.PagerDutyConfig{Name: p.Name, URL: p.URL.Reveal(), Key: p.Key.Reveal(), Link: p.Link, Plain: p.Plain, Client: client})
	case "alertmanager":
		return notify.NewAlertmanager(notify.AlertmanagerConfig{
			Name: p.Name, URL: p.URL.Reveal(), Token: p.Key.Reveal(), Labels: p.Labels, Link: p.Link, Plain: p.Plain, Client: client,
		})
	}
	return notify.NewWebhookPager(notify.WebhookConfig{Name: p.Name, URL: p.URL.Reveal(), Secrets: revealed(p.Secrets), Plain: p.Plain, Client: client})
}

// A recordingOpener opens what a caller said and tells its size; fs.ErrNotExist: it is gone.
type recordingOpener func(ctx context.Context, name string) (io.ReadCloser, int64, error)

// mirrorOf is the Zendesk that tickets are kept in step with; nil when there is none.
func mirrorOf(c *config.Config, recordings recordingOpener) (*notify.Zendesk, error) {
	z := c.Notify.Zendesk
	if !z.On() {
		return nil, nil
	}
	if !z.Recordings {
		recordings = nil
	}
	fields := map[int64]string{}
	for id, source := range z.Fields {
		fields[numberIn(id)] = source
	}
	made, err := notify.NewZendesk(notify.ZendeskConfig{
		Name: "zendesk", URL: z.URL, Email: z.Email, Token: z.Token.Reveal(), Fields: fields, Tags: z.Tags, Group: numberIn(z.Group), Brand: numberIn(z.Brand),
		Recording: recordings, Link: z.Link, Plain: z.Plain, Client: &egress.Client{Allow: z.Allow},
	})
	if err != nil {
		return nil, config.Problems{c.Problem("notify.zendesk", err.Error(), "mend it")}
	}
	return made, nil
}

// numberIn is what a text of digits, checked before, stands for; 0 for an empty one.
func numberIn(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n
}

func revealed(secrets []config.Secret) []string {
	all := make([]string, len(secrets))
	for i, secret := range secrets {
		all[i] = secret.Reveal()
	}
	return all
}

// publishes reports whether other programs want to know of every event.
func publishes(c *config.Config) bool { return len(c.Notify.Webhooks) > 0 || c.Notify.Zendesk.On() }

// openHooks gives the clerk its ways to other programs.
func (s *server) openHooks() (err error) {
	if s.clerk.Hooks, err = hooksOf(s.config); err != nil {
		return err
	}
	if s.clerk.Pagers, err = pagersOf(s.config); err != nil {
		return err
	}
	s.clerk.MirrorEvery = s.config.Notify.Zendesk.Every.D()
	mirror, err := mirrorOf(s.config, openerOf(s.recordings, s.log))
	if mirror != nil { // a nil *Zendesk in the interface would not be nil
		s.clerk.Mirror = mirror
	}
	return err
}

// preparePause is how often is tried to look after the other ticket system while the store is away.
const preparePause = 10 * time.Second

// prepareClerk has the other ticket system looked after, as soon as the store can be reached.
func (s *server) prepareClerk(ctx context.Context) {
	for {
		err := s.clerk.Prepare(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.log.Warn("the other ticket system is looked after once the store can be reached", "error", err)
		select {
		case <-time.After(preparePause):
		case <-ctx.Done():
		}
	}
}
