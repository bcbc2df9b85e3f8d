package config

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Webhook is a program that is told what happens to tickets, by messages signed as Standard Webhooks has it.
type Webhook struct {
	// Its name in the outbox and in logs.
	Name string `yaml:"name" jsonschema:"required,pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$,maxLength=63" fix:"use letters, digits, dot, dash and underscore"`
	// Where messages are sent, https.
	URL Secret `yaml:"url" jsonschema:"required"`
	// What messages are signed with, each whsec_ and 24 to 64 bytes as base64. With two, receivers can change from one to the other.
	Secrets []Secret `yaml:"secrets" jsonschema:"required,minItems=1,maxItems=5"`
	// What it is told, like ticket.received, ticket.acknowledged, ticket.changed, ticket.note. Empty: everything.
	Events []string `yaml:"events,omitempty" jsonschema:"maxItems=50,uniqueItems=true,pattern=^ticket[.][a-z][a-z-]*$" fix:"write ticket. and what happened, like ticket.acknowledged"`
	// Networks of one's own that it may be in. Without this line: the public internet only.
	Allow []netip.Prefix `yaml:"allow,omitempty" jsonschema:"maxItems=100"`
	// http:// is allowed too: who is on the way reads what is sent.
	Plain bool `yaml:"plain,omitempty"`
}

// Zendesk is the Zendesk account that tickets are kept in step with.
type Zendesk struct {
	// Its address, like https://example.zendesk.com. Empty: there is none.
	URL string `yaml:"url" jsonschema:"maxLength=253"`
	// The agent to whom the API token belongs. Empty: the token is an OAuth access token.
	Email string `yaml:"email" jsonschema:"maxLength=254"`
	// The API token or OAuth access token.
	Token Secret `yaml:"token"`
	// Custom fields there, by their number, and what of a ticket fills them: account, plan, number, priority, trunk, called or due.
	Fields map[string]string `yaml:"fields" jsonschema:"enum=account,enum=plan,enum=number,enum=priority,enum=trunk,enum=called,enum=due"`
	// Tags of new tickets.
	Tags []string `yaml:"tags" jsonschema:"maxItems=50,uniqueItems=true,pattern=^[^ ]+$" fix:"a tag has no spaces"`
	// The number of the group that new tickets are assigned to. Empty: as Zendesk decides.
	Group string `yaml:"group" jsonschema:"pattern=^[0-9]*$,maxLength=18" fix:"write the group's number"`
	// The number of the brand of new tickets. Empty: the default one.
	Brand string `yaml:"brand" jsonschema:"pattern=^[0-9]*$,maxLength=18" fix:"write the brand's number"`
	// Recordings are attached.
	Recordings bool `yaml:"recordings"`
	// The page of a ticket, with {number} for its number. Empty: none is named.
	Link string `yaml:"link" jsonschema:"maxLength=500"`
	// How often is looked what changed there.
	Every Duration `yaml:"every" between:"30s,1h"`
	// Networks of one's own that it may be in, for tests. Empty: the public internet only.
	Allow []netip.Prefix `yaml:"allow" jsonschema:"maxItems=100"`
	// http:// is allowed too, for tests: who is on the way reads the token.
	Plain bool `yaml:"plain"`
}

// On reports whether tickets are kept in step with Zendesk.
func (z Zendesk) On() bool { return z.URL != "" }

// webhooks checks that each program can be told, and that they can be told apart.
func (r *reader) webhooks() {
	names := map[string]string{}
	for i, hook := range r.config.Notify.Webhooks {
		at := fmt.Sprintf("notify.webhooks[%d]", i)
		r.once(at+".name", hook.Name, names)
		r.endpoint(at, hook.URL.Reveal(), hook.Plain)
		r.signing(at, hook.Secrets)
	}
}

// endpoint checks an address that requests are sent to, without showing it: there may be a secret in it.
func (r *reader) endpoint(at, address string, plain bool) {
	if address == "" || r.problems.broken(at+".url") {
		return
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		r.report(at+".url", "is not a web address", "write it in full, like https://hooks.example.com/readback")
	case u.Scheme == "http" && !plain:
		r.report(at+".url", "is http, so that everybody on the way can read what is sent", "write https, or add plain: true")
	}
}

// signing checks what messages are signed with (Standard Webhooks 1.0, "Symmetric signatures").
func (r *reader) signing(at string, secrets []Secret) {
	for i, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), "whsec_"))
		path := fmt.Sprintf("%s.secrets[%d]", at, i)
		switch {
		case r.problems.broken(path):
		case err != nil || !strings.HasPrefix(secret.Reveal(), "whsec_"):
			r.report(path, "is not whsec_ and base64", "make one: echo whsec_$(openssl rand -base64 32)")
		case len(key) < 24 || len(key) > 64:
			r.report(path, fmt.Sprintf("has %d bytes", len(key)), "give 24 to 64: echo whsec_$(openssl rand -base64 32)")
		}
	}
}

// zendesk checks that there is a way to Zendesk.
func (r *reader) zendesk() {
	z, at := r.config.Notify.Zendesk, "notify.zendesk"
	for id := range z.Fields {
		if path := join(at+".fields", id); id == "" || len(id) > 18 || strings.Trim(id, "0123456789") != "" {
			r.report(path, quote(id)+" is not the number of a field", "write the number that Zendesk's page of ticket fields shows")
		}
	}
	r.link(at+".link", z.Link)
	if !z.On() {
		return
	}
	r.endpoint(at, z.URL, z.Plain)
	if z.Token == "" && !r.problems.broken(at+".token") {
		r.report(at+".url", "is given, but no token to log in with", "add token: ${file:PATH}")
	}
}

// warnAboutWebhooks finds programs that are told more openly than need be.
func (c *Config) warnAboutWebhooks(warn func(path, message, fix string)) {
	for i, hook := range c.Notify.Webhooks {
		at := fmt.Sprintf("notify.webhooks[%d]", i)
		c.warnAboutEndpoint(warn, at, hook.URL.Reveal(), hook.Allow)
		for j := range hook.Secrets {
			c.warnAboutPlainSecret(warn, fmt.Sprintf("%s.secrets[%d]", at, j))
		}
	}
	if z := c.Notify.Zendesk; z.On() {
		c.warnAboutEndpoint(warn, "notify.zendesk", z.URL, z.Allow)
		c.warnAboutPlainSecret(warn, "notify.zendesk.token")
	}
}

func (c *Config) warnAboutEndpoint(warn func(path, message, fix string), at, address string, allow []netip.Prefix) {
	if strings.HasPrefix(address, "http:") {
		warn(at+".url", "what is sent can be read on its way", "write https")
	}
	for i, network := range allow {
		if wide(network) {
			warn(fmt.Sprintf("%s.allow[%d]", at, i), fmt.Sprintf("%s lets requests go to a great part of all networks", network), "write the network, or the address, that is meant")
		}
	}
}

func (c *Config) warnAboutPlainSecret(warn func(path, message, fix string), at string) {
	if !isReference(c.places.find(at).text) {
		warn(at, "stands in the configuration itself", "move it to a file of its own and write ${file:PATH} here")
	}
}
