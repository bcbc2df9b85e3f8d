package sip

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// proxyCalls is a second's new calls of which the messages of all proxies that name no trunk are those.
const proxyCalls = 100

func (c *Config) checkProxies() error {
	if len(c.Proxies) > 0 && c.ProxyHeader == "" {
		return errors.New("sip: proxies need the header in which they say where a request came from; give one such as X-Source")
	}
	return nil
}

// admitProxies lets the proxies in. What they bring has a trunk of its own kind: it shares limits and settings with
// the trunk, and is sent to and heard from the proxies alone.
func (d *door) admitProxies(proxies []netip.Prefix, before *door) {
	if len(proxies) == 0 {
		return
	}
	d.proxy, d.behind = newTrunk(Trunk{CallsPerSecond: proxyCalls, Burst: proxyCalls}, 1), map[*trunk]*trunk{}
	d.proxy.reach = slices.Clone(proxies)
	d.open(d.proxy)
	for _, t := range d.trunks {
		d.behind[t] = before.behind[t]
		if d.behind[t] == nil || !slices.Equal(d.behind[t].reach, proxies) {
			d.behind[t] = t.derived(d.proxy.reach...)
		}
	}
}

// takeProxyHeader removes the header in which proxies name a source, and returns its lines.
func (u *UserAgent) takeProxyHeader(req *sipgo.Request) (lines []string) {
	name := u.now().ProxyHeader
	if name == "" {
		return nil
	}
	for _, h := range req.GetHeaders(name) {
		lines = append(lines, h.Value())
		req.RemoveHeader(h.Name()) // as it is spelt
	}
	return lines
}

// proxied finds the trunk of a request that came by a proxy, or refuses it. A request inside a call that came by a
// proxy needs no header.
func (u *UserAgent) proxied(req *sipgo.Request, named []string, f *flow, d *door) bool {
	if call := u.dialogOf(req, f); len(named) == 0 && call != nil {
		f.trunk = call.trunk
		return true
	}
	source, ok := sourceIn(named)
	if !ok {
		return u.refuseProxied(req, f, &verdict{403, "proxy-header", "the proxy does not say in one " + u.now().ProxyHeader + " which address sent the request", nil})
	}
	t := d.trunk(source)
	if t == nil || d.behind[t] == nil {
		return u.refuseProxied(req, f, &verdict{403, "proxy-source", "the address that the proxy names is in no trunk's networks", nil})
	}
	f.trunk = d.behind[t]
	return true
}

func (u *UserAgent) refuseProxied(req *sipgo.Request, f *flow, v *verdict) bool {
	if f.trunk.messages.take() {
		f.answerTo(req.Via())
		u.reject(req, f, v)
	}
	return false
}

// sourceIn reads the one address, with or without a port, of a proxy's header.
func sourceIn(lines []string) (netip.Addr, bool) {
	if len(lines) != 1 {
		return netip.Addr{}, false
	}
	value := strings.TrimSpace(lines[0])
	if at, err := netip.ParseAddrPort(value); err == nil {
		return at.Addr().Unmap(), at.Addr().Zone() == ""
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(value, "["), "]"))
	return addr.Unmap(), err == nil && addr.Zone() == ""
}
