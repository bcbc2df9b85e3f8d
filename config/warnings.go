package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
)

// Warnings is what is allowed but looser than the defaults, or leaves a promise without means, in the order of the
// file.
func (c *Config) Warnings() []Problem {
	var w Problems
	warn := func(path, message, fix string) { w = append(w, c.Problem(path, message, fix)) }
	c.warnAboutListeners(warn)
	c.warnAboutTrunks(warn)
	c.warnAboutSecrets(warn)
	c.warnAboutLanguages(warn)
	c.warnAboutAgents(warn)
	c.warnAboutPaging(warn)
	c.warnAboutWebhooks(warn)
	c.warnAboutTranscribe(warn)
	c.warnAboutPagingWebhooks(warn)
	c.warnAboutHours(warn)
	c.warnAboutRecording(warn)
	if c.Identify.PIN == "never" {
		warn("identify.pin", "the PIN is never asked for: whoever knows an account number can open tickets for it", "write unless-vouched or always")
	}
	if c.Policy.JoinWithin == 0 {
		warn("policy.join_within", "a call that a carrier repeats opens a second ticket", "write 60s")
	}
	if len(c.Numbers) == 0 {
		warn("numbers", "no number is answered: every call gets 404", "add your numbers")
	}
	if c.Store.URL != "" && c.Node == "readback" {
		warn("node", "several gateways that share this database need different names", "write the name of this machine, or ${env:HOSTNAME}")
	}
	c.warnAboutMail(warn)
	c.warnAboutSurvey(warn)
	if c.Notify.Mail.Host == "" && !c.Notify.Callback.On() {
		warn("", "no way to tell a customer who hung up that the ticket is registered: such tickets raise an alarm when they are filed, and nothing else", "watch for that alarm")
	}
	w.sort()
	return w
}

// warnAboutListeners finds listeners that are open to a network nobody should come from.
func (c *Config) warnAboutListeners(warn func(path, message, fix string)) {
	if address := c.HTTP.Listen; !address.Addr().IsLoopback() {
		warn("http.listen", fmt.Sprintf("listens on %s: health, metrics and API are open to the network, without encryption", address), "listen on 127.0.0.1, behind a proxy that encrypts")
	}
	if c.callsFromOutside() {
		return
	}
	for i, l := range c.SIP.Listen {
		if !l.Address.Addr().IsLoopback() {
			warn(fmt.Sprintf("sip.listen[%d].address", i), fmt.Sprintf("listens on %s, but no trunk lets a call in from outside this machine", l.Address), "add the carrier's networks to trunks, or listen on 127.0.0.1")
		}
	}
}

// callsFromOutside reports whether some trunk may call from another machine.
func (c *Config) callsFromOutside() bool {
	for _, trunk := range c.Trunks {
		for _, network := range trunk.Networks {
			if !network.Addr().IsLoopback() {
				return true
			}
		}
	}
	return false
}

// wide reports whether a network is too large to be a carrier's.
func wide(network netip.Prefix) bool {
	if network.Addr().Is4() {
		return network.Bits() < 8
	}
	return network.Bits() < 16
}

// warnAboutTrunks finds trunks that let in, or trust, more than a carrier needs.
func (c *Config) warnAboutTrunks(warn func(path, message, fix string)) {
	if len(c.Trunks) == 0 {
		warn("trunks", "there is no trunk: every call is a stranger's and gets no answer", "add a trunk with the networks of your carrier")
	}
	for i, trunk := range c.Trunks {
		path := fmt.Sprintf("trunks[%d]", i)
		for j, network := range trunk.Networks {
			if !wide(network) {
				continue
			}
			warn(fmt.Sprintf("%s.networks[%d]", path, j), fmt.Sprintf("%s lets in a great part of the internet", network), "write the networks that your carrier names")
			if trunk.TrustCaller {
				warn(path+".trust_caller", "whoever is in those networks can call with a customer's number and needs no PIN", "write false, or narrower networks")
			}
		}
		if trunk.Media.Any {
			warn(path+".media", "sound is sent wherever a caller says, also to those who did not ask for it", "write the networks that your carrier sends sound from")
		}
		if trunk.Encryption == "required" && !c.onlyEncrypted(trunk) {
			warn(path+".encryption", "the keys of the sound come in signalling that is not encrypted: who reads that can hear the call", "keep signalling on a network of your own, such as a VPN to the carrier")
		}
		if len(trunk.Users) > 0 {
			c.warnAboutChallenges(warn)
		}
		if _, written := c.places[path+".max_calls"]; written && trunk.MaxCalls > c.SIP.MaxCalls {
			warn(path+".max_calls", fmt.Sprintf("is %d, but sip.max_calls ends it at %d", trunk.MaxCalls, c.SIP.MaxCalls), "raise sip.max_calls, or lower this")
		}
	}
}

// warnAboutChallenges finds listeners that ask for passwords where others can read the answers.
func (c *Config) warnAboutChallenges(warn func(path, message, fix string)) {
	for i, l := range c.SIP.Listen {
		if !l.Challenge || encrypts(l.Network) {
			continue
		}
		message, fix := "names can be read on the way, and passwords tried on what was read", "listen with network: tls"
		if l.offersMD5() {
			message, fix = message+", most quickly where it is md5", fix+", and write algorithms: [sha-256] where peers can do that"
		}
		warn(fmt.Sprintf("sip.listen[%d].challenge", i), message, fix)
	}
}

// onlyEncrypted reports whether a trunk's signalling is always encrypted: it is known by its certificate, or there is no
// other way in.
func (c *Config) onlyEncrypted(trunk Trunk) bool {
	return len(trunk.TLSNames) > 0 || !slices.ContainsFunc(c.SIP.Listen, func(l Listen) bool { return !encrypts(l.Network) })
}

// warnAboutLanguages finds language keys that the shipped prompts do not name: they say "press 9".
func (c *Config) warnAboutLanguages(warn func(path, message, fix string)) {
	for i, number := range c.Numbers {
		for key, language := range number.Languages {
			if _, own := c.Prompts.Directories[language]; key != '9' && !own {
				warn(fmt.Sprintf("numbers[%d].languages.%s", i, key), fmt.Sprintf("the shipped prompt in %s offers its language on key 9", language), "use key 9, or record the prompt menu-language and name its directory in prompts.directories")
			}
		}
	}
}

// warnAboutSecrets finds secrets that are missing, or that stand in the file itself.
func (c *Config) warnAboutSecrets(warn func(path, message, fix string)) {
	const move = "move it to a file of its own and write ${file:PATH} here"
	const pepper = "make one by openssl rand -base64 32 and write ${file:PATH} here, before accounts are imported"
	switch {
	case c.Identify.Pepper == "" && c.Store.URL != "":
		warn("identify.pepper", "is missing: each gateway makes its own, and a PIN stored by one is wrong for the next", pepper)
	case c.Identify.Pepper == "":
		warn("identify.pepper", "is missing: one is made in the data directory, where it is stolen together with the database", pepper)
	case !isReference(c.places.find("identify.pepper").text):
		warn("identify.pepper", "stands in the configuration itself", move)
	}
	address, err := url.Parse(c.Store.URL.Reveal())
	if err != nil || isReference(c.places.find("store.url").text) {
		return
	}
	if _, ok := address.User.Password(); ok {
		warn("store.url", "holds a password", move)
	}
}

// warnAboutAgents finds ways to agents that are wider than need be.
func (c *Config) warnAboutAgents(warn func(path, message, fix string)) {
	a := c.Agents
	if a.Connect == "" {
		return
	}
	if c.Identify.PIN == "never" {
		warn("agents.connect", "whoever knows an account number is put through to your agents", "write unless-vouched or always for identify.pin")
	}
	if slices.Contains(a.Priorities, 3) || slices.Contains(a.Priorities, 4) {
		warn("agents.priorities", "callers with questions that can wait are offered an agent too, at any hour", "write [P1], or [P1, P2]")
	}
}
