package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"readback/tickets"
	"readback/tickets/egress"
)

// call asks Zendesk for something, and reads the answer into out.
func (z *Zendesk) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	return z.send(ctx, z.request(method, path, query), in, out)
}

func (z *Zendesk) request(method, path string, query url.Values) egress.Request {
	u := z.url.JoinPath(path)
	u.RawQuery = query.Encode()
	header := jsonHeader()
	header.Set("Authorization", z.login)
	return egress.Request{Method: method, URL: u, Header: header}
}

func (z *Zendesk) send(ctx context.Context, r egress.Request, in, out any) (err error) {
	if err := z.wait(); err != nil {
		return err
	}
	if in != nil {
		if r.Body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("%w: %w", tickets.ErrRefused, err)
		}
	}
	got, err := z.config.Client.Do(ctx, r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	z.heed(got)
	if err := z.verdict(got); err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	if got.Cut {
		return fmt.Errorf("%s %s: the answer is longer than %d bytes", r.Method, r.URL.Path, len(got.Body))
	}
	if err := json.Unmarshal(got.Body, out); err != nil {
		return fmt.Errorf("%s %s: the answer cannot be read: %w", r.Method, r.URL.Path, err)
	}
	return nil
}

// wait says until when nothing is to be asked.
func (z *Zendesk) wait() error {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.now().Before(z.until) {
		return &tickets.Later{At: z.until, Reason: "Zendesk's rate limit is used up"}
	}
	return nil
}

// heed reads the rate limit of the account: when nothing of it is left, nothing is asked until it is renewed, each minute.
func (z *Zendesk) heed(a egress.Answer) {
	now := z.now()
	until, ok := egress.RetryAfter(a.Header.Get("Retry-After"), now)
	if !ok || a.Status != http.StatusTooManyRequests {
		until = time.Time{}
		for _, name := range []string{"X-Rate-Limit-Remaining", "Ratelimit-Remaining"} {
			if a.Header.Get(name) == "0" {
				reset, err := strconv.ParseUint(a.Header.Get("Ratelimit-Reset"), 10, 8)
				if err != nil {
					reset = 60
				}
				until = now.Add(time.Duration(reset) * time.Second)
			}
		}
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if until.After(z.until) {
		z.until = until
	}
}

// A statusError is what Zendesk answered in place of what was asked for. It is tickets.ErrRefused, or tickets.Later, where it wraps that.
type statusError struct {
	status int
	kind   string // its name for the error, like RecordInvalid
	said   string // in words, or empty
	err    error
}

func (e *statusError) Error() string {
	if e.said == "" {
		return e.err.Error()
	}
	return e.err.Error() + ": " + e.said
}

func (e *statusError) Unwrap() error { return e.err }

// verdict is what an answer means. Credentials that are wrong are mended in the configuration, and a conflict passes: both may be
// tried again.
func (z *Zendesk) verdict(a egress.Answer) error {
	err := a.Verdict(z.now())
	if err == nil {
		return nil
	}
	if a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden || a.Status == http.StatusConflict {
		err = fmt.Errorf("it answered %d %s", a.Status, http.StatusText(a.Status))
	}
	kind, said := complaint(a.Body)
	return &statusError{status: a.Status, kind: kind, said: said, err: err}
}

// complaint is the name of an error in an answer, and what is said about it, field by field where it is.
func complaint(body []byte) (kind, said string) {
	var written struct {
		Error       any    `json:"error"` // a name, or an object with title and message
		Description string `json:"description"`
		Details     map[string][]struct {
			Description string `json:"description"`
		} `json:"details"`
	}
	if json.Unmarshal(body, &written) != nil {
		return "", ""
	}
	kind, _ = written.Error.(string)
	var words []string
	for _, field := range slices.Sorted(maps.Keys(written.Details)) {
		for _, detail := range written.Details[field] {
			words = append(words, field+": "+detail.Description)
		}
	}
	if len(words) == 0 && written.Description != "" {
		words = []string{written.Description}
	}
	return oneLine(kind, 100), oneLine(strings.Join(words, "; "), maxSummary)
}

// upload sends a file, and returns the token by which a comment can have it.
func (z *Zendesk) upload(ctx context.Context, name, kind string, content io.Reader, size int64) (token string, err error) {
	r := z.request(http.MethodPost, "api/v2/uploads", url.Values{"filename": {name}})
	r.Header.Set("Content-Type", kind)
	r.Stream, r.Size, r.Patience = io.LimitReader(content, size), size, zendeskUpload
	var out struct {
		Upload struct {
			Token string `json:"token"`
		} `json:"upload"`
	}
	if err := z.send(ctx, r, nil, &out); err != nil {
		return "", err
	}
	if out.Upload.Token == "" {
		return "", errors.New("the upload has no token")
	}
	return out.Upload.Token, nil
}
