package config

import (
	"fmt"
	"net/netip"
	"net/url"
)

// Transcribe is the machine that writes down what callers said, by OpenAI's audio API.
type Transcribe struct {
	// The service, like https://api.openai.com, or one of one's own with the same API. Empty: nothing is written down.
	URL string `yaml:"url" jsonschema:"maxLength=253"`
	// The key that it asks for. Empty: none.
	Key Secret `yaml:"key"`
	// The model that listens, by its name there.
	Model string `yaml:"model" jsonschema:"pattern=^[^ ]+$,maxLength=100" fix:"write its name, like whisper-1"`
	// The language it is told: that of the call's prompts (call); or none, and it finds that out (detect).
	Language string `yaml:"language" jsonschema:"enum=call,enum=detect"`
	// How long it may take to send a recording and wait for its text.
	Patience Duration `yaml:"patience" between:"5s,10m"`
	// Networks of one's own that it may be in. Empty: the public internet only.
	Allow []netip.Prefix `yaml:"allow" jsonschema:"maxItems=100"`
	// http:// is allowed too: who is on the way hears what callers say.
	Plain bool `yaml:"plain"`
}

// On reports whether recordings are written down.
func (t Transcribe) On() bool { return t.URL != "" }

// transcribe checks that there is a way to the machine.
func (r *reader) transcribe() {
	t, encrypt := r.config.Recording.Transcribe, r.config.Recording.Encrypt
	if !t.On() {
		return
	}
	r.endpoint("recording.transcribe", t.URL, t.Plain)
	if encrypt.On() && encrypt.Identity == "" {
		r.report("recording.transcribe.url", "is given, but recordings are encrypted and cannot be opened here", "add identity: to recording.encrypt")
	}
}

// warnAboutTranscribe finds recordings and keys that others can come by.
func (c *Config) warnAboutTranscribe(warn func(path, message, fix string)) {
	t, at := c.Recording.Transcribe, "recording.transcribe"
	if !t.On() {
		return
	}
	if u, err := url.Parse(t.URL); err == nil && u.Scheme == "http" && !onThisMachine(u.Hostname()) {
		warn(at+".url", "who is on the way hears what callers say", "write https")
	}
	for i, network := range t.Allow {
		if wide(network) {
			warn(fmt.Sprintf("%s.allow[%d]", at, i), fmt.Sprintf("%s lets recordings go to a great part of all networks", network), "write the network, or the address, that is meant")
		}
	}
	if t.Key != "" {
		c.warnAboutPlainSecret(warn, at+".key")
	}
}
