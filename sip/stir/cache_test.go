package stir

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A repository serves certificates over real TLS.
type repository struct {
	*httptest.Server
	hits atomic.Int32
	mu   sync.Mutex
	serv http.HandlerFunc
}

func newRepository(t *testing.T, serve http.HandlerFunc) *repository {
	t.Helper()
	r := &repository{serv: serve}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.hits.Add(1)
		r.mu.Lock()
		serve := r.serv
		r.mu.Unlock()
		serve(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *repository) serve(f http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.serv = f
}

// A clock is moved by hand.
type clock struct{ nanos atomic.Int64 }

func (c *clock) Now() time.Time { return start.Add(time.Duration(c.nanos.Load())) }

func (c *clock) pass(d time.Duration) { c.nanos.Add(int64(d)) }

type cacheRig struct {
	*Cache
	*clock
	t    *testing.T
	dir  string
	done chan error // the outcome of each fetch
	stop func()
}

func newCacheRig(t *testing.T, r *repository, change ...func(*CacheOptions)) *cacheRig {
	t.Helper()
	g := &cacheRig{t: t, clock: &clock{}, dir: filepath.Join(t.TempDir(), "certificates"), done: make(chan error, maxMissing)}
	options := CacheOptions{
		Dir: g.dir, Now: g.Now, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Observe: func(_ string, err error) { g.done <- err },
	}
	if r != nil {
		pool := x509.NewCertPool()
		pool.AddCert(r.Certificate())
		options.TLS = &tls.Config{RootCAs: pool}
	}
	for _, f := range change {
		f(&options)
	}
	var err error
	if g.Cache, err = OpenCache(options); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); g.Run(ctx) }()
	g.stop = sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(g.stop)
	return g
}

// asks looks an address up and waits for the fetch that follows.
func (g *cacheRig) asks(url string) error {
	g.t.Helper()
	if chain := g.Lookup(url); chain != nil {
		g.t.Fatalf("%s is known already", url)
	}
	select {
	case err := <-g.done:
		return err
	case <-time.After(20 * time.Second):
		g.t.Fatal("nothing was fetched")
		return nil
	}
}

func gives(data []byte, cacheControl string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if cacheControl != "" {
			w.Header().Set("Cache-Control", cacheControl)
		}
		_, _ = w.Write(data)
	}
}

func TestCertificateIsThereForTheNextCall(t *testing.T) {
	root := newRoot(t)
	s := root.signer(numbers(spc("709J")))
	r := newRepository(t, gives(pemOf(s.chain), ""))
	g := newCacheRig(t, r)
	url := r.URL + "/709J.pem"
	n := shaken("A").with(func(n note) { n.head["x5u"] = url })
	n.params = ";info=<" + url + ">;ppt=shaken"
	v := &Verifier{Certificates: g.Cache, Roots: root.roots()}
	if got := v.Verify(start, theCall, []string{s.sign(t, n)}); got.Reason != UnknownCertificate {
		t.Errorf("the first call: %v", got)
	}
	if err := <-g.done; err != nil {
		t.Fatal(err)
	}
	if got := v.Verify(start, theCall, []string{s.sign(t, n)}); got.Attestation != A {
		t.Errorf("the second call: %v", got)
	}
	g.stop()
	again, err := OpenCache(CacheOptions{Dir: g.dir, Now: g.Now})
	if err != nil {
		t.Fatal(err)
	}
	v = &Verifier{Certificates: again, Roots: root.roots()}
	if got := v.Verify(start, theCall, []string{s.sign(t, n)}); got.Attestation != A {
		t.Errorf("after a restart: %v", got)
	}
	if hits := r.hits.Load(); hits != 1 {
		t.Errorf("fetched %d times", hits)
	}
}

func TestFetchIsBounded(t *testing.T) {
	r := newRepository(t, nil)
	redirect := func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, "/elsewhere", http.StatusFound) }
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"too large":      {gives(bytes.Repeat([]byte("x"), maxFetch+1), ""), "more than"},
		"no certificate": {gives([]byte("<html>"), ""), "no certificate"},
		"a redirect":     {redirect, "answers 302"},
		"not there":      {http.NotFound, "answers 404"},
		"a huge header": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2*maxFetchHead))
		}, "header"},
	} {
		r.serve(tt.serve)
		g := newCacheRig(t, r)
		if err := g.asks(r.URL + "/x"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if list := g.Missing(); len(list) != 1 || list[0].Tried != 1 || !strings.Contains(list[0].Error, tt.want) {
			t.Errorf("%s: missing %+v", name, list)
		}
	}
}

func TestNothingPrivateIsDialled(t *testing.T) {
	r := newRepository(t, gives(nil, ""))
	g := newCacheRig(t, r, func(o *CacheOptions) { o.Allow = nil })
	if err := g.asks(r.URL + "/x"); err == nil || !strings.Contains(err.Error(), "no public address") {
		t.Errorf("a loopback address: %v", err)
	}
	for address, want := range map[string]bool{
		"93.184.216.34:443": true, "93.184.216.34:8443": true, "93.184.216.34:22": false, "[2606:2800:220:1::1]:443": true,
		"127.0.0.1:443": false, "10.0.0.1:443": false, "192.168.1.1:443": false, "172.16.0.1:443": false, "169.254.169.254:443": false,
		"100.64.0.1:443": false, "0.0.0.0:443": false, "255.255.255.255:443": false, "224.0.0.1:443": false, "[::1]:443": false,
		"[fe80::1%eth0]:443": false, "[fd00::1]:443": false, "[::ffff:10.0.0.1]:443": false, "[64:ff9b::a00:1]:443": false,
		"[2002:a00:1::]:443": false, "[::]:443": false, "x": false,
	} {
		if err := g.mayDial(address); (err == nil) != want {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
	if hits := r.hits.Load(); hits != 0 {
		t.Errorf("the server was asked %d times", hits)
	}
}

func TestAddressesThatAreNeverFetched(t *testing.T) {
	g := newCacheRig(t, nil)
	for _, url := range []string{
		"", "http://h/x", "https://", "https:///x", "https://user:pass@h/x", "https://h/x#y", "file:///etc/passwd", "https:h", "://",
		"https://h/" + strings.Repeat("x", maxURL),
	} {
		if g.Lookup(url) != nil || len(g.Missing()) != 0 {
			t.Errorf("%q is asked for", url)
		}
	}
}

func TestFailuresAreRetriedLater(t *testing.T) {
	r := newRepository(t, http.NotFound)
	g := newCacheRig(t, r)
	url := r.URL + "/x"
	wait := firstRetry
	for range 8 {
		if err := g.asks(url); err == nil {
			t.Fatal("found")
		}
		g.pass(wait - time.Second)
		hits := r.hits.Load()
		if g.Lookup(url); len(g.queue) != 0 || r.hits.Load() != hits {
			t.Fatalf("asked again before %v", wait)
		}
		g.pass(time.Second)
		wait = min(2*wait, lastRetry)
	}
	if list := g.Missing(); len(list) != 1 || list[0].Tried != 8 || list[0].Asked != 16 {
		t.Errorf("missing %+v", list)
	}
	root := newRoot(t)
	r.serve(gives(pemOf(root.signer(numbers(spc("709J"))).chain), ""))
	if err := g.asks(url); err != nil || len(g.Missing()) != 0 || g.Lookup(url) == nil {
		t.Errorf("once it is there: %v, missing %v", err, g.Missing())
	}
}

func TestAge_RFC9111_5_2_2(t *testing.T) {
	for name, tt := range map[string]struct {
		control, age string
		want         time.Duration
	}{
		"nothing said":   {"", "", defaultAge},
		"two hours":      {"max-age=7200", "", 2 * time.Hour},
		"quoted":         {`public, Max-Age="7200"`, "", 2 * time.Hour},
		"old already":    {"max-age=10800", "3600", 2 * time.Hour},
		"too short":      {"max-age=1", "", minAge},
		"too long":       {"max-age=2147483647", "", maxAge},
		"none":           {"max-age=7200, no-store", "", minAge},
		"not a number":   {"max-age=x", "", defaultAge},
		"a negative one": {"max-age=-1", "-7", defaultAge},
	} {
		if got := ageOf(http.Header{"Cache-Control": {tt.control}, "Age": {tt.age}}); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestOldCertificatesAreRenewedAndMeanwhileUsed(t *testing.T) {
	root := newRoot(t)
	first, second := root.signer(numbers(spc("709J"))), root.signer(numbers(spc("709J")))
	r := newRepository(t, gives(pemOf(first.chain), "max-age=3600"))
	g := newCacheRig(t, r)
	url := r.URL + "/x"
	if err := g.asks(url); err != nil {
		t.Fatal(err)
	}
	r.serve(gives(pemOf(second.chain), ""))
	g.pass(time.Hour)
	if chain := g.Lookup(url); chain == nil || !chain[0].Equal(first.chain[0]) {
		t.Error("the old one is not used while it is renewed")
	}
	if err := <-g.done; err != nil {
		t.Fatal(err)
	}
	if chain := g.Lookup(url); chain == nil || !chain[0].Equal(second.chain[0]) {
		t.Error("it was not renewed")
	}
	r.serve(http.NotFound)
	g.pass(defaultAge + staleAge)
	if err := g.asks(url); err == nil {
		t.Error("renewed from nowhere")
	}
}

func TestWhatIsMissedIsBounded(t *testing.T) {
	g := newCacheRig(t, nil)
	g.stop() // nothing is fetched: the queue fills
	for i := range 2 * maxMissing {
		g.Lookup(fmt.Sprintf("https://h/%d", i))
	}
	if list := g.Missing(); len(list) != maxMissing || len(g.queue) != maxMissing {
		t.Errorf("%d missing, %d queued", len(list), len(g.queue))
	}
	for url := range g.missing { // tried: it makes room for others
		g.settle(url, os.ErrNotExist)
		break
	}
	g.Lookup("https://h/new")
	if _, ok := g.missing["https://h/new"]; !ok || len(g.missing) != maxMissing {
		t.Errorf("%d missing, the new one is among them: %v", len(g.missing), ok)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	root := newRoot(t)
	chain := root.signer(numbers(spc("709J"))).chain
	g := newCacheRig(t, nil)
	for i := range maxCached + 2 {
		at := start.Add(time.Duration(i) * time.Second)
		if err := g.keep(fmt.Sprintf("https://h/%d", i), &entry{chain, at, at.Add(minAge)}); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(g.dir)
	if err != nil || len(files) != maxCached || len(g.entries) != maxCached || g.entries["https://h/1"] != nil || g.entries["https://h/2"] == nil {
		t.Errorf("%d files, %d entries, %v", len(files), len(g.entries), err)
	}
}

func TestBrokenFilesArePassedOver(t *testing.T) {
	root := newRoot(t)
	chain := root.signer(numbers(spc("709J"))).chain
	dir := t.TempDir()
	if err := writeEntry(dir, x5u, &entry{chain, start, start.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(fileOf(dir, x5u))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty.pem": nil, "text.pem": []byte("hello\n"), "label.pem": []byte("{}\nno certificate"), "readme": whole,
		filepath.Base(fileOf(dir, "https://h/other")): whole, partial + "1": whole,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.pem"), 0o700); err != nil {
		t.Fatal(err)
	}
	entries, err := readDir(dir)
	if err != nil || len(entries) != 1 || !entries[x5u].chain[0].Equal(chain[0]) || !entries[x5u].expires.Equal(start.Add(time.Hour)) {
		t.Errorf("read %v, %v", entries, err)
	}
	if _, err := os.Stat(filepath.Join(dir, partial+"1")); !os.IsNotExist(err) {
		t.Errorf("what a killed writer left is still there: %v", err)
	}
}
