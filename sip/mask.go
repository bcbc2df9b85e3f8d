package sip

import (
	"bytes"
	"slices"
	"strconv"
)

// maxCapture is how many bytes of a message an Event keeps.
const maxCapture = 8 << 10

const masked = "[masked]"

// mask is a message as it may be shown and stored. It works on the bytes, whether they can be parsed or not, and
// shows only what it understands:
//   - of Authorization and its kin the scheme and the parameters that are no secret; Identity without its signature
//   - other headers in full, unless their name speaks of a secret; passwords and dialled-on digits in URIs are masked
//   - of bodies the session description of a request that may carry one, without keys; parts of multipart bodies likewise
//
// Control characters do not survive, lines end with \n, and what is folded or broken is masked as soon as any reading of
// it is a secret.
func mask(p []byte) []byte {
	m := masker{out: make([]byte, 0, min(len(p)+len(masked), maxCapture+64))}
	rest := bytes.TrimLeft(p, "\r\n\x00 \t")
	end := bytes.IndexByte(rest, '\n')
	m.bare = end >= 0 && (end == 0 || rest[end-1] != '\r')
	for first := true; len(rest) > 0 && len(m.out) < maxCapture; first = false {
		var line []byte
		if line, rest = m.line(rest); len(line) == 0 {
			m.body(rest)
			break
		}
		if first && m.startLine(line) {
			continue
		}
		m.header(line)
	}
	if len(m.out) >= maxCapture {
		m.out = append(bytes.Clone(m.out[:maxCapture]), "\n[cut, "...)
		m.out = strconv.AppendInt(m.out, int64(len(p)), 10)
		m.out = append(m.out, " bytes in all]\n"...)
	}
	return m.out
}

// Mask is a message, in full or in part, as it may be shown and stored: without passwords, keys and what callers dial.
func Mask(message []byte) []byte { return mask(message) }

// maskLine is the first line of a message as it may be shown.
func maskLine(line string) string {
	m := masker{out: make([]byte, 0, min(len(line), maxLine))}
	m.uris([]byte(line[:min(len(line), 2*maxLine)]))
	return cut(string(m.out))
}

// A masker writes one message.
type masker struct {
	out    []byte
	bare   bool   // lines end with LF alone
	method string // of the request, or of the CSeq of a response
	kind   bodyKind
}

// line takes a line with the lines that continue it: up to a line break that no blank follows. Everything else that
// may be a line break to somebody is left in it.
func (m *masker) line(p []byte) (line, rest []byte) {
	for from := 0; ; {
		i := bytes.IndexByte(p[from:], '\n')
		if i < 0 {
			return p, nil
		}
		i += from
		from = i + 1
		hard := m.bare || i > 0 && p[i-1] == '\r'
		if folded := from < len(p) && (p[from] == ' ' || p[from] == '\t'); !hard || folded && i > 1 {
			continue
		}
		return bytes.TrimSuffix(p[:i], []byte("\r")), p[from:]
	}
}

// startLine shows a request or status line; false for what is none.
func (m *masker) startLine(line []byte) bool {
	if broken(line) || !bytes.Contains(line, []byte("SIP/")) {
		return false
	}
	if method, _, _ := bytes.Cut(line, []byte(" ")); !bytes.HasPrefix(method, []byte("SIP/")) {
		m.method = knownMethod(method)
	}
	m.uris(line)
	m.out = append(m.out, '\n')
	return true
}

// knownMethod is a method whose body may be shown; it keeps no bytes.
func knownMethod(name []byte) string {
	switch string(name) {
	case "INVITE":
		return "INVITE"
	case "ACK":
		return "ACK"
	case "PRACK":
		return "PRACK"
	case "UPDATE":
		return "UPDATE"
	}
	return "other"
}

// broken says that a line holds control characters: a fold, or what may be a line break to somebody.
func broken(line []byte) bool {
	return slices.ContainsFunc(line, control)
}

func control(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

// header shows one header with all its lines. In a folded one every word may be the name of a header to somebody.
func (m *masker) header(line []byte) {
	folded := broken(line)
	if folded {
		line = bytes.Map(blank, line)
	}
	name, value, colon := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !colon || !isToken(name) {
		m.hidden(len(line))
		return
	}
	sense := senseOf(name)
	if folded && (sense != headerShown || slices.ContainsFunc(bytes.Fields(value), secretWord)) {
		sense = headerHidden
	}
	m.add(name)
	m.out = append(m.out, ':')
	switch sense {
	case headerShown:
		m.note(name, value)
		m.uris(value)
	case headerCredentials:
		m.credentials(value)
	case headerIdentity:
		m.identity(value)
	default:
		m.out = append(m.out, " "+masked...)
	}
	m.out = append(m.out, '\n')
}

func blank(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

func secretWord(word []byte) bool {
	name, _, _ := bytes.Cut(word, []byte(":"))
	return senseOf(name) != headerShown
}

// note remembers what decides how the body is shown.
func (m *masker) note(name, value []byte) {
	switch {
	case m.method == "" && bytes.EqualFold(name, []byte("CSeq")):
		_, method, _ := bytes.Cut(bytes.TrimSpace(value), []byte(" "))
		m.method = knownMethod(bytes.TrimSpace(method))
	case bytes.EqualFold(name, []byte("Content-Type")), bytes.EqualFold(name, []byte("c")):
		m.kind = m.kind.and(kindOf(value))
	}
}

func (m *masker) add(p []byte) { m.out = append(m.out, p...) }

// hidden says how much was not shown.
func (m *masker) hidden(bytes int) {
	m.out = append(m.out, '[')
	m.out = strconv.AppendInt(m.out, int64(bytes), 10)
	m.out = append(m.out, " bytes masked]\n"...)
}
