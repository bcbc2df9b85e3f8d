package sip

import (
	"net/netip"
	"sync/atomic"
)

// A listener is a socket that messages or connections come in by.
type listener interface {
	open() error
	serve() error // until the socket fails
	local() netip.AddrPort
	close()
}

// A supervised listener is opened again when it dies.
type supervised struct {
	listener
	ua      *UserAgent
	network string
	// advertise is Listen.Advertise.
	advertise string
	up        atomic.Bool
}

func (u *UserAgent) supervise(spec Listen) *supervised {
	s := &supervised{ua: u, network: spec.Network, advertise: spec.Advertise}
	if spec.Network == "udp" {
		s.listener = &udpListener{ua: u, spec: spec}
	} else {
		s.listener = &streamListener{ua: u, spec: spec}
	}
	return s
}

// run serves, and opens the socket again whenever it fails, until the user agent stops.
func (s *supervised) run() {
	for {
		err := s.serve()
		s.up.Store(false)
		s.close()
		if s.ua.ctx.Err() != nil {
			return
		}
		s.ua.observe(Event{Kind: Down, Text: s.network + " " + s.local().String() + ": " + err.Error()})
		if !s.reopen() {
			return
		}
	}
}

func (s *supervised) reopen() bool {
	for pause := reopenPause; ; pause = min(2*pause, reopenPauseMax) {
		if s.open() == nil {
			break
		}
		if !s.ua.pause(pause) {
			return false
		}
	}
	if s.ua.ctx.Err() != nil {
		s.close()
		return false
	}
	s.up.Store(true)
	s.ua.observe(Event{Kind: Up, Text: s.network + " " + s.local().String()})
	return true
}
