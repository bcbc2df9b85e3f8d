package sdp

import (
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"

	"readback/media/srtp"
)

// cryptoLine is an a=crypto line (RFC 4568 section 4).
type cryptoLine struct {
	tag  string
	name string // of the suite, as it was written
	key  srtp.Key
}

func (l cryptoLine) String() string { return "a=crypto:" + l.tag + " " + l.name + " [key]" }

// value is the line as it is sent.
func (l cryptoLine) value() string {
	return fmt.Sprintf("a=crypto:%s %s inline:%s\r\n", l.tag, l.name, l.key.Encode())
}

// readCrypto lists the lines that we can take, in the peer's order.
func readCrypto(m *sdp.MediaDescription) []cryptoLine {
	var lines []cryptoLine
	for _, a := range m.Attributes {
		if a.Key != "crypto" {
			continue
		}
		if l, ok := parseCrypto(a.Value); ok {
			lines = append(lines, l)
		}
	}
	return lines
}

// parseCrypto reads a tag, a suite, a key and the parameters of the session (RFC 4568 sections 4 and 6).
func parseCrypto(value string) (l cryptoLine, ok bool) {
	f := strings.Fields(value)
	if len(f) < 3 || len(f[0]) > 9 || !digits(f[0]) {
		return cryptoLine{}, false
	}
	for _, parameter := range f[3:] {
		if !mayIgnore(parameter) {
			return cryptoLine{}, false
		}
	}
	key, err := parseInline(srtp.SuiteNamed(f[1]), f[2])
	return cryptoLine{tag: f[0], name: f[1], key: key}, err == nil
}

// parseInline reads the one key of a line. A lifetime binds who sends under the key, which is the peer; ours outlives any
// call. Keys with an identifier (MKI), of which there may be several, are not taken: peers that have them offer a line
// without, too.
func parseInline(suite srtp.Suite, value string) (srtp.Key, error) {
	text, found := strings.CutPrefix(value, "inline:")
	text, lifetime, limited := strings.Cut(text, "|")
	if !found || limited && !digits(strings.TrimPrefix(lifetime, "2^")) {
		return srtp.Key{}, srtp.ErrKey
	}
	return srtp.ParseKey(suite, text)
}

// mayIgnore reports whether a parameter of the session asks for nothing: a hint of how far packets may be out of order,
// or an extension that says so itself (RFC 4568 sections 6.3.6 and 6.3.7). The others change what packets look like.
func mayIgnore(parameter string) bool {
	return strings.HasPrefix(parameter, "-") || strings.HasPrefix(parameter, "WSH=")
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
