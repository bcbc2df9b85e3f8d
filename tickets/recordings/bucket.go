package recordings

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"readback/tickets"
)

// A BucketConfig says where a bucket is.
type BucketConfig struct {
	URL       string // of the server: scheme and host
	Name      string // of the bucket
	Prefix    string // of keys, like calls/gateway-a; empty: none
	Region    string // empty: us-east-1
	AccessKey string
	SecretKey string
	// Authorities are whom the server's certificate must come from; nil: whom this machine trusts.
	Authorities *x509.CertPool
	Plain       bool          // http to other machines is allowed
	Timeout     time.Duration // of a request; zero: a minute
}

// A Bucket keeps recordings in a bucket of a server that speaks S3 (Signature Version 4), addressed by path.
type Bucket struct {
	client  *minio.Client
	name    string
	prefix  string
	timeout time.Duration
}

var _ tickets.Recordings = (*Bucket)(nil)

// NewBucket does not connect. It fails with tickets.ErrInvalid.
func NewBucket(c BucketConfig) (*Bucket, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("bucket: %w: its server's address is not like https://s3.example.com", tickets.ErrInvalid)
	case u.Scheme == "http" && !c.Plain && !loopback(u.Hostname()):
		return nil, fmt.Errorf("bucket: %w: recordings leave this machine by https only", tickets.ErrInvalid)
	}
	if err := s3utils.CheckValidBucketNameStrict(c.Name); err != nil {
		return nil, fmt.Errorf("bucket %q: %w: %w", c.Name, tickets.ErrInvalid, err)
	}
	b := &Bucket{name: c.Name, timeout: cmp.Or(c.Timeout, time.Minute)}
	if prefix := strings.Trim(c.Prefix, "/"); prefix != "" {
		b.prefix = prefix + "/"
	}
	b.client, err = minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Secure: u.Scheme == "https", Region: cmp.Or(c.Region, "us-east-1"),
		BucketLookup: minio.BucketLookupPath, Transport: transport(c.Authorities), MaxRetries: 1, // who calls us tries again
	})
	if err != nil {
		return nil, fmt.Errorf("bucket: %w: %w", tickets.ErrInvalid, err)
	}
	return b, nil
}

func transport(authorities *x509.CertPool) *http.Transport {
	return &http.Transport{
		DialContext:     (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig: &tls.Config{RootCAs: authorities}, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second,
		MaxConnsPerHost: 8, IdleConnTimeout: time.Minute, DisableCompression: true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Put implements tickets.Recordings. The server is given the digest of what it is to keep, and asked for it afterwards.
func (b *Bucket) Put(ctx context.Context, name string, from io.ReadSeeker) error {
	if err := checkName(name); err != nil {
		return err
	}
	size, err := left(from)
	if err != nil {
		return fmt.Errorf("keep recording %s: %w", name, err)
	}
	if size > MaxSize {
		return fmt.Errorf("keep recording %s: %w: it has %d bytes", name, tickets.ErrInvalid, size)
	}
	ctx, cancel := b.limit(ctx)
	defer cancel()
	options := minio.PutObjectOptions{ContentType: "application/octet-stream", SendContentMd5: true, DisableMultipart: true}
	if _, err := b.client.PutObject(ctx, b.name, b.prefix+name, from, size, options); err != nil {
		return b.failed("keep recording", name, err)
	}
	kept, err := b.client.StatObject(ctx, b.name, b.prefix+name, minio.StatObjectOptions{})
	switch {
	case err != nil:
		return fmt.Errorf("keep recording %s: %w: the bucket took it, and does not have it: %w", name, errAway, err)
	case kept.Size != size:
		return fmt.Errorf("keep recording %s: %w: the bucket has %d of its %d bytes", name, errAway, kept.Size, size)
	}
	return nil
}

// left is how many bytes there are from here to the end.
func left(from io.ReadSeeker) (int64, error) {
	here, err := from.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	end, err := from.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	_, err = from.Seek(here, io.SeekStart)
	return end - here, err
}

func (b *Bucket) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, b.timeout, fmt.Errorf("%w: the bucket takes longer than %v", errAway, b.timeout))
}

// failed says what was tried, as one of the kinds of package tickets.
func (b *Bucket) failed(what, name string, err error) error {
	kind := errAway
	if code := minio.ToErrorResponse(err).Code; code == "NoSuchKey" {
		kind = tickets.ErrNotFound
	}
	return fmt.Errorf("%s %s: %w: %w", what, name, kind, err)
}

// Open implements tickets.Recordings.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	ctx, cancel := b.limit(ctx)
	body, _, _, err := minio.Core{Client: b.client}.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		cancel()
		return nil, b.failed("read recording", name, err)
	}
	return &object{io.LimitReader(body, MaxSize), body, cancel}, nil
}

// An object is read until its time is over.
type object struct {
	io.Reader
	body   io.Closer
	cancel context.CancelFunc
}

func (o *object) Close() error {
	defer o.cancel()
	return o.body.Close()
}

// Delete implements tickets.Recordings.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	ctx, cancel := b.limit(ctx)
	defer cancel()
	err := b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{})
	if err == nil {
		return nil
	}
	if err = b.failed("delete recording", name, err); errors.Is(err, tickets.ErrNotFound) {
		return nil
	}
	return err
}

// List implements tickets.Recordings.
func (b *Bucket) List(ctx context.Context, before time.Time, visit func(string, time.Time) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing
	for object := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix}) {
		if object.Err != nil {
			return b.failed("list recordings", "", object.Err)
		}
		name := strings.TrimPrefix(object.Key, b.prefix)
		if !isRecording(name) || !object.LastModified.Before(before) {
			continue
		}
		if err := visit(name, object.LastModified); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// errAway is tickets.ErrUnavailable, of a bucket.
var errAway error = away{}

type away struct{}

func (away) Error() string { return "the bucket is not available" }

func (away) Is(target error) bool { return target == tickets.ErrUnavailable }
