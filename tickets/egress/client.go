// Package egress is the way by which requests of HTTP leave for programs of other people: to an address that was looked at,
// within bounds, and with one meaning for what comes back.
package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// The bounds of a request of a Client that says nothing else.
const (
	httpPatience = 5 * time.Second
	httpAnswer   = 64 << 10 // bytes of an answer that are read; headers have as many
)

const (
	dialPatience = 2 * time.Second // for one of several addresses
	maxAddresses = 8               // of a name that are tried
)

// A Client speaks HTTP with programs outside. A name is resolved once for a connection, what it resolved to is checked, and that
// very address is dialled: nothing inside our own network can be reached by a name that points there, unless it is allowed. It
// follows no redirects, goes through no proxy, and waits and reads within bounds. The zero value is ready.
type Client struct {
	Allow    []netip.Prefix // may be reached although they are private, loopback or otherwise special
	Patience time.Duration  // for a whole exchange; zero: 5 s
	Answer   int64          // bytes of an answer that are read; zero: 64 kB
	Roots    *x509.CertPool // who vouches for servers; nil: whom this machine trusts
	// Resolve finds the addresses of a name; nil: as this machine does.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Dial connects to an address and port; nil: as this machine does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	once sync.Once
	http http.Client
}

// A Request is what is sent.
type Request struct {
	Method   string
	URL      *url.URL
	Header   http.Header
	Body     []byte
	Stream   io.Reader     // in place of Body
	Size     int64         // of Stream in bytes
	Patience time.Duration // in place of the client's
}

// An Answer is what came back, read to its end or to the client's bound.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Cut    bool // there was more
}

// Do sends a request. Its errors never hold the address of the request, in which there may be a secret.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	c.once.Do(c.init)
	patience := c.Patience
	if r.Patience > 0 {
		patience = r.Patience
	}
	if patience <= 0 {
		patience = httpPatience
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %v", patience))
	defer cancel()
	var body io.Reader = bytes.NewReader(r.Body)
	if r.Stream != nil {
		body = r.Stream
	}
	sent, err := http.NewRequestWithContext(ctx, r.Method, r.URL.String(), body)
	if err != nil {
		return Answer{}, errors.New("the address cannot be used")
	}
	if r.Stream != nil {
		sent.ContentLength = r.Size
	}
	sent.Header = r.Header.Clone()
	sent.Header.Set("User-Agent", "Readback")
	response, err := c.http.Do(sent)
	if err != nil {
		return Answer{}, plainly(ctx, err)
	}
	defer response.Body.Close()
	limit := c.Answer
	if limit <= 0 {
		limit = httpAnswer
	}
	read, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return Answer{}, plainly(ctx, err)
	}
	a := Answer{Status: response.StatusCode, Header: response.Header, Body: read}
	if a.Cut = int64(len(read)) > limit; a.Cut {
		a.Body = read[:limit]
	}
	return a, nil
}

// plainly is a failure without the address that was asked, and with the cause why nobody waited any longer.
func plainly(ctx context.Context, err error) error {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (c *Client) init() {
	c.http = http.Client{
		Transport: &http.Transport{
			DialContext:            c.dial,
			TLSClientConfig:        &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
			MaxResponseHeaderBytes: httpAnswer,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        15 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close gives up the connections that are kept for more requests.
func (c *Client) Close() {
	c.once.Do(c.init)
	c.http.CloseIdleConnections()
}

// dial connects to the first address of a host that may be reached and answers.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	found, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	found = found[:min(len(found), maxAddresses)]
	err = fmt.Errorf("%s has no address", host)
	for i, ip := range found {
		if err = reachable(ip, c.Allow); err != nil {
			continue
		}
		patience := dialPatience
		if i+1 == len(found) {
			patience = 0
		}
		var connection net.Conn
		if connection, err = c.connect(ctx, network, net.JoinHostPort(ip.Unmap().String(), port), patience); err == nil {
			return connection, nil
		}
	}
	return nil, err
}

// connect waits at most patience, if it is not zero: there are more addresses to try.
func (c *Client) connect(ctx context.Context, network, address string, patience time.Duration) (net.Conn, error) {
	if patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	if c.Dial != nil {
		return c.Dial(ctx, network, address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	if c.Resolve != nil {
		return c.Resolve(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}
