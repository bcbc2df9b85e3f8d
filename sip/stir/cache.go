package stir

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	maxCached  = 1024 // addresses with certificates
	maxMissing = 256  // addresses without
	fetchers   = 4

	defaultAge = 24 * time.Hour // how long certificates stand when the server does not say
	minAge     = time.Hour      // at least, whatever the server says
	maxAge     = 7 * 24 * time.Hour
	staleAge   = 24 * time.Hour // how long they are used when they cannot be renewed

	firstRetry = time.Minute // doubles
	lastRetry  = time.Hour
)

// CacheOptions are what a Cache needs. All but Dir may be zero.
type CacheOptions struct {
	// Dir keeps the certificates over a restart. It is made when it is not there.
	Dir string
	// Allow are networks that are fetched from although they are private, or at other ports than 443 and 8443.
	Allow []netip.Prefix
	// TLS verifies the servers; the system's roots when nil.
	TLS *tls.Config
	// Observe hears of each fetch, with a nil error when it went well.
	Observe func(url string, err error)
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Cache keeps certificates by their address and fetches what was asked for and not known, outside any call: by
// https alone, from public addresses, without redirects, within time and size. Run does the fetching.
type Cache struct {
	options CacheOptions
	client  *http.Client
	queue   chan string

	mu      sync.Mutex
	entries map[string]*entry
	missing map[string]*Missing
}

// An entry is what stands behind an address.
type entry struct {
	chain            []*x509.Certificate
	fetched, expires time.Time
}

// Missing is an address that was asked for and has no fresh certificates.
type Missing struct {
	URL   string
	Asked int       // how often
	Tried int       // how often it was fetched without success
	Next  time.Time // not fetched again before
	Error string    // of the last fetch

	queued bool
}

// OpenCache reads what the directory holds. Files that cannot be read are passed over: they are fetched again.
func OpenCache(options CacheOptions) (*Cache, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if err := os.MkdirAll(options.Dir, 0o750); err != nil {
		return nil, err
	}
	c := &Cache{options: options, queue: make(chan string, maxMissing), missing: map[string]*Missing{}}
	c.client = c.newClient()
	var err error
	c.entries, err = readDir(options.Dir)
	return c, err
}

// Run fetches until ctx ends; it returns when no fetch is under way.
func (c *Cache) Run(ctx context.Context) {
	var work sync.WaitGroup
	for range fetchers {
		work.Go(func() {
			for {
				select {
				case url := <-c.queue:
					c.renew(ctx, url)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	work.Wait()
	c.client.CloseIdleConnections()
}

// Lookup is what is known of an address; see Certificates. What is unknown or old is fetched afterwards.
func (c *Cache) Lookup(url string) []*x509.Certificate {
	if !soundURL(url) {
		return nil
	}
	now := c.options.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[url]
	if e != nil && now.Before(e.expires) {
		return e.chain
	}
	c.want(url, now)
	if e != nil && now.Before(e.expires.Add(staleAge)) {
		return e.chain
	}
	return nil
}

// want notes that an address was asked for in vain, and has it fetched when its time has come. The caller holds mu.
func (c *Cache) want(url string, now time.Time) {
	m := c.missing[url]
	if m == nil {
		if len(c.missing) >= maxMissing && !c.dropMissing() {
			return
		}
		m = &Missing{URL: url}
		c.missing[url] = m
	}
	m.Asked++
	if m.queued || now.Before(m.Next) {
		return
	}
	select {
	case c.queue <- url:
		m.queued = true
	default:
	}
}

// dropMissing forgets the address that was tried longest ago. The caller holds mu.
func (c *Cache) dropMissing() bool {
	var oldest *Missing
	for _, m := range c.missing {
		if !m.queued && (oldest == nil || m.Next.Before(oldest.Next)) {
			oldest = m
		}
	}
	if oldest == nil {
		return false
	}
	delete(c.missing, oldest.URL)
	return true
}

// Missing lists what was asked for in vain, most often asked first.
func (c *Cache) Missing() []Missing {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Missing, 0, len(c.missing))
	for _, m := range c.missing {
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b Missing) int {
		return cmp.Or(cmp.Compare(b.Asked, a.Asked), cmp.Compare(a.URL, b.URL))
	})
	return list
}

// renew fetches one address and keeps what came, or why nothing did.
func (c *Cache) renew(ctx context.Context, url string) {
	e, err := c.fetch(ctx, url)
	if err == nil {
		err = c.keep(url, e)
	}
	if ctx.Err() != nil {
		return
	}
	c.settle(url, err)
	if c.options.Observe != nil {
		c.options.Observe(url, err)
	}
}

func (c *Cache) settle(url string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.missing[url]
	if m == nil || err == nil {
		delete(c.missing, url)
		return
	}
	m.queued = false
	m.Next = c.options.Now().Add(min(firstRetry<<min(m.Tried, 10), lastRetry))
	m.Tried++
	m.Error = err.Error()
}

// keep enters certificates, and drops the oldest when there are too many.
func (c *Cache) keep(url string, e *entry) error {
	c.mu.Lock()
	c.entries[url] = e
	oldest := ""
	if len(c.entries) > maxCached {
		oldest = slices.MinFunc(slices.Collect(maps.Keys(c.entries)), func(a, b string) int {
			return c.entries[a].fetched.Compare(c.entries[b].fetched)
		})
		delete(c.entries, oldest)
	}
	c.mu.Unlock()
	if oldest != "" {
		_ = os.Remove(fileOf(c.options.Dir, oldest)) // read and dropped again at the next start, at worst
	}
	return writeEntry(c.options.Dir, url, e)
}
