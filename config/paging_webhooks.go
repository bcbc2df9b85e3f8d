package config

import (
	"fmt"
	"net/netip"
	"regexp"
)

// PagingWebhook is another system that wakes engineers, and is told of alarms.
type PagingWebhook struct {
	// Its name in logs and in the history of tickets.
	Name string `yaml:"name" jsonschema:"required,pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$,maxLength=63" fix:"use letters, digits, dot, dash and underscore"`
	// What it understands: pagerduty (Events API v2), alertmanager (API v2 of Prometheus' Alertmanager), or webhook (messages page.raised and page.cleared, signed as Standard Webhooks has it).
	Kind string `yaml:"kind" jsonschema:"required,enum=pagerduty,enum=alertmanager,enum=webhook"`
	// Where it is, https. Without this line, for pagerduty: https://events.pagerduty.com
	URL Secret `yaml:"url,omitempty"`
	// Of pagerduty, the integration key; of alertmanager, a bearer token.
	Key Secret `yaml:"key,omitempty"`
	// Of webhook: what messages are signed with, each whsec_ and 24 to 64 bytes as base64.
	Secrets []Secret `yaml:"secrets,omitempty" jsonschema:"maxItems=5"`
	// Of alertmanager: more labels of alerts.
	Labels map[string]string `yaml:"labels,omitempty"`
	// The page of a ticket, with {number} for its number.
	Link string `yaml:"link,omitempty" jsonschema:"maxLength=500"`
	// Networks of one's own that it may be in. Without this line: the public internet only.
	Allow []netip.Prefix `yaml:"allow,omitempty" jsonschema:"maxItems=100"`
	// http:// is allowed too: who is on the way reads what is sent.
	Plain bool `yaml:"plain,omitempty"`
}

// labelName is what Prometheus takes for the name of a label.
var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// pagingWebhooks checks that each system can be told, and that they can be told apart.
func (r *reader) pagingWebhooks() {
	names := map[string]string{}
	for i, p := range r.config.Paging.Webhooks {
		at := fmt.Sprintf("paging.webhooks[%d]", i)
		r.once(at+".name", p.Name, names)
		r.endpoint(at, p.URL.Reveal(), p.Plain)
		r.signing(at, p.Secrets)
		r.link(at+".link", p.Link)
		for label := range p.Labels {
			if !labelName.MatchString(label) {
				r.report(join(at+".labels", label), quote(label)+" is not the name of a label", "use letters, digits and underscore")
			}
		}
		switch {
		case p.Kind == "pagerduty" && p.Key == "" && !r.problems.broken(at+".key"):
			r.report(at+".kind", "needs the integration key", "add key: ${file:PATH}")
		case p.Kind == "alertmanager" && p.URL == "" && !r.problems.broken(at+".url"):
			r.report(at+".kind", "needs an address", "add url:, like https://alertmanager.example.com")
		case p.Kind == "webhook" && (p.URL == "" && !r.problems.broken(at+".url") || len(p.Secrets) == 0):
			r.report(at+".kind", "needs an address, and a secret to sign with", "add url: and secrets:")
		}
	}
}

// warnAboutPagingWebhooks finds systems that are told more openly than need be.
func (c *Config) warnAboutPagingWebhooks(warn func(path, message, fix string)) {
	for i, p := range c.Paging.Webhooks {
		at := fmt.Sprintf("paging.webhooks[%d]", i)
		c.warnAboutEndpoint(warn, at, p.URL.Reveal(), p.Allow)
		if p.Key != "" {
			c.warnAboutPlainSecret(warn, at+".key")
		}
		for j := range p.Secrets {
			c.warnAboutPlainSecret(warn, fmt.Sprintf("%s.secrets[%d]", at, j))
		}
	}
}
