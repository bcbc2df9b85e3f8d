package sip

import (
	"bytes"
	"cmp"
	"fmt"

	sipgo "github.com/emiago/sipgo/sip"
)

// A lane is where messages wait, in order, for a connection that takes the place of one that broke. UserAgent.mu guards it.
type lane struct {
	trunk   *trunk
	waiting []parcel
	size    int // bytes
}

func (l *lane) add(p parcel) error {
	if l.size+len(p.bytes) > outboxSize {
		return errOutboxFull
	}
	p.bytes = bytes.Clone(p.bytes)
	l.waiting = append(l.waiting, p)
	l.size += len(p.bytes)
	return nil
}

// handOver gives what waits to a connection; what that does not take stays. The caller holds UserAgent.mu.
func (l *lane) handOver(c *connection) {
	taken := 0
	for taken < len(l.waiting) && c.put(l.waiting[taken]) == nil {
		taken++
	}
	for _, p := range l.waiting[:taken] { // with all of them before what comes next
		p.flow.detour.Store(c)
	}
	l.waiting = l.waiting[taken:]
}

// sendAnew sends a message over another connection to its peer, never to where a Via points. It does not wait for one to
// be opened.
func (u *UserAgent) sendAnew(p parcel) error {
	f := p.flow
	way := routeOf(f.wire.network(), f.again, f.trunk)
	u.mu.Lock()
	defer u.mu.Unlock()
	if l := u.conns.lanes[way]; l != nil {
		return l.add(p)
	}
	if c := u.conns.routes[way]; c != nil && c.alive() && c.proves(f.trunk) {
		f.detour.Store(c)
		return c.send(p)
	}
	return u.openLane(way, p)
}

// openLane begins to open a connection, of which a peer has no more than of open ones. The caller holds mu.
func (u *UserAgent) openLane(way route, p parcel) error {
	ofPeer := 0
	for other := range u.conns.lanes {
		if other.to.Addr() == way.to.Addr() {
			ofPeer++
		}
	}
	switch {
	case u.stopped:
		return ErrClosed
	case ofPeer >= u.config.Limits.ConnectionsPerSource || len(u.conns.lanes) >= u.config.Limits.Connections:
		return fmt.Errorf("sip: no connection to %s: too many are being opened", way.to)
	}
	l := &lane{trunk: p.flow.trunk}
	u.conns.lanes[way] = l
	u.work.Go(func() { u.travel(way, l) })
	return l.add(p)
}

// travel opens the connection of a lane. It is no way for other messages before it has what waits, see leads.
func (u *UserAgent) travel(way route, l *lane) {
	c, err := u.connect(l.trunk, way.network, way.to, "")
	u.mu.Lock()
	if u.conns.lanes[way] == l {
		delete(u.conns.lanes, way)
	}
	if err == nil {
		l.handOver(c) // it was open already
	}
	left := l.waiting
	u.mu.Unlock()
	for _, p := range left {
		u.unsent(p, cmp.Or(err, errBroken))
	}
}

// forward sends a message that its connection did not. A request is sent again when the connection is gone, see reroute.
func (u *UserAgent) forward(p parcel) {
	if p.flow == nil || p.req != nil {
		return
	}
	err := errBroken
	if p.flow.again.IsValid() {
		err = u.sendAnew(p)
	}
	if err != nil {
		p.flow.noteUnsent(err)
	}
}

// unsent tells of a message that could not be sent, and fails the request that it is.
func (u *UserAgent) unsent(p parcel, err error) {
	p.flow.noteUnsent(err)
	if p.req == nil {
		return
	}
	key, err := sipgo.ClientTxKeyMake(p.req)
	if err != nil {
		return
	}
	u.mu.Lock()
	t := u.clients[key]
	u.mu.Unlock()
	if t != nil {
		<-t.started
		t.lose()
	}
}
