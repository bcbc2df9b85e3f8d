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
)

// call asks Zendesk for something, and reads the answer into out.
func (z *Zendesk) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	return z.send(ctx, z.request(method, path, query), in, out)
}

func (z *Zendesk) request(method, path string, query url.Values) request {
	u := z.url.JoinPath(path)
	u.RawQuery = query.Encode()
	header := jsonHeader()
	header.Set("Authorization", z.login)
	return request{method: method, url: u, header: header}
}

func (z *Zendesk) send(ctx context.Context, r request, in, out any) (err error) {
	if err := z.wait(); err != nil {
		return err
	}
	if in != nil {
		if r.body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("%w: %w", tickets.ErrRefused, err)
		}
	}
	got, err := z.config.Client.do(ctx, r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.url.Path, err)
	}
	z.heed(got)
	if err := z.verdict(got); err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.url.Path, err)
	}
	if got.cut {
		return fmt.Errorf("%s %s: the answer is longer than %d bytes", r.method, r.url.Path, len(got.body))
	}
	if err := json.Unmarshal(got.body, out); err != nil {
		return fmt.Errorf("%s %s: the answer cannot be read: %w", r.method, r.url.Path, err)
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
func (z *Zendesk) heed(a answer) {
	now := z.now()
	until, ok := retryAfter(a.header.Get("Retry-After"), now)
	if !ok || a.status != http.StatusTooManyRequests {
		until = time.Time{}
		for _, name := range []string{"X-Rate-Limit-Remaining", "Ratelimit-Remaining"} {
			if a.header.Get(name) == "0" {
				reset, err := strconv.ParseUint(a.header.Get("Ratelimit-Reset"), 10, 8)
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
func (z *Zendesk) verdict(a answer) error {
	err := a.verdict(z.now())
	if err == nil {
		return nil
	}
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status == http.StatusConflict {
		err = fmt.Errorf("it answered %d %s", a.status, http.StatusText(a.status))
	}
	kind, said := complaint(a.body)
	return &statusError{status: a.status, kind: kind, said: said, err: err}
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
	r.header.Set("Content-Type", kind)
	r.stream, r.size, r.patience = io.LimitReader(content, size), size, zendeskUpload
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
