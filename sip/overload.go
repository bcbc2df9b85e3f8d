package sip

import (
	"strconv"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// unavailable says why a new call would be refused: the gateway closes, or has too much to do (RFC 3261
// section 21.5.4). The peer is asked to come back when that may be over.
func (u *UserAgent) unavailable() *verdict {
	if v := u.closing(); v != nil {
		return v
	}
	if reason, retry := u.now().Overload(); reason != "" {
		return comeBack("overload", reason, retry)
	}
	return nil
}

// comeBack refuses with Retry-After, in whole seconds.
func comeBack(rule, text string, after time.Duration) *verdict {
	seconds := max(1, int(after.Round(time.Second).Seconds()))
	return &verdict{503, rule, text, []sipgo.Header{header("Retry-After", strconv.Itoa(seconds))}}
}
