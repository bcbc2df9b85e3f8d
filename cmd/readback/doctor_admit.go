package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"readback/config"
	"readback/tickets/spool"
)

const (
	doctorTrunk = "doctor" // the trunk under which a doctor calls that no trunk would let in
	doctorStay  = 5 * time.Minute
	doctorBody  = 1 << 10
	doctorRate  = 50
	doctorCalls = 10
)

// A doctorRequest asks to be let in for a while, from an address of this machine, as the named trunk would be.
type doctorRequest struct {
	Trunk   string     `json:"trunk"`
	Address netip.Addr `json:"address"`
}

// A doctorLeave is the answer.
type doctorLeave struct {
	Trunk string    `json:"trunk"` // the name that its calls have
	Until time.Time `json:"until"`
}

// A ward is where the doctor is let in: a trunk that no configuration has, and that goes by itself. A restart forgets it.
type ward struct {
	mu      sync.Mutex     // held while a configuration is applied
	plain   *config.Config // what was loaded last
	as      string         // the trunk that it is like
	address netip.Addr     // not valid while nobody is in
	until   time.Time
	out     *time.Timer
}

var (
	errDoctorBusy = errors.New("the doctor is here already")
	errDoctorNo   = errors.New("the doctor cannot be let in")
	errNoCalls    = errors.New("the gateway takes no calls now")
)

// admit is a configuration with the trunk of the doctor who is in. The caller holds mu.
func (w *ward) admit(c *config.Config) *config.Config {
	if !w.address.IsValid() {
		return c
	}
	i := slices.IndexFunc(c.Trunks, func(t config.Trunk) bool { return t.Name == w.as })
	if i < 0 || barred(c, w.address) != nil {
		return c
	}
	like := c.Trunks[i]
	trunk := config.Trunk{
		Name: doctorTrunk, Networks: []netip.Prefix{netip.PrefixFrom(w.address, w.address.BitLen())},
		Country: like.Country, Reliable: like.Reliable, Codecs: like.Codecs, Encryption: like.Encryption, InBand: like.InBand, Quirks: like.Quirks,
		CallsPerSecond: doctorRate, Burst: doctorRate, MaxCalls: doctorCalls,
	}
	with := *c
	with.Trunks = append(slices.Clone(c.Trunks), trunk)
	with.Numbers = slices.Clone(c.Numbers)
	for i, number := range with.Numbers {
		if slices.Contains(number.Trunks, w.as) {
			with.Numbers[i].Trunks = append(slices.Clone(number.Trunks), doctorTrunk)
		}
	}
	return &with
}

// barred says why an address is none for the doctor.
func barred(c *config.Config, address netip.Addr) error {
	for _, trunk := range c.Trunks {
		if trunk.Name == doctorTrunk {
			return fmt.Errorf("%w: the configuration has a trunk %s of its own", errDoctorNo, doctorTrunk)
		}
		if contains(trunk.Networks, address) {
			return fmt.Errorf("%w: calls from %s belong to trunk %s", errDoctorNo, address, trunk.Name)
		}
	}
	if contains(c.SIP.Proxies, address) {
		return fmt.Errorf("%w: %s is one of sip.proxies", errDoctorNo, address)
	}
	return nil
}

func contains(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) })
}

// ours says that an address is one of this machine.
func ours(address netip.Addr) bool {
	all, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(all, func(a net.Addr) bool {
		network, err := netip.ParsePrefix(a.String())
		return err == nil && (network.Addr() == address || address.IsLoopback() && network.Addr().IsLoopback() && network.Contains(address))
	})
}

// letIn lets the doctor in for doctorStay, or for that long again.
func (s *server) letIn(r doctorRequest) (doctorLeave, error) {
	w := &s.ward
	w.mu.Lock()
	defer w.mu.Unlock()
	address := r.Address.Unmap()
	switch {
	case !s.agent.Ready():
		return doctorLeave{}, errNoCalls
	case !ours(address):
		return doctorLeave{}, fmt.Errorf("%w: %s is no address of this machine", errDoctorNo, r.Address)
	case !slices.ContainsFunc(w.plain.Trunks, func(t config.Trunk) bool { return t.Name == r.Trunk }):
		return doctorLeave{}, fmt.Errorf("%w: there is no trunk %q", errDoctorNo, r.Trunk)
	case w.address.IsValid() && (w.address != address || w.as != r.Trunk):
		return doctorLeave{}, fmt.Errorf("%w, from %s as trunk %s until %s", errDoctorBusy, w.address, w.as, w.until.Format(time.TimeOnly))
	}
	if err := barred(w.plain, address); err != nil {
		return doctorLeave{}, err
	}
	if !w.address.IsValid() {
		w.as, w.address = r.Trunk, address
		if err := s.install(w.plain); err != nil {
			w.address = netip.Addr{}
			return doctorLeave{}, err
		}
	} else {
		w.out.Stop()
	}
	until := time.Now().Add(doctorStay)
	w.until = until
	w.out = time.AfterFunc(doctorStay, func() { s.sendOut(until) })
	s.log.Info("the doctor is let in for a while", "address", address, "as", r.Trunk, "trunk", doctorTrunk, "until", w.until)
	return doctorLeave{doctorTrunk, w.until}, nil
}

// sendOut ends a stay; that of a doctor who has come again since goes on.
func (s *server) sendOut(until time.Time) {
	w := &s.ward
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.address.IsValid() || !until.IsZero() && !w.until.Equal(until) {
		return
	}
	w.out.Stop()
	w.address = netip.Addr{}
	if err := s.install(w.plain); err != nil {
		s.log.Error("the trunk of the doctor cannot be taken out", "error", err)
		return
	}
	s.log.Info("the doctor has left", "trunk", doctorTrunk)
}

// install puts a configuration to work with the sounds that are loaded. The caller holds the ward.
func (s *server) install(plain *config.Config) error {
	before := s.gateway.now.Load()
	c := s.ward.admit(plain)
	signalling, err := s.signallingOf(c)
	if err != nil {
		return err
	}
	signalling.Listen = s.listening
	s.gateway.now.Store(&practice{config: c, sound: soundOf(c), sounds: before.sounds, desk: before.desk})
	if err := s.agent.Reload(signalling); err != nil {
		s.gateway.now.Store(before)
		return err
	}
	return nil
}

// close keeps everybody out from now on.
func (w *ward) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.out != nil {
		w.out.Stop()
	}
	w.address, w.plain = netip.Addr{}, &config.Config{}
}

// serveDoctor lets the doctor in (POST) and out again (DELETE).
func (s *server) serveDoctor(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete {
		s.sendOut(time.Time{})
		w.WriteHeader(http.StatusNoContent)
		return
	}
	var asked doctorRequest
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, doctorBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil || !asked.Address.IsValid() || asked.Address.Zone() != "" {
		problem(w, http.StatusBadRequest, `give {"trunk": "NAME", "address": "IP"}`)
		return
	}
	leave, err := s.letIn(asked)
	switch {
	case errors.Is(err, errDoctorBusy):
		problem(w, http.StatusConflict, err.Error())
	case errors.Is(err, errNoCalls):
		problem(w, http.StatusServiceUnavailable, err.Error())
	case errors.Is(err, errDoctorNo):
		problem(w, http.StatusForbidden, err.Error())
	case err != nil:
		problem(w, http.StatusInternalServerError, err.Error())
	default:
		writeJSON(w, http.StatusOK, "application/json", leave)
	}
}

// A gatewayPage is what a running gateway says of itself.
type gatewayPage struct {
	Version   string        `json:"version"`
	Node      string        `json:"node"`
	Since     time.Time     `json:"since"`
	Draining  bool          `json:"draining"`
	Addresses []pageAddress `json:"addresses"`
	Spool     *spool.Stats  `json:"spool,omitempty"`
}

type pageAddress struct {
	Network string `json:"network"` // udp, tcp, tls, ws or wss
	Address string `json:"address"`
}

func (s *server) page() gatewayPage {
	p := gatewayPage{Version: version, Node: s.config.Node, Since: s.since, Draining: s.draining.Load(), Addresses: []pageAddress{}}
	for i, address := range s.agent.Addrs() {
		p.Addresses = append(p.Addresses, pageAddress{s.listening[i].Network, address.String()})
	}
	if stats, ok := s.spoolStats(); ok {
		p.Spool = &stats
	}
	return p
}
