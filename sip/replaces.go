package sip

import (
	"fmt"
	"strings"
)

// referTo is the Refer-To by which a peer takes our place in a call (RFC 3891 section 3, RFC 5589 section 7): the
// other end of the call, told to replace the dialog as that end knows it.
func (d *dialog) referTo() string {
	uri := d.target.Clone()
	uri.Headers = nil // they are the peer's, and ours follow
	id := d.id()
	replaces := fmt.Sprintf("%s;to-tag=%s;from-tag=%s", id.callID, id.remote, id.local)
	return "<" + uri.String() + "?Replaces=" + escapeHeader(replaces) + ">"
}

// escapeHeader writes the value of a header for a URI (RFC 3261 section 25.1, hvalue).
func escapeHeader(value string) string {
	var b strings.Builder
	for _, c := range []byte(value) {
		if isWordByte(c) || strings.IndexByte("-_.!~*'()[]/?:+$", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
