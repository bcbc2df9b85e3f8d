package survey

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What one source may ask for: some pages at once, then one in so often. A vote takes two.
const (
	burst      = 30
	refill     = 2 * time.Second
	maxSources = 4096
	forget     = burst * refill // after so long without a request a source is as new
)

// sources are the networks that asked lately, each with what it may still ask for. When there are too many at once, those that
// are not known yet share one allowance.
type sources struct {
	mu    sync.Mutex
	known map[netip.Prefix]*source
	rest  *rate.Limiter
	swept time.Time
}

type source struct {
	limit *rate.Limiter
	seen  time.Time
}

func (s *sources) allow(from netip.Prefix, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known, s.rest = map[netip.Prefix]*source{}, rate.NewLimiter(rate.Every(refill), burst)
	}
	one, ok := s.known[from]
	if !ok {
		if s.sweep(now); len(s.known) >= maxSources {
			return s.rest.AllowN(now, 1)
		}
		one = &source{limit: rate.NewLimiter(rate.Every(refill), burst)}
		s.known[from] = one
	}
	one.seen = now
	return one.limit.AllowN(now, 1)
}

// sweep forgets those whose allowance is whole again, at most once a second.
func (s *sources) sweep(now time.Time) {
	if len(s.known) < maxSources || now.Sub(s.swept) < time.Second {
		return
	}
	s.swept = now
	for from, one := range s.known {
		if now.Sub(one.seen) >= forget {
			delete(s.known, from)
		}
	}
}

// sourceOf is who asks: the network of the other side, or what our own proxies say it is, the nearest first. A customer has one
// address of IPv4, and a network of 64 bits of IPv6.
func sourceOf(r *http.Request, proxies []netip.Prefix) netip.Prefix {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	from := peer.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(from) }) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		from = next.Unmap().WithZone("")
	}
	bits := 32
	if from.Is6() {
		bits = 64
	}
	network, _ := from.Prefix(bits)
	return network
}

// originOf is scheme and host of an address, or empty.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
