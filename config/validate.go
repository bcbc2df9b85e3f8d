package config

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
)

// validate holds the values against one another and against the machine, after each was read on its own.
func (r *reader) validate() {
	r.listeners()
	r.signalling()
	r.sound()
	r.trunks()
	r.numbers()
	r.menu()
	r.plans()
	r.hours()
	r.directories()
	r.secrets()
	r.database()
	r.recording()
	r.agents()
	r.webhooks()
	r.zendesk()
	r.transcribe()
	r.pagingWebhooks()
	r.mail()
	r.survey()
	r.callback()
	r.pagingPhone()
}

// listeners checks that no two listeners want the same port, and that peers can be told where to answer.
func (r *reader) listeners() {
	c := r.config
	type socket struct {
		path, network string
		address       netip.AddrPort
	}
	sockets := []socket{{"http.listen", "tcp", c.HTTP.Listen}}
	for i, l := range c.SIP.Listen {
		path := fmt.Sprintf("sip.listen[%d].address", i)
		if l.Address.IsValid() && l.Address.Addr().IsUnspecified() && c.SIP.Advertise == "" && l.Advertise == "" {
			r.report(path, r.shown(path)+" is every address of this machine, so peers cannot be told which one to answer to", "add sip.advertise with the address that peers use, or listen on one address")
		}
		sockets = append(sockets, socket{path, transport(l.Network), l.Address})
	}
	for i, s := range sockets {
		for _, other := range sockets[:i] {
			if s.network == other.network && collide(s.address, other.address) {
				r.report(s.path, r.shown(s.path)+" is taken by "+other.path, "choose another port")
			}
		}
	}
}

// transport is what carries a network: all but udp are TCP on the wire.
func transport(network string) string {
	if network == "udp" {
		return network
	}
	return "tcp"
}

// collide reports whether two sockets of one transport cannot both be opened.
func collide(a, b netip.AddrPort) bool {
	if !a.IsValid() || !b.IsValid() || a.Port() == 0 || a.Port() != b.Port() {
		return false
	}
	return a.Addr() == b.Addr() || a.Addr().IsUnspecified() || b.Addr().IsUnspecified()
}

// signalling checks what the parts of sip need of one another.
func (r *reader) signalling() {
	c := &r.config.SIP
	for i, l := range c.Listen {
		path := fmt.Sprintf("sip.listen[%d]", i)
		if encrypts(l.Network) && len(c.TLS.Certificates) == 0 && !r.problems.broken("sip.tls.certificates") {
			r.report(path+".network", r.shown(path+".network")+" needs a certificate, and sip.tls.certificates has none", "add certificate and key, both in PEM")
		}
		if len(l.Origins) > 0 && l.Network != "ws" && l.Network != "wss" {
			r.report(path+".origins", "are those of web pages, which connect to ws and wss only", "remove the line")
		}
		for j, origin := range l.Origins {
			if u, err := url.Parse(origin); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" {
				at := fmt.Sprintf("%s.origins[%d]", path, j)
				r.report(at, r.shown(at)+" is not a web origin", "write scheme and host, like https://support.example.com")
			}
		}
	}
	if t := c.SessionTimer; t.Expires > 0 && t.Expires < t.Min {
		r.report("sip.session_timer.expires", fmt.Sprintf("is %s, shorter than the %s of min", t.Expires, t.Min), fmt.Sprintf("give %s or more, or 0s for no timer", t.Min))
	}
	if c.Limits.ConnectionsPerSource > c.Limits.Connections {
		r.report("sip.limits.connections_per_source", fmt.Sprintf("is more than the %d of connections", c.Limits.Connections), "lower it, or raise connections")
	}
}

// sound checks the addresses and ports of RTP.
func (r *reader) sound() {
	c := r.config
	switch address := c.RTP.Address; {
	case !address.IsValid():
		r.report("rtp.address", "is empty", "write the IP address that sound is sent from, like 192.0.2.10")
	case address.IsUnspecified() && !c.RTP.Advertise.IsValid():
		r.report("rtp.address", r.shown("rtp.address")+" is every address of this machine, so peers cannot be told where to send sound", "add rtp.advertise with the address that peers reach, or write one address")
	}
	if c.RTP.Advertise.IsUnspecified() {
		r.report("rtp.advertise", r.shown("rtp.advertise")+" is no address that a peer could send sound to", "write the address that peers reach")
	}
	if calls := c.RTP.Ports.Calls(); calls < c.SIP.MaxCalls {
		r.report("rtp.ports", fmt.Sprintf("%s has ports for %d calls, and sip.max_calls is %d", r.shown("rtp.ports"), calls, c.SIP.MaxCalls), fmt.Sprintf("widen the range to %d ports, or lower sip.max_calls", 2*c.SIP.MaxCalls))
	}
	for i, l := range c.SIP.Listen {
		if port := l.Address.Port(); l.Network == "udp" && c.RTP.Ports.Min <= port && port <= c.RTP.Ports.Max {
			path := fmt.Sprintf("sip.listen[%d].address", i)
			r.report(path, fmt.Sprintf("%s is on a port of rtp.ports, %s", r.shown(path), c.RTP.Ports), "choose a port outside that range")
		}
	}
}

// menu checks that each key of the menu means one thing, and that links are links.
func (r *reader) menu() {
	m := &r.config.Menu
	for i, n := range r.config.Numbers {
		for _, key := range slices.Sorted(maps.Keys(n.Languages)) {
			path := fmt.Sprintf("numbers[%d].languages.%s", i, key)
			if n.Languages[key] == n.Locale {
				r.report(path, r.shown(path)+" is the language of the number itself", "remove the line")
			}
		}
	}
	r.link("menu.form_url", m.FormURL)
	r.link("menu.chat_url", m.ChatURL)
}

// link checks a web address that callers are sent.
func (r *reader) link(path, address string) {
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		r.report(path, r.shown(path)+" is not a web address", "write it in full, like https://support.example.com/form")
	}
}

// plans checks that names and aliases lead to one plan, and that no promise is upside down.
func (r *reader) plans() {
	names := map[string]string{}
	claim := func(path, name string) {
		if name == "" {
			return
		}
		if other, taken := names[name]; taken {
			r.report(path, fmt.Sprintf("%s is already the name of %s", r.shown(path), other), "choose another name, or remove it here")
			return
		}
		names[name] = path
	}
	plans := r.config.Policy.Plans
	for i, plan := range plans {
		claim(fmt.Sprintf("policy.plans[%d].name", i), plan.Name)
	}
	for i, plan := range plans {
		for j, alias := range plan.Aliases {
			claim(fmt.Sprintf("policy.plans[%d].aliases[%d]", i, j), alias)
		}
		r.respond(fmt.Sprintf("policy.plans[%d].respond", i), plan.Respond)
		if !plan.Phone && !plan.Form && !plan.Chat {
			r.report(fmt.Sprintf("policy.plans[%d]", i), fmt.Sprintf("the plan %q is served by nothing", shorten(plan.Name)), "set one of phone, form and chat to true")
		}
	}
}

// respond checks that a more urgent ticket is not promised a longer wait.
func (r *reader) respond(path string, respond Respond) {
	windows := []Duration{respond.P1, respond.P2, respond.P3, respond.P4}
	for i := 1; i < len(windows); i++ {
		more, less := fmt.Sprintf("%s.P%d", path, i), fmt.Sprintf("%s.P%d", path, i+1)
		if r.problems.broken(more) || r.problems.broken(less) {
			continue
		}
		if windows[i-1] > windows[i] {
			r.report(more, fmt.Sprintf("%s is longer than the %s of P%d, which is less urgent", r.shown(more), windows[i], i+1), fmt.Sprintf("give %s or less", windows[i]))
		}
	}
}

// locale is what a locale looks like.
var locale = regexp.MustCompile(`^[a-z]{2}-[A-Z]{2}$`)

// directories makes the paths of the file its own and checks that own recordings are there.
func (r *reader) directories() {
	c := r.config
	if r.written("data") {
		c.Data = within(r.file, c.Data)
	}
	for name, directory := range c.Prompts.Directories {
		path := join("prompts.directories", name)
		if !locale.MatchString(name) {
			r.report(path, quote(name)+" is not a locale", "write language and country, like en-US")
			continue
		}
		directory = within(r.file, directory)
		c.Prompts.Directories[name] = directory
		if info, err := os.Stat(directory); err != nil || !info.IsDir() {
			r.report(path, r.shown(path)+" is not a directory that can be read", "make it, or correct the path")
		}
	}
}

// written reports whether the value at path was written in the file that is read, rather than in the defaults.
func (r *reader) written(path string) bool { return r.config.places.find(path).file == r.file }

// minPepper is the size in bytes of the shortest pepper that cannot be found by trying.
const minPepper = 16

// secrets checks the pepper, without ever showing it, and hands the window of the lock-outs on.
func (r *reader) secrets() {
	identify := &r.config.Identify
	if n := len(identify.Pepper.Reveal()); n > 0 && n < minPepper {
		r.report("identify.pepper", fmt.Sprintf("is %d characters long, which can be found by trying", n), fmt.Sprintf("give %d or more", minPepper))
	}
}

// database checks the address of the store without ever showing it: it may hold a password.
func (r *reader) database() {
	address := r.config.Store.URL.Reveal()
	if address == "" {
		return
	}
	const like = "write it like postgres://readback@db.example.com/readback, or leave it empty for SQLite"
	u, err := url.Parse(address)
	switch {
	case err != nil:
		r.report("store.url", "is not a database address", like+"; signs like @ / : # in a password are written in percent form")
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		r.report("store.url", "is not the address of a PostgreSQL database", like)
	case strings.Trim(u.Path, "/") == "":
		r.report("store.url", "names no database", like)
	}
}
