package sip

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"
)

const (
	connectWithin    = 5 * time.Second
	aliasesPerStream = 4 // ports by which a peer may ask to be reached on one connection
)

// A route is where a connection leads, for requests of ours. A trunk that is changed keeps its connections.
type route struct {
	network string
	to      netip.AddrPort
	usage   *usage
}

func routeOf(network string, to netip.AddrPort, t *trunk) route {
	r := route{network: network, to: to}
	if t != nil {
		r.usage = t.usage
	}
	return r
}

// connections is the table of all streams. UserAgent.mu guards it.
type connections struct {
	all       map[*connection]struct{}
	bySource  map[netip.Addr]int
	routes    map[route]*connection
	opening   map[route]*opening
	lanes     map[route]*lane
	shaking   int // handshakes under way
	strangers int // those of them with unknown addresses
	unknown   int // connections from unknown addresses to listeners that challenge
}

// shaking is what a connection's handshake counts as.
type shaking uint8

const (
	notShaking shaking = iota
	shakingKnown
	shakingStranger
)

// An opening is a connection on its way; who wants the same one waits for it.
type opening struct {
	done chan struct{}
	conn *connection // set before done, as is err
	err  error
}

func newConnections() connections {
	return connections{
		all: map[*connection]struct{}{}, bySource: map[netip.Addr]int{},
		routes: map[route]*connection{}, opening: map[route]*opening{}, lanes: map[route]*lane{},
	}
}

// Connections are how many there are now, and how close to Config.Limits.
type Connections struct {
	ByNetwork  map[string]int // open ones of "tcp", "tls", "ws" and "wss", whoever opened them
	Handshakes int            // of TLS and WebSocket, under way
	Unknown    int            // from sources outside all trunks, on listeners that challenge
}

// Connections counts the streams that are open.
func (u *UserAgent) Connections() Connections {
	counts := Connections{ByNetwork: map[string]int{"tcp": 0, "tls": 0, "ws": 0, "wss": 0}}
	u.mu.Lock()
	defer u.mu.Unlock()
	for c := range u.conns.all {
		counts.ByNetwork[c.over]++
	}
	counts.Handshakes, counts.Unknown = u.conns.shaking, u.conns.unknown
	return counts
}

// keep adds a connection to the table and starts reading it, or says which rule it is too much for.
func (u *UserAgent) keep(c *connection) (rule string) {
	limits := u.config.Limits
	u.mu.Lock()
	defer u.mu.Unlock()
	t := &u.conns
	if c.trunk == nil && c.listener.spec.Challenge {
		if t.unknown >= max(1, limits.Connections/4) {
			return "connections"
		}
		c.unknown = true
	}
	if u.stopped || len(t.all) >= limits.Connections || t.bySource[c.peer.Addr()] >= limits.ConnectionsPerSource {
		return "connections"
	}
	if !c.ours() && c.over != "tcp" {
		if t.shaking >= limits.Handshakes || c.trunk == nil && t.strangers >= max(1, limits.Handshakes/2) {
			return "handshakes"
		}
		t.shaking++
		c.shaking = shakingKnown
		if c.trunk == nil {
			t.strangers++
			c.shaking = shakingStranger
		}
	}
	t.all[c] = struct{}{}
	if c.unknown {
		t.unknown++
	}
	t.bySource[c.peer.Addr()]++
	u.readers.Go(c.serve)
	return ""
}

// shaken frees the place of a handshake.
func (u *UserAgent) shaken(c *connection) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if c.shaking != notShaking {
		u.conns.shaking--
	}
	if c.shaking == shakingStranger {
		u.conns.strangers--
	}
	c.shaking = notShaking
}

// ready makes a connection that knows its trunk a way to its peer.
func (u *UserAgent) ready(c *connection) { u.leads(c, c.peer) }

// leads makes a connection the way to an address, unless there is one already. It begins with what waits for one.
func (u *UserAgent) leads(c *connection, to netip.AddrPort) {
	r := routeOf(c.over, to, c.trunk)
	u.mu.Lock()
	defer u.mu.Unlock()
	other := u.conns.routes[r]
	if _, kept := u.conns.all[c]; !kept || len(c.routes) > aliasesPerStream || other != nil && other.alive() {
		return
	}
	if l := u.conns.lanes[r]; l != nil {
		delete(u.conns.lanes, r)
		l.handOver(c)
	}
	u.conns.routes[r] = c
	c.routes = append(c.routes, r)
}

func (u *UserAgent) forgetConnection(c *connection) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, kept := u.conns.all[c]; !kept {
		return
	}
	delete(u.conns.all, c)
	if c.unknown {
		u.conns.unknown--
	}
	for _, r := range c.routes {
		if u.conns.routes[r] == c {
			delete(u.conns.routes, r)
		}
	}
	if u.conns.bySource[c.peer.Addr()]--; u.conns.bySource[c.peer.Addr()] == 0 {
		delete(u.conns.bySource, c.peer.Addr())
	}
}

// connect is the connection with a peer of a trunk: one that is open, or a new one. The host is whom the
// peer's certificate must name when the trunk has no TLS names.
func (u *UserAgent) connect(t *trunk, network string, to netip.AddrPort, host string) (*connection, error) {
	r := routeOf(network, to, t)
	u.mu.Lock()
	if c := u.conns.routes[r]; c != nil && c.alive() {
		if c.proves(t) {
			u.mu.Unlock()
			return c, nil
		}
		delete(u.conns.routes, r) // another takes its place
	}
	o := u.conns.opening[r]
	if o != nil {
		u.mu.Unlock()
		<-o.done
		return o.conn, o.err
	}
	o = &opening{done: make(chan struct{})}
	u.conns.opening[r] = o
	u.mu.Unlock()
	o.conn, o.err = u.openRoute(t, network, to, host)
	u.mu.Lock()
	delete(u.conns.opening, r)
	u.mu.Unlock()
	close(o.done)
	return o.conn, o.err
}

func (u *UserAgent) openRoute(t *trunk, network string, to netip.AddrPort, host string) (*connection, error) {
	switch {
	case t == nil || !t.reaches(network, to.Addr()):
		return nil, fmt.Errorf("sip: no connection to %s: %w", to, ErrNoTrunk)
	case isWebSocket(network):
		return nil, fmt.Errorf("sip: no connection to %s: only its peer opens a WebSocket", to)
	}
	ctx, cancel := context.WithTimeout(u.ctx, connectWithin)
	defer cancel()
	conn, err := u.dial(ctx, "tcp", to.String())
	if err != nil {
		return nil, fmt.Errorf("sip: cannot connect: %w", err)
	}
	c := &connection{ua: u, conn: conn, over: network, peer: to, trunk: t, framing: streamFraming{}}
	if isSecure(network) {
		if c.conn, err = secure(ctx, conn, t, orDefault(host, to.Addr().String()), orDefault(t.RootCAs, u.config.RootCAs)); err != nil {
			_ = conn.Close()
			u.observe(Event{Kind: Note, Trunk: t.Name, Peer: to, Rule: "tls-handshake", Text: cut(err.Error())})
			return nil, fmt.Errorf("sip: no TLS with %s: %w", to, err)
		}
	}
	if u.keep(c) != "" {
		_ = conn.Close()
		return nil, fmt.Errorf("sip: no connection to %s: too many are open", to)
	}
	u.ready(c)
	return c, nil
}

// proves says whether a connection that we opened has shown and seen the certificates that a trunk wants now.
func (c *connection) proves(t *trunk) bool {
	return !c.ours() || !isSecure(c.over) || c.trunk == t || c.trunk.RootCAs.Equal(t.RootCAs) &&
		slices.Equal(c.trunk.TLSNames, t.TLSNames) && reflect.DeepEqual(c.trunk.ClientCertificate, t.ClientCertificate)
}

func (u *UserAgent) closeConnections() {
	u.mu.Lock()
	conns := make([]*connection, 0, len(u.conns.all))
	for c := range u.conns.all {
		conns = append(conns, c)
	}
	u.mu.Unlock()
	var closing sync.WaitGroup
	for _, c := range conns {
		closing.Go(func() { c.close(c.framing.farewell()) })
	}
	closing.Wait()
}
