package recordings_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"readback/testdata/s3server"
	"readback/tickets"
	"readback/tickets/recordings"
)

// A gateway is an S3 server. In front of it stands a proxy that can fail.
type gateway struct {
	address string // of the proxy
	fault   atomic.Pointer[func(http.ResponseWriter, *http.Request, http.Handler)]
}

func startGateway(t *testing.T) *gateway {
	t.Helper()
	return front(t, s3server.Start(t).Address)
}

func front(t *testing.T, address string) *gateway {
	g := &gateway{}
	behind := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: address})
			r.Out.Host = r.In.Host // it is signed
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault := g.fault.Load(); fault != nil {
			(*fault)(w, r, behind)
			return
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	g.address = server.URL
	return g
}

func (g *gateway) bucket(t *testing.T, prefix string, timeout time.Duration) *recordings.Bucket {
	t.Helper()
	b, err := recordings.NewBucket(recordings.BucketConfig{
		URL: g.address, Name: s3server.Bucket, Prefix: prefix, AccessKey: s3server.AccessKey, SecretKey: s3server.SecretKey, Timeout: timeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bucketFaults are how a bucket can fail.
var bucketFaults = map[string]func(http.ResponseWriter, *http.Request, http.Handler){
	"says 500": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(http.StatusInternalServerError)
	},
	"is overloaded": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(http.StatusServiceUnavailable)
	},
	"sends elsewhere": func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
	},
	"speaks no S3": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		_, _ = io.WriteString(w, "<html>welcome</html>")
	},
	"says nothing": func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http notices that the other side has gone only when it has read all
		<-r.Context().Done()
	},
	"hangs up": func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) },
	"loses the upload": func(w http.ResponseWriter, r *http.Request, behind http.Handler) {
		if r.Method == http.MethodPut {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
			return
		}
		behind.ServeHTTP(w, r)
	},
	"cuts the upload off": func(w http.ResponseWriter, r *http.Request, behind http.Handler) {
		if r.Method == http.MethodPut {
			body, _ := io.ReadAll(r.Body)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body[:len(body)/2])), int64(len(body)/2)
			r.Header.Set("Content-Length", "")
		}
		behind.ServeHTTP(w, r)
	},
	"changes the upload": func(w http.ResponseWriter, r *http.Request, behind http.Handler) {
		if r.Method == http.MethodPut {
			body, _ := io.ReadAll(r.Body)
			body[len(body)/2] ^= 1
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		behind.ServeHTTP(w, r)
	},
}

// While the bucket fails, in whatever way, recordings wait; when it is back they arrive whole.
func TestABucketThatFailsLosesNothing(t *testing.T) {
	g := startGateway(t)
	text := strings.Repeat("what the caller said ", 10_000)
	for name, fault := range bucketFaults {
		t.Run(name, func(t *testing.T) {
			from := recordings.Directory(t.TempDir())
			s := recordings.NewShipper(from, g.bucket(t, "/"+strings.ReplaceAll(name, " ", "-"), 3*time.Second), nil)
			put(t, from, "A-problem.wav", text)
			g.fault.Store(&fault)
			moved, err := s.Ship(t.Context())
			g.fault.Store(nil)
			if moved != 0 || !errors.Is(err, tickets.ErrUnavailable) {
				t.Fatalf("moved %d, %v, want none and why", moved, err)
			}
			if strings.Contains(err.Error(), s3server.SecretKey) {
				t.Errorf("the error shows the secret: %v", err)
			}
			if got := read(t, from, "A-problem.wav"); got != text {
				t.Fatal("the recording is lost")
			}
			if moved, err := s.Ship(t.Context()); moved != 1 || err != nil {
				t.Errorf("when it is back: moved %d, %v, want one", moved, err)
			}
			if got := read(t, s.To, "A-problem.wav"); got != text {
				t.Errorf("%d bytes arrived, want %d", len(got), len(text))
			}
		})
	}
}

func TestABucketThatIsCutOffWhileItIsRead(t *testing.T) {
	g := startGateway(t)
	b := g.bucket(t, "", 3*time.Second)
	put(t, b, "A-problem.wav", strings.Repeat("x", 100_000))
	cut := func(w http.ResponseWriter, r *http.Request, behind http.Handler) {
		if r.Method == http.MethodGet {
			behind.ServeHTTP(&cutWriter{ResponseWriter: w, left: 50_000}, r)
			return
		}
		behind.ServeHTTP(w, r)
	}
	g.fault.Store(&cut)
	from, err := b.Open(t.Context(), "A-problem.wav")
	if err == nil {
		_, err = io.Copy(io.Discard, from)
		err = errors.Join(err, from.Close())
	}
	if err == nil {
		t.Error("half a recording is read as a whole one")
	}
}

// cutWriter hangs up after so many bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		panic(http.ErrAbortHandler)
	}
	w.left -= len(p)
	return w.ResponseWriter.Write(p)
}

func TestABucketThatRefusesUs(t *testing.T) {
	g := startGateway(t)
	for name, c := range map[string]recordings.BucketConfig{
		"a wrong secret": {URL: g.address, Name: s3server.Bucket, AccessKey: s3server.AccessKey, SecretKey: "guessed"},
		"a wrong key":    {URL: g.address, Name: s3server.Bucket, AccessKey: "nobody", SecretKey: s3server.SecretKey},
		"no such bucket": {URL: g.address, Name: "others", AccessKey: s3server.AccessKey, SecretKey: s3server.SecretKey},
	} {
		b, err := recordings.NewBucket(c)
		if err != nil {
			t.Fatal(err)
		}
		_, opened := b.Open(t.Context(), "A-problem.wav")
		listed := b.List(t.Context(), time.Now(), func(string, time.Time) error { return nil })
		for what, err := range map[string]error{"put": b.Put(t.Context(), "A-problem.wav", strings.NewReader("x")), "open": opened, "list": listed} {
			if !errors.Is(err, tickets.ErrUnavailable) || strings.Contains(err.Error(), c.SecretKey) {
				t.Errorf("%s, %s: %v, want ErrUnavailable", name, what, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.bucket(t, "", 0).Put(ctx, "A-problem.wav", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNewBucketRefuses(t *testing.T) {
	for name, c := range map[string]recordings.BucketConfig{
		"nothing":                {},
		"no bucket":              {URL: "https://s3.example.com"},
		"a bucket of no name":    {URL: "https://s3.example.com", Name: "../other"},
		"in the clear, far away": {URL: "http://s3.example.com", Name: s3server.Bucket},
		"another scheme":         {URL: "ftp://s3.example.com", Name: s3server.Bucket, Plain: true},
		"a password":             {URL: "https://user:secret@s3.example.com", Name: s3server.Bucket},
		"a query":                {URL: "https://s3.example.com?x=y", Name: s3server.Bucket},
		"a path":                 {URL: "https://s3.example.com/s3", Name: s3server.Bucket},
	} {
		if _, err := recordings.NewBucket(c); !errors.Is(err, tickets.ErrInvalid) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if _, err := recordings.NewBucket(recordings.BucketConfig{URL: "http://s3.example.com", Name: s3server.Bucket, Plain: true}); err != nil {
		t.Errorf("in the clear on purpose: %v", err)
	}
}
