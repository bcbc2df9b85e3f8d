package sip

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// A dialogID names a dialog (RFC 3261 section 12); local is our tag.
type dialogID struct{ callID, local, remote string }

// A dialog is what both ends of a call must remember of each other (RFC 3261 section 12.1).
type dialog struct {
	callID        string
	local, remote party
	localSeq      uint32
	remoteSeq     int64 // -1 before the peer's first request
	target        sipgo.Uri
	routes        []sipgo.Uri // in the order in which our requests pass them
	flow          *flow       // how the peer was reached first
	secure        bool        // made by a sips URI (RFC 3261 section 12.1)
}

// A party is one end: a From or To header.
type party struct {
	display string
	address sipgo.Uri
	params  sipgo.HeaderParams // with the tag
}

func (d *dialog) id() dialogID {
	return dialogID{d.callID, tagOf(d.local.params), tagOf(d.remote.params)}
}

// targetOf is where requests to the sender of an INVITE go: its Contact, or, from who speaks RFC 2543 still, its From.
func targetOf(req *sipgo.Request) (sipgo.Uri, bool) {
	if contact := req.Contact(); contact != nil {
		return *contact.Address.Clone(), leadsSomewhere(contact.Address)
	}
	from := req.From().Address
	return *from.Clone(), !hasCookie(req) && leadsSomewhere(from)
}

// leadsSomewhere says that a request can go to a URI (RFC 3261 section 8.1.1.8), which we would read in one too.
func leadsSomewhere(uri sipgo.Uri) bool {
	if uri.Wildcard || uri.Scheme != "sip" && uri.Scheme != schemeSIPS {
		return false
	}
	_, ok := readURI(uri.String())
	return ok
}

// dialogOfInvite is the dialog that a new INVITE will make, once it is answered with tx's tag.
func dialogOfInvite(req *sipgo.Request, tx *serverTx, target sipgo.Uri) dialog {
	from, to := req.From(), req.To()
	local := to.Params.Clone()
	local.Add("tag", tx.tag)
	return dialog{
		callID:    callIDOf(req),
		local:     party{to.DisplayName, *to.Address.Clone(), local},
		remote:    party{from.DisplayName, *from.Address.Clone(), from.Params.Clone()},
		remoteSeq: int64(req.CSeq().SeqNo),
		target:    target,
		routes:    recordedRoutes(req),
		flow:      tx.flow,
		secure:    req.Recipient.Scheme == "sips",
	}
}

// recordedRoutes are the Record-Route entries of a message, from its top.
func recordedRoutes(m sipgo.Message) []sipgo.Uri {
	var routes []sipgo.Uri
	for _, entry := range values(m, "Record-Route") {
		var uri sipgo.Uri
		if _, err := sipgo.ParseAddressValue(entry, &uri, nil); err == nil && leadsSomewhere(uri) {
			routes = append(routes, uri)
		}
	}
	return routes
}

// dialogOf is the call of a request inside a dialog. Another trunk's calls are out of reach.
func (u *UserAgent) dialogOf(req *sipgo.Request, f *flow) *Call {
	id := dialogID{callIDOf(req), tagOf(req.To().Params), tagOf(req.From().Params)}
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.dialogs[id]
	if c == nil || !c.trunk.owns(f) || f.trunk != nil && f.trunk.base != nil && f.trunk.usage != c.trunk.usage {
		return nil // or the proxy, or the user at this source, speaks for another trunk
	}
	return c
}

func (c *Call) dialogID() dialogID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dialog.id()
}

// inOrder takes the CSeq of a request in the dialog: each must be higher than the last one's (RFC 3261
// section 12.2.2).
func (c *Call) inOrder(req *sipgo.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	seq := int64(req.CSeq().SeqNo)
	if seq <= c.dialog.remoteSeq {
		return false
	}
	c.dialog.remoteSeq = seq
	return true
}

// request makes the next request inside the dialog and finds the way it goes (RFC 3261 section 12.2.1.1).
func (c *Call) request(method sipgo.RequestMethod) (*sipgo.Request, *flow, error) {
	c.mu.Lock()
	c.dialog.localSeq++
	d := c.dialog
	c.mu.Unlock()
	return c.requestOf(&d, method, d.localSeq)
}

func (c *Call) requestOf(d *dialog, method sipgo.RequestMethod, seq uint32) (*sipgo.Request, *flow, error) {
	uri, hop, route := d.path()
	f, err := c.way(d, hop, uri.Scheme == schemeSIPS)
	if err != nil {
		return nil, nil, err
	}
	req := c.ua.newRequest(method, uri, f, d, seq)
	if len(route) > 0 {
		req.AppendHeader(header("Route", strings.Join(route, ", ")))
	}
	req.AppendHeader(c.ua.contact(f, d.secure))
	return req, f, nil
}

// path is the Request-URI, the next hop, and the Route entries. A first route without lr is a strict
// router: it gets the request in its own name, and the target goes to the end of the route.
func (d *dialog) path() (uri, hop sipgo.Uri, route []string) {
	if len(d.routes) == 0 {
		return d.target, d.target, nil
	}
	uri, hop = d.target, d.routes[0]
	routes := slices.Clone(d.routes)
	if !isLoose(hop) {
		uri = *hop.Clone()
		uri.Headers = nil
		uri.UriParams.Remove("method")
		routes = append(routes[1:], d.target)
	}
	for _, r := range routes {
		route = append(route, "<"+r.String()+">")
	}
	return uri, hop, route
}

func isLoose(uri sipgo.Uri) bool {
	return slices.ContainsFunc(uri.UriParams, func(p sipgo.HeaderKV) bool { return strings.EqualFold(p.K, "lr") })
}

// way finds the flow to the next hop. A hop outside the trunk's networks, or with a name instead of an
// address, is replaced by the source of the INVITE: whatever the headers say, we send to the trunk only.
// What is secret goes by TLS, whatever the hop says.
func (c *Call) way(d *dialog, hop sipgo.Uri, secret bool) (*flow, error) {
	network := c.ua.hopNetwork(hop, d.flow.wire.network())
	if secret && !isSecure(network) {
		if isWebSocket(network) {
			return nil, errNotSecure
		}
		network = "tls"
	}
	to := d.flow.peer
	if at, ok := hopAddress(hop); ok && c.trunk.has(at.Addr()) && !c.Trunk.Quirks.StickToSource {
		to = at
	}
	if network != "udp" {
		return c.wayByStream(d, network, to, hop.Host)
	}
	if d.flow.wire.network() == "udp" {
		return &flow{ua: c.ua, wire: d.flow.wire, peer: to, trunk: c.trunk}, nil
	}
	wire := c.ua.udpWire(to.Addr())
	if wire == nil {
		return nil, fmt.Errorf("sip: no UDP listener to reach %s from", to)
	}
	return &flow{ua: c.ua, wire: wire, peer: to, trunk: c.trunk}, nil
}

// wayByStream keeps to the connection of the dialog while it lives and leads to the same host (RFC 5923);
// the peer may have opened it from a port where it does not listen.
func (c *Call) wayByStream(d *dialog, network string, to netip.AddrPort, host string) (*flow, error) {
	if to == d.flow.peer && d.flow.again.IsValid() {
		to = d.flow.again
	}
	conn, ok := d.flow.carrier().(*connection)
	if ok && conn.alive() && conn.network() == network && conn.peer.Addr() == to.Addr() {
		return &flow{ua: c.ua, wire: conn, peer: conn.peer, trunk: c.trunk, again: to}, nil
	}
	conn, err := c.ua.connect(c.trunk, network, to, host)
	if err != nil {
		return nil, err
	}
	return &flow{ua: c.ua, wire: conn, peer: to, trunk: c.trunk, again: to}, nil
}

// hopAddress is the address in a URI; not ok for a name, nor for an address that means something on one
// link only.
func hopAddress(uri sipgo.Uri) (netip.AddrPort, bool) {
	addr, err := netip.ParseAddr(strings.Trim(uri.Host, "[]"))
	if err != nil || addr.Zone() != "" || uri.Port < 0 || uri.Port >= 1<<16 {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(addr.Unmap(), portOf(uri)), true
}
