package stir

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	fetchTime    = 5 * time.Second
	maxFetch     = 64 << 10 // bytes of certificates
	maxFetchHead = 16 << 10 // bytes of the answer's header
)

func (c *Cache) newClient() *http.Client {
	dialer := &net.Dialer{Timeout: fetchTime, Control: func(_, address string, _ syscall.RawConn) error {
		return c.mayDial(address)
	}}
	return &http.Client{
		Timeout:       fetchTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // no proxy: it would dial in our place
			DialContext: dialer.DialContext, TLSClientConfig: c.options.TLS, TLSHandshakeTimeout: fetchTime,
			DisableKeepAlives: true, MaxResponseHeaderBytes: maxFetchHead, ForceAttemptHTTP2: true,
		},
	}
}

// mayDial judges the address that a name has come to: what a name means can change between two looks at it.
func (c *Cache) mayDial(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	addr := to.Addr().Unmap().WithZone("")
	switch {
	case slices.ContainsFunc(c.options.Allow, func(n netip.Prefix) bool { return n.Contains(addr) }):
		return nil
	case !public(addr):
		return fmt.Errorf("stir: %s is no public address", addr)
	case to.Port() != 443 && to.Port() != 8443: // ATIS-1000074
		return fmt.Errorf("stir: port %d is neither 443 nor 8443", to.Port())
	}
	return nil
}

// reserved are the networks that are global unicast by their form and still not the public Internet (RFC 6890).
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

func public(addr netip.Addr) bool {
	return addr.IsGlobalUnicast() && !addr.IsPrivate() &&
		!slices.ContainsFunc(reserved, func(n netip.Prefix) bool { return n.Contains(addr) })
}

func (c *Cache) fetch(ctx context.Context, url string) (*entry, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/pem-certificate-chain, application/pkix-cert")
	res, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("stir: %s answers %d", url, res.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxFetch+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxFetch:
		return nil, fmt.Errorf("stir: %s gives more than %d bytes", url, maxFetch)
	}
	chain, err := ParseCertificates(data)
	if err != nil {
		return nil, err
	}
	now := c.options.Now()
	return &entry{chain, now, now.Add(ageOf(res.Header))}, nil
}

// ageOf is how long an answer stands (RFC 9111 section 5.2.2), within our bounds.
func ageOf(h http.Header) time.Duration {
	age := defaultAge
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return minAge
		case "max-age":
			if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				age = time.Duration(seconds) * time.Second
			}
		}
	}
	if seconds, err := strconv.ParseUint(h.Get("Age"), 10, 31); err == nil {
		age -= time.Duration(seconds) * time.Second
	}
	return min(max(age, minAge), maxAge)
}
