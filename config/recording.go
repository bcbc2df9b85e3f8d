package config

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Recording is what the caller says after the tone.
type Recording struct {
	// The longest recording.
	Max Duration `yaml:"max" between:"10s,30m"`
	// Silence that ends a recording.
	Silence Duration `yaml:"silence" between:"1s,1m"`
	// How long recordings are kept. 0s keeps them for ever.
	Keep Duration `yaml:"keep" between:"0s,3650d"`
	// Accounts, by number, whose recordings are kept for another time than the rest. 0s keeps them for ever.
	Accounts map[string]Duration `yaml:"accounts" between:"0s,3650d"`
	// The bucket that recordings are moved to after the call.
	Bucket Bucket `yaml:"bucket"`
	// How recordings are encrypted.
	Encrypt Encrypt `yaml:"encrypt"`
	// A machine that writes recordings down.
	Transcribe Transcribe `yaml:"transcribe"`
}

// KeepFor is how long recordings of an account are kept; 0 is for ever.
func (r Recording) KeepFor(account string) Duration {
	if own, ok := r.Accounts[account]; ok {
		return own
	}
	return r.Keep
}

// Bucket is a bucket of a server that speaks S3.
type Bucket struct {
	// The server, like https://s3.eu-central-1.amazonaws.com. Empty: recordings stay in the data directory.
	URL string `yaml:"url" jsonschema:"maxLength=253"`
	// The bucket's name there.
	Name string `yaml:"name" jsonschema:"pattern=^([a-z0-9][a-z0-9.-]*[a-z0-9])?$,maxLength=63" fix:"use lower case letters, digits, dot and dash"`
	// What the names of recordings begin with there, like a folder.
	Prefix string `yaml:"prefix" jsonschema:"pattern=^([A-Za-z0-9][A-Za-z0-9._/-]*)?$,maxLength=500" fix:"write it like calls/gateway-a"`
	// The region that requests are signed for.
	Region string `yaml:"region" jsonschema:"pattern=^[a-z0-9-]*$,maxLength=63" fix:"write it like eu-central-1"`
	// Who we are there.
	AccessKey string `yaml:"access_key" jsonschema:"maxLength=255"`
	// What requests are signed with.
	SecretKey Secret `yaml:"secret_key"`
	// The authorities that may have signed the server's certificate, in PEM. Empty: those this machine trusts.
	CA Path `yaml:"ca"`
	// http:// is allowed too: who is on the way hears what callers say, unless it is encrypted by recording.encrypt.
	Plain bool `yaml:"plain"`
}

// On reports whether recordings are moved to a bucket.
func (b Bucket) On() bool { return b.URL != "" }

// Encrypt is how recordings are encrypted, by age.
type Encrypt struct {
	// Public keys of those who can read them, like age1…, as age-keygen prints them. Empty: they are not encrypted.
	Recipients []string `yaml:"recipients" jsonschema:"maxItems=20,uniqueItems=true,pattern=^age1[02-9ac-hj-np-z]{58}$" fix:"write a public key as age-keygen prints it, age1 and 58 more letters and digits"`
	// The file that age-keygen made, with the key of one of them: recordings can be played to engineers, sent on and fetched here. Empty: only elsewhere.
	Identity Path `yaml:"identity"`
}

// On reports whether recordings are encrypted.
func (e Encrypt) On() bool { return len(e.Recipients) > 0 }

// recording checks that there is a way to the bucket and that what is encrypted can be read by somebody.
func (r *reader) recording() {
	c := r.config.Recording
	for _, account := range slices.Sorted(maps.Keys(c.Accounts)) {
		if account == "" || len(account) > 64 || strings.TrimSpace(account) != account {
			r.report(join("recording.accounts", account), quote(account)+" is not the number of an account", "write it as readback accounts list shows it")
		}
	}
	if c.Encrypt.Identity != "" && !c.Encrypt.On() && !r.problems.broken("recording.encrypt.recipients") {
		r.report("recording.encrypt.identity", "is given, but not whom to encrypt for", "add recipients: with its public key, which age-keygen -y prints")
	}
	r.bucket(c.Bucket, "recording.bucket")
}

func (r *reader) bucket(b Bucket, at string) {
	if !b.On() {
		if b.Name != "" {
			r.report(at+".name", "is given, but not on which server", "add url:, like https://s3.eu-central-1.amazonaws.com")
		}
		return
	}
	const like = "write scheme and host, like https://s3.eu-central-1.amazonaws.com"
	u, err := url.Parse(b.URL)
	switch {
	case r.problems.broken(at + ".url"):
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		r.report(at+".url", "is not the address of a server", like)
	case strings.Trim(u.Path, "/") != "":
		r.report(at+".url", r.shown(at+".url")+" has a path", like+", and the bucket in name:")
	case u.Scheme == "http" && !b.Plain && !onThisMachine(u.Hostname()):
		r.report(at+".url", "is http, so that everybody on the way can hear what callers say", "write https, or add plain: true")
	}
	for _, needed := range []struct{ key, value string }{
		{"name", b.Name}, {"access_key", b.AccessKey}, {"secret_key", b.SecretKey.Reveal()},
	} {
		if needed.value == "" && !r.problems.broken(at+"."+needed.key) {
			r.report(at+".url", "is given, but no "+needed.key, fmt.Sprintf("add %s:", needed.key))
		}
	}
}

// onThisMachine reports whether what is sent to a host crosses no network.
func onThisMachine(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.Unmap().IsLoopback()
}

// warnAboutRecording finds recordings that others can hear, and those that nobody here can.
func (c *Config) warnAboutRecording(warn func(path, message, fix string)) {
	b, e := c.Recording.Bucket, c.Recording.Encrypt
	if u, err := url.Parse(b.URL); b.On() && err == nil && u.Scheme == "http" && !onThisMachine(u.Hostname()) {
		message := "what callers say crosses the network in the clear"
		if e.On() {
			message = "the names of recordings cross the network in the clear"
		}
		warn("recording.bucket.url", message, "write https")
	}
	if b.SecretKey != "" {
		c.warnAboutPlainSecret(warn, "recording.bucket.secret_key")
	}
	if e.On() && e.Identity == "" {
		message := "is empty: engineers who are phoned do not hear the caller, readback tickets recording brings nothing back"
		if c.Notify.Zendesk.On() && c.Notify.Zendesk.Recordings {
			message += ", and Zendesk gets no recordings"
		}
		warn("recording.encrypt.identity", message, "name the file of a key of age-keygen, or keep the only key elsewhere on purpose")
	}
}
