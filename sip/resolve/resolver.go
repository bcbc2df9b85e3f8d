// Package resolve finds where a SIP URI leads (RFC 3263): NAPTR, then SRV, then A and AAAA records, from name
// servers that it asks itself.
//
// Answers are believed when they come from the server that was asked and repeat the question; each question leaves
// from a port and with a number of its own. What they may cost is bounded: records, aliases, questions, memory and
// time. They are kept for as long as they say, within bounds, those that say that there is nothing too.
package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	DefaultTimeout  = 2 * time.Second // for one question to one server
	DefaultAttempts = 2               // rounds over the servers

	maxTargets   = 16
	maxQuestions = 64 // for one URI
	resolveTime  = 15 * time.Second
)

// ErrNotFound is that a name has no address, as far as the name servers say.
var ErrNotFound = errors.New("the name has no address")

// Target is one place where a request may be sent to.
type Target struct {
	Network string // "udp", "tcp", "tls", "ws" or "wss"
	Address netip.AddrPort
}

// Options say whom to ask, and how. The zero value asks the servers of the system.
type Options struct {
	// Servers are the name servers, the first is asked first; those of System when empty.
	Servers []netip.AddrPort
	// Hosts are names (lower case, without a last dot) whose addresses are known; those of System when nil.
	Hosts map[string][]netip.Addr
	// Networks are the transports that may be chosen, the preferred first; udp, tcp, tls when empty.
	Networks []string
	// Timeout is for one question to one server, DefaultTimeout when zero.
	Timeout time.Duration
	// Attempts is how often each server is asked, DefaultAttempts when zero.
	Attempts int
	// Dial opens the way to a server; that of a net.Dialer when nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Random gives a number from 0 up to but not including n, for the choice among servers of equal priority;
	// rand.IntN when nil.
	Random func(n int) int
	// Now is the clock of the cache; time.Now when nil.
	Now func() time.Time
}

// Resolver resolves. It is used by any number of goroutines.
type Resolver struct {
	options Options
	cache   cache

	mu      sync.Mutex
	failing map[netip.AddrPort]time.Time // servers that did not answer, until when others are asked first
}

// New makes a Resolver.
func New(options Options) (*Resolver, error) {
	if len(options.Servers) == 0 || options.Hosts == nil {
		servers, hosts, err := System()
		if err != nil {
			return nil, err
		}
		if len(options.Servers) == 0 {
			options.Servers = servers
		}
		if options.Hosts == nil {
			options.Hosts = hosts
		}
	}
	if len(options.Networks) == 0 {
		options.Networks = []string{"udp", "tcp", "tls"}
	}
	if options.Timeout <= 0 {
		options.Timeout = DefaultTimeout
	}
	if options.Attempts <= 0 {
		options.Attempts = DefaultAttempts
	}
	if options.Dial == nil {
		options.Dial = new(net.Dialer).DialContext
	}
	if options.Random == nil {
		options.Random = rand.IntN
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Resolver{options: options, failing: map[netip.AddrPort]time.Time{}}, nil
}

// Resolve gives the targets of a sip or sips URI in the order in which they are to be tried, at most 16. No target
// is an error, ErrNotFound when the name servers say so.
func (r *Resolver) Resolve(ctx context.Context, uri string) ([]Target, error) {
	w, err := parse(uri)
	if err != nil {
		return nil, err
	}
	if w.network != "" && !slices.Contains(r.options.Networks, w.network) {
		return nil, fmt.Errorf("resolve: %s: there is no transport %s here", uri, w.network)
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	s := &search{r: r, ctx: ctx, left: maxQuestions}
	s.follow(w)
	if len(s.targets) == 0 {
		return nil, fmt.Errorf("resolve: %s: %w", w.host, s.failure())
	}
	return s.targets[:min(len(s.targets), maxTargets)], nil
}

// A search is the way from one URI to its targets.
type search struct {
	r       *Resolver
	ctx     context.Context
	targets []Target

	mu   sync.Mutex // two questions are asked at once
	left int        // questions that may still be asked
	err  error      // the first that kept us from an answer
}

// follow is RFC 3263 section 4: each step that a URI leaves open is asked for.
func (s *search) follow(w want) {
	_, known := s.r.options.Hosts[w.host]
	switch {
	case w.addr.IsValid():
		s.add(w.usual(), w.addr, w.portOr(w.usual()))
	case known || w.port != 0 || w.network == "ws" || w.network == "wss":
		s.addresses(w.usual(), w.host, w.portOr(w.usual()))
	case w.network != "":
		if !s.services([]service{{w.network, serviceName(w.network, w.host)}}) {
			s.addresses(w.network, w.host, w.portOr(w.network))
		}
	default:
		if !s.services(s.transports(w)) {
			s.addresses(w.usual(), w.host, w.portOr(w.usual()))
		}
	}
}

// A service is where the SRV records of a transport are.
type service struct{ network, name string }

// transports are the services of a domain: those that its NAPTR records name, or else those of every transport that
// we have (RFC 3263 section 4.1).
func (s *search) transports(w want) []service {
	var list []service
	for _, n := range naptrOrder(s.ask(w.host, typeNAPTR).naptr) {
		network := n.network()
		if slices.Contains(s.r.options.Networks, network) && (!w.secure || network == "tls") {
			list = append(list, service{network, n.replacement})
		}
	}
	if len(list) > 0 {
		return list[:min(len(list), maxTargets)]
	}
	for _, network := range s.r.options.Networks {
		if name := serviceName(network, w.host); name != "" && (!w.secure || network == "tls") {
			list = append(list, service{network, name})
		}
	}
	return list
}

// services adds the targets of SRV records. False means that there are none; a domain that says with a dot that it has
// no such service has said something (RFC 2782).
func (s *search) services(list []service) (found bool) {
	for _, service := range list {
		records := s.ask(service.name, dnsmessage.TypeSRV).srv
		found = found || len(records) > 0
		for _, record := range srvOrder(records, s.r.options.Random) {
			if s.full() {
				return true
			}
			s.addresses(service.network, record.target, record.port)
		}
	}
	return found
}

// addresses adds the addresses of a name, those of IPv4 first.
func (s *search) addresses(network, name string, port uint16) {
	if known := s.r.options.Hosts[name]; len(known) > 0 {
		for _, addr := range known {
			s.add(network, addr, port)
		}
		return
	}
	if name == "" {
		return
	}
	var four, six answer
	var work sync.WaitGroup
	work.Go(func() { six = s.ask(name, dnsmessage.TypeAAAA) })
	four = s.ask(name, dnsmessage.TypeA)
	work.Wait()
	for _, addr := range append(slices.Clone(four.addrs), six.addrs...) {
		s.add(network, addr, port)
	}
}

func (s *search) add(network string, addr netip.Addr, port uint16) {
	t := Target{network, netip.AddrPortFrom(addr, port)}
	if !s.full() && !slices.Contains(s.targets, t) {
		s.targets = append(s.targets, t)
	}
}

func (s *search) full() bool { return len(s.targets) >= maxTargets }

// ask finds the records of a name, through its aliases; none is an empty answer.
func (s *search) ask(name string, kind dnsmessage.Type) answer {
	for range maxAliases {
		a, err := s.one(name, kind)
		if err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.err = cmp.Or(s.err, err)
			return answer{}
		}
		if a.alias == "" {
			return a
		}
		name = a.alias
	}
	return answer{}
}

// one asks one question, as long as there are any left.
func (s *search) one(name string, kind dnsmessage.Type) (answer, error) {
	s.mu.Lock()
	s.left--
	spent := s.left < 0
	s.mu.Unlock()
	if spent {
		return answer{}, errors.New("it leads to too many names")
	}
	return s.r.one(s.ctx, name, kind)
}

func (s *search) failure() error { return cmp.Or(s.err, ErrNotFound) }
