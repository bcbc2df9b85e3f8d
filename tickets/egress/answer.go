package egress

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"readback/tickets"
)

// maxRetryAfter is the longest that another program can have us wait.
const maxRetryAfter = time.Hour

// Verdict is what an answer means for the one who sent the request: nil, a failure that may pass, one that has to be waited out
// (tickets.Later), or one for good (tickets.ErrRefused).
func (a Answer) Verdict(now time.Time) error {
	if a.Status >= 200 && a.Status < 300 {
		return nil
	}
	err := fmt.Errorf("it answered %d %s", a.Status, http.StatusText(a.Status))
	switch {
	case a.Status >= 300 && a.Status < 400:
		return fmt.Errorf("%w, and redirects are not followed: write the address that it leads to", err)
	case a.passing():
		if at, ok := RetryAfter(a.Header.Get("Retry-After"), now); ok {
			return &tickets.Later{At: at, Err: err}
		}
		return err
	}
	return fmt.Errorf("%w: %w", tickets.ErrRefused, err)
}

// passing reports whether the same request may be taken at another time.
func (a Answer) passing() bool {
	switch a.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return a.Status >= 500
}

// RetryAfter reads seconds or a date (RFC 9110 section 10.2.3).
func RetryAfter(value string, now time.Time) (time.Time, bool) {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return now.Add(min(time.Duration(seconds)*time.Second, maxRetryAfter)), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return time.Time{}, false
	}
	if wait := at.Sub(now); wait < 0 {
		return now, true
	}
	return now.Add(min(at.Sub(now), maxRetryAfter)), true
}

// Target is where something is sent: https, or http where that is allowed. Its errors do not hold the address.
func Target(address string, plain bool) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, errors.New("the address is not one of the web: write it like https://hooks.example.com/readback")
	case u.Scheme == "http" && !plain:
		return nil, errors.New("the address is http, so that everybody on the way can read what is sent: write https, or allow it")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the address is neither https nor http")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}
