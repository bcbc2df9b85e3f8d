package main

import (
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"readback/config"
	"readback/ivr"
	"readback/media"
	"readback/tickets"
)

// configFlag is the flag of every command that reads the configuration file.
type configFlag struct {
	Config string `short:"c" help:"Configuration file; the embedded defaults without." placeholder:"FILE" type:"path"`
}

func (f configFlag) load() (*config.Config, error) {
	if f.Config == "" {
		return config.Default(), nil
	}
	return config.Load(f.Config)
}

func newLog(w io.Writer, observe config.Observe) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(observe.LogLevel)) // one of the four: the configuration was checked
	options := &slog.HandlerOptions{Level: level}
	if observe.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// policyOf says the configured policy in the desk's words.
func policyOf(c *config.Config) tickets.Policy {
	policy := tickets.DefaultPolicy()
	policy.Plans = nil
	for _, plan := range c.Policy.Plans {
		policy.Plans = append(policy.Plans, tickets.Plan{
			Name: plan.Name, Aliases: plan.Aliases, Phone: plan.Phone, Form: plan.Form, Chat: plan.Chat,
			Respond: map[tickets.Priority]time.Duration{
				tickets.P1: plan.Respond.P1.D(), tickets.P2: plan.Respond.P2.D(),
				tickets.P3: plan.Respond.P3.D(), tickets.P4: plan.Respond.P4.D(),
			},
		})
	}
	policy.Unverified = termsOf(c.Policy.Unverified)
	policy.Services = termsOf(c.Policy.Services)
	policy.JoinWithin = c.Policy.JoinWithin.D()
	policy.PageP2 = c.Policy.PageP2
	policy.Survey = tickets.SurveyTerms{Expires: c.Notify.Survey.Expires.D(), Closes: c.Notify.Survey.Closes.D()}
	policy.Burst = tickets.Burst{Accounts: c.Policy.Burst.Accounts, Within: c.Policy.Burst.Within.D()}
	lock := c.Identify.Lockout
	policy.Lockout.Within = lock.Within.D()
	policy.Lockout.Account.Limit, policy.Lockout.Account.For = lock.Account.Wrong, lock.Account.Lock.D()
	policy.Lockout.Caller.Limit, policy.Lockout.Caller.For = lock.Caller.Wrong, lock.Caller.Lock.D()
	return policy
}

func termsOf(p config.Promise) tickets.Terms {
	return tickets.Terms{Priority: tickets.Priority(p.Priority), Respond: p.Respond.D()}
}

func mediaOf(c *config.Config) media.Config {
	return media.Config{
		Address: c.RTP.Address, Advertise: c.RTP.Advertise,
		PortMin: c.RTP.Ports.Min, PortMax: c.RTP.Ports.Max,
		Silence: c.RTP.Silence.D(), Quarantine: c.RTP.Quarantine.D(), IO: strings.TrimPrefix(c.RTP.IO, "auto"),
	}
}

// soundOf is what the sound of each trunk's calls may be, by the trunk's name.
func soundOf(c *config.Config) map[string]media.Options {
	all := map[string]media.Options{}
	for _, trunk := range c.Trunks {
		all[trunk.Name] = media.Options{
			Allowed: trunk.MediaNetworks(), Codecs: trunk.Codecs,
			Encryption: encryptions[trunk.Encryption], InBand: inBands[trunk.InBand],
		}
	}
	return all
}

// The policies of media in the words of the configuration.
var (
	encryptions = map[string]media.Encryption{
		"off": media.EncryptionOff, "optional": media.EncryptionOptional, "required": media.EncryptionRequired,
	}
	inBands = map[string]media.InBand{
		"without-events": media.InBandWithoutEvents, "never": media.InBandNever, "always": media.InBandAlways,
	}
)

// numberOf says how a called number is answered.
func numberOf(c *config.Config, called string) ivr.Number {
	for _, number := range c.Numbers {
		if number.Number != called {
			continue
		}
		languages := map[ivr.Key]string{}
		for key, locale := range number.Languages {
			languages[ivr.Key(key)] = locale
		}
		return ivr.Number{Locale: number.Locale, Languages: languages, Region: number.Country}
	}
	return ivr.Number{}
}

func patienceOf(c *config.Config) ivr.Patience {
	wait := c.Menu.Patience
	return ivr.Patience{
		Menu: wait.Key.D(), First: wait.Entry.D(), Between: wait.Digit.D(),
		Speech: c.Recording.Max.D(), Silence: c.Recording.Silence.D(),
	}
}

// prioritiesOf are those of tickets that lead to somebody.
func prioritiesOf(written []config.Priority) []tickets.Priority {
	var all []tickets.Priority
	for _, p := range written {
		all = append(all, tickets.Priority(p))
	}
	return all
}

// localesOf are the languages that callers can hear, each once.
func localesOf(c *config.Config) []string {
	var locales []string
	for _, number := range c.Numbers {
		locales = append(locales, number.Locale)
		locales = slices.AppendSeq(locales, maps.Values(number.Languages))
	}
	slices.Sort(locales)
	return slices.Compact(locales)
}
