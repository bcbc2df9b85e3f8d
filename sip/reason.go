package sip

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// Reason is why a request was sent, or a call refused (RFC 3326, RFC 6432).
type Reason struct {
	Protocol string // "SIP" or "Q.850"
	Cause    int    // a status, or a cause of ITU-T Q.850; 0 when there is none
	Text     string
}

// String is the Reason as a header shows it.
func (r Reason) String() string {
	s := r.Protocol
	if r.Cause > 0 {
		s += ";cause=" + strconv.Itoa(r.Cause)
	}
	if r.Text != "" {
		s += `;text="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(r.Text) + `"`
	}
	return s
}

const (
	reasonsMax    = 4   // of one message
	reasonTextMax = 128 // bytes of a text
	causeMax      = 999
)

// reasonsOf are the reasons that a message gives. What makes no sense in them is left out.
func reasonsOf(m sipgo.Message) []Reason {
	var list []Reason
	for _, value := range values(m, "Reason") {
		if r, ok := parseReason(value); ok && len(list) < reasonsMax {
			list = append(list, r)
		}
	}
	return list
}

func parseReason(value string) (Reason, bool) {
	fields := splitAt(value, ';')
	if len(fields) == 0 || !isToken([]byte(fields[0])) || len(fields[0]) > reasonTextMax {
		return Reason{}, false
	}
	r := Reason{Protocol: fields[0]}
	for _, f := range fields[1:] {
		name, v, _ := strings.Cut(f, "=")
		v = strings.TrimSpace(v)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "cause":
			if n, err := strconv.ParseUint(v, 10, 16); err == nil && n <= causeMax {
				r.Cause = int(n)
			}
		case "text":
			r.Text = plain(unquote(v))
		}
	}
	return r, true
}

// unquote takes the quotes and the backslashes of a quoted string off.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	s = s[1 : len(s)-1]
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// plain is a text of the peer's made harmless: valid UTF-8 without control characters, not too long.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
	return strings.ToValidUTF8(s[:min(len(s), reasonTextMax)], "")
}

// elsewhere is why a fork is hung up that answered when another already had.
var elsewhere = Reason{"SIP", 200, "Call completed elsewhere"}

// causes is what ended a call, as ITU-T Q.850 names it.
var causes = []struct {
	err   error
	cause int
}{
	{ErrNoAnswer, 19},
	{ErrNotAcceptable, 88},
	{ErrNoAck, 102},
	{ErrNoPrack, 102},
	{ErrGone, 102},
	{ErrSessionExpired, 102},
	{ErrTooLong, 31},
	{ErrDrain, 41},
	{ErrPanic, 41},
	{context.DeadlineExceeded, 19},
}

// reasonFor is the Reason that the peer is told: normal clearing unless something was wrong.
func reasonFor(cause error) Reason {
	for _, c := range causes {
		if errors.Is(cause, c.err) {
			return Reason{"Q.850", c.cause, c.err.Error()}
		}
	}
	return Reason{"Q.850", 16, "normal call clearing"}
}

func (r Reason) header() sipgo.Header { return header("Reason", r.String()) }

// Side is one end of a call.
type Side string

// Sides of a call.
const (
	Us   Side = "us"
	Peer Side = "peer"
)

// End is how a call ended.
type End struct {
	By      Side     // who ended it
	Cause   error    // the cause of the call's context
	Reasons []Reason // what the peer's BYE or CANCEL gave as reasons, or what ours did
}

// String says it in one line, for a record or a carrier.
func (e End) String() string {
	s := fmt.Sprintf("%s: %v", e.By, e.Cause)
	for _, r := range e.Reasons {
		s += "; " + r.String()
	}
	return s
}

// Ended tells how the call ended; not ok while it has not.
func (c *Call) Ended() (how End, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		return End{}, false
	}
	cause := context.Cause(c.ctx)
	if errors.Is(cause, ErrHangup) || errors.Is(cause, ErrCancelled) {
		return End{Peer, cause, c.reasons}, true
	}
	if c.invite != nil && !c.answered {
		return End{Us, cause, nil}, true // refused with a status
	}
	return End{Us, cause, []Reason{reasonFor(cause)}}, true
}

// noteReasons notes why the peer ends the call, if it says so and the call has not ended already.
func (c *Call) noteReasons(req *sipgo.Request) {
	reasons := reasonsOf(req)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.reasons = reasons
	}
}
