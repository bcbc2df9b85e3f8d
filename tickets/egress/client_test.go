package egress

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"readback/tickets"
)

func TestReachable_RFC6890(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "192.0.1.1": true, "172.15.255.255": true, "172.32.0.1": true, "100.63.255.255": true, "100.128.0.1": true,
		"2606:4700:4700::1111": true, "2a00:1450:4001:81b::200e": true, "::ffff:8.8.8.8": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "10.255.255.255": false, "100.64.0.1": false, "100.127.255.255": false,
		"100.100.100.200": false, "127.0.0.1": false, "127.255.255.254": false, "169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.0.0.192": false, "192.0.2.1": false, "192.88.99.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.19.255.255": false,
		"198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false,
		"168.63.129.16": false,
		"::":            false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::808:808": false, "64:ff9b:1::1": false, "100::1": false, "2001::1": false, "2001:db8::1": false,
		"2002:7f00:1::": false, "3fff::1": false, "fc00::1": false, "fd00:ec2::254": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false,
		"ff02::1": false, "5f00::1": false, "2606:4700::1%eth0": false,
	} {
		if err := reachable(netip.MustParseAddr(address), nil); (err == nil) != want {
			t.Errorf("%s: got %v, want reachable %v", address, err, want)
		}
	}
	allow := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}
	for address, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd00::1": true, "fd00::1%eth0": false, "fe80::1": false} {
		if err := reachable(netip.MustParseAddr(address), allow); (err == nil) != want {
			t.Errorf("%s with %v: got %v, want reachable %v", address, allow, err, want)
		}
	}
	if reachable(netip.Addr{}, nil) == nil {
		t.Error("no address is reachable")
	}
}

func FuzzReachable(f *testing.F) {
	for _, seed := range []string{"127.0.0.1", "::1", "10.0.0.1", "fe80::1", "fd00::1", "8.8.8.8", "2606:4700::1", "224.0.0.1"} {
		f.Add(netip.MustParseAddr(seed).AsSlice())
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		ip, ok := netip.AddrFromSlice(bytes)
		if !ok {
			return
		}
		plain := ip.Unmap()
		if reachable(ip, nil) == nil && (plain.IsPrivate() || plain.IsLoopback() || plain.IsMulticast() || plain.IsUnspecified() || !plain.IsGlobalUnicast()) {
			t.Errorf("%v may be reached", ip)
		}
		if reachable(ip, []netip.Prefix{netip.PrefixFrom(plain, plain.BitLen())}) != nil {
			t.Errorf("%v is allowed and may not be reached", ip)
		}
	})
}

// loopback is a client that may reach servers of a test.
func loopback() *Client {
	return &Client{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
}

func get(t *testing.T, c *Client, address string) (Answer, error) {
	t.Helper()
	u, err := Target(address, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.Do(t.Context(), Request{Method: http.MethodGet, URL: u, Header: http.Header{}})
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func TestANameThatPointsInsideIsNotDialled(t *testing.T) {
	asked := 0
	server := serve(t, func(http.ResponseWriter, *http.Request) { asked++ })
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	inside := &Client{Resolve: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::ffff:127.0.0.1"), netip.MustParseAddr("::1")}, nil
	}}
	for _, host := range []string{"hooks.example.com", "127.0.0.1", "[::ffff:127.0.0.1]", "[::1]"} {
		if _, err := get(t, inside, "http://"+net.JoinHostPort(strings.Trim(host, "[]"), port)); err == nil || !strings.Contains(err.Error(), "not on the public internet") {
			t.Errorf("%s: got %v, want a refusal", host, err)
		}
	}
	if asked != 0 {
		t.Errorf("the server was asked %d times", asked)
	}
}

func TestANameIsResolvedOnceAndThatAddressDialled(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	var mu sync.Mutex
	var resolved int
	var dialled []string
	rebinding := &Client{
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			mu.Lock()
			defer mu.Unlock()
			if resolved++; resolved > 1 {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("8.8.8.8")}, nil
		},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			dialled = append(dialled, address)
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	got, err := get(t, rebinding, "http://hooks.example.com:8000/")
	if err != nil || string(got.Body) != "hello" {
		t.Fatalf("got %q, %v", got.Body, err)
	}
	if want := []string{"8.8.8.8:8000"}; resolved != 1 || !slices.Equal(dialled, want) {
		t.Errorf("resolved %d times, dialled %q, want once and %q", resolved, dialled, want)
	}
	rebinding.Close()
	if _, err := get(t, rebinding, "http://hooks.example.com:8000/"); err == nil {
		t.Error("the name points inside by now, and it was dialled")
	}
}

func TestTriesTheNextAddress(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := &Client{
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("8.8.4.4"), netip.MustParseAddr("8.8.8.8")}, nil
		},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "8.8.4.4:80" {
				return nil, errors.New("refused")
			}
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	if got, err := get(t, c, "http://hooks.example.com"); err != nil || got.Status != http.StatusOK {
		t.Errorf("got %v, %v", got.Status, err)
	}
}

func TestFollowsNoRedirect(t *testing.T) {
	inner := 0
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/inside" {
			inner++
		}
		http.Redirect(w, r, "/inside", http.StatusTemporaryRedirect)
	})
	got, err := get(t, loopback(), server.URL)
	if err != nil || got.Status != http.StatusTemporaryRedirect || inner != 0 {
		t.Errorf("got %d, %v, and %d requests inside, want 307 and none", got.Status, err, inner)
	}
	if err := got.Verdict(time.Now()); err == nil || errors.Is(err, tickets.ErrRefused) {
		t.Errorf("got %v, want a failure that may pass", err)
	}
}

func TestReadsAnswersWithinBounds(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/header" {
			w.Header().Set("X-Long", strings.Repeat("x", 2*httpAnswer))
			return
		}
		for range 100 {
			if _, err := w.Write(make([]byte, 10_000)); err != nil {
				return
			}
		}
	})
	got, err := get(t, loopback(), server.URL)
	if err != nil || !got.Cut || len(got.Body) != httpAnswer {
		t.Errorf("read %d bytes, cut %v, %v, want 64 kB of them", len(got.Body), got.Cut, err)
	}
	if _, err := get(t, loopback(), server.URL+"/header"); err == nil {
		t.Error("a header of 128 kB is read")
	}
}

func TestWaitsWithinBounds(t *testing.T) {
	gone := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			_, _ = io.WriteString(w, "{")
			_ = http.NewResponseController(w).Flush()
		}
		<-gone
	})
	defer close(gone)
	for _, path := range []string{"/", "/slow"} {
		c := loopback()
		c.Patience = 50 * time.Millisecond
		_, err := get(t, c, server.URL+path+"?token=hush")
		if err == nil || err.Error() != "no answer within 50ms" {
			t.Errorf("%s: got %v, want no answer within 50ms", path, err)
		}
	}
}

func TestErrorsDoNotTellTheAddress(t *testing.T) {
	c := &Client{
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
		},
		Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") },
	}
	_, err := get(t, c, "https://user:hush@hooks.example.com/services/hush?key=hush")
	if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v, want the failure without the address", err)
	}
	for _, bad := range []string{"ftp://hush", "http://hush", "https://", "hush", "https://a b/hush", "mailto:hush@example.com", "%"} {
		if _, err := Target(bad, false); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %v, want a refusal without the address", bad, err)
		}
	}
}

func TestSpeaksTLSOnlyWithServersThatAreVouchedFor(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	if _, err := get(t, loopback(), server.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v, want a complaint about the certificate", err)
	}
	known := loopback()
	known.Roots = x509.NewCertPool()
	known.Roots.AddCert(server.Certificate())
	if got, err := get(t, known, server.URL); err != nil || got.Status != http.StatusOK {
		t.Errorf("got %d, %v", got.Status, err)
	}
}

func TestVerdicts(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		status int
		after  string
		want   string // done, again, refused, or how long to wait
	}{
		{200, "", "done"},
		{202, "", "done"},
		{204, "", "done"},
		{301, "", "again"},
		{308, "", "again"},
		{400, "", "refused"},
		{401, "", "refused"},
		{404, "60", "refused"},
		{410, "", "refused"},
		{422, "", "refused"},
		{408, "", "again"},
		{425, "", "again"},
		{429, "", "again"},
		{429, "30", "30s"},
		{429, "1000000", "1h0m0s"},
		{429, "-1", "again"},
		{429, "soon", "again"},
		{429, "Wed, 04 Mar 2026 12:01:00 GMT", "1m0s"},
		{503, "Wed, 04 Mar 2020 12:01:00 GMT", "0s"},
		{503, "Wed, 04 Mar 2099 12:01:00 GMT", "1h0m0s"},
		{500, "", "again"},
		{503, "120", "2m0s"},
	} {
		a := Answer{Status: test.status, Header: http.Header{"Retry-After": {test.after}}}
		got := "again"
		err := a.Verdict(now)
		if wait, ok := errors.AsType[*tickets.Later](err); ok {
			got = wait.At.Sub(now).String()
		} else if err == nil {
			got = "done"
		} else if errors.Is(err, tickets.ErrRefused) {
			got = "refused"
		}
		if got != test.want {
			t.Errorf("%d, Retry-After %q: got %s (%v), want %s", test.status, test.after, got, err, test.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, seed := range []string{"", "1", "99999999999999999999", "Wed, 04 Mar 2026 12:01:00 GMT", "Wednesday, 04-Mar-99 12:01:00 GMT", " 7 "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		at, ok := RetryAfter(value, now)
		if ok && (at.Before(now) || at.After(now.Add(maxRetryAfter))) {
			t.Errorf("%q: wait until %v", value, at)
		}
	})
}

func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"https://hooks.example.com/a?b=c#d", "http://10.0.0.1", "https://[::1]:1/", "//a", "https:a", "https://a:b@c"} {
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, address string, plain bool) {
		u, err := Target(address, plain)
		if err == nil && (u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !plain) || u.Fragment != "") {
			t.Errorf("%q is taken as %v", address, fmt.Sprintf("%#v", u))
		}
	})
}
