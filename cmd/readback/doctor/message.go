package doctor

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A message is what came from the gateway.
type message struct {
	raw     []byte
	start   string // the first line
	status  string // of a response; empty for a request
	method  string // of a request, or of the CSeq of a response
	headers []Header
	body    string
}

// shorts are the compact names of headers (RFC 3261 section 20 and its extensions).
var shorts = map[string]string{
	"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length", "c": "Content-Type", "k": "Supported",
	"s": "Subject", "e": "Content-Encoding", "x": "Session-Expires", "r": "Refer-To", "b": "Referred-By", "o": "Event", "u": "Allow-Events",
}

// short is the compact name of a header, or the name itself.
func short(name string) string {
	for letter, long := range shorts {
		if strings.EqualFold(long, name) {
			return letter
		}
	}
	return name
}

var errNoMessage = errors.New("what came is no SIP message")

func readMessage(raw []byte) (*message, error) {
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		return nil, errNoMessage
	}
	lines := strings.Split(string(head), "\r\n")
	m := &message{raw: raw, start: lines[0], body: string(body)}
	if rest, response := strings.CutPrefix(m.start, "SIP/2.0 "); response {
		m.status, _, _ = strings.Cut(rest, " ")
	} else if method, rest, ok := strings.Cut(m.start, " "); ok && strings.HasSuffix(rest, " SIP/2.0") {
		m.method = method
	} else {
		return nil, errNoMessage
	}
	for _, line := range lines[1:] {
		if line == "" || strings.IndexByte(" \t", line[0]) >= 0 {
			return nil, errNoMessage // the gateway folds nothing
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, errNoMessage
		}
		name = strings.TrimSpace(name)
		m.headers = append(m.headers, Header{Name: cmp.Or(shorts[strings.ToLower(name)], name), Value: strings.TrimSpace(value)})
	}
	if m.status != "" {
		_, m.method, _ = strings.Cut(m.get("CSeq"), " ")
	}
	return m, nil
}

func (m *message) all(name string) (values []string) {
	for _, h := range m.headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	return values
}

func (m *message) get(name string) string {
	if all := m.all(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// sequence is the number of CSeq.
func (m *message) sequence() int {
	number, _, _ := strings.Cut(m.get("CSeq"), " ")
	n, _ := strconv.Atoi(number)
	return n
}

// tag is the tag of From or To.
func (m *message) tag(header string) string {
	for _, part := range strings.Split(m.get(header), ";") {
		if tag, ok := strings.CutPrefix(strings.TrimSpace(part), "tag="); ok {
			return tag
		}
	}
	return ""
}

// branch is that of the topmost Via.
func (m *message) branch() string {
	_, rest, _ := strings.Cut(m.get("Via"), ";branch=")
	end := strings.IndexAny(rest+";", ";, ")
	return rest[:min(end, len(rest))]
}

// uri is the address in angle brackets, or the value without parameters.
func uri(value string) string {
	if _, rest, ok := strings.Cut(value, "<"); ok {
		inside, _, _ := strings.Cut(rest, ">")
		return inside
	}
	plain, _, _ := strings.Cut(value, ";")
	return strings.TrimSpace(plain)
}

// build writes a message: what it has of itself, changed as a step says.
func build(start string, own, changes []Header, kind, body string, compact bool) []byte {
	lines := own
	for _, change := range changes {
		if change.How == '+' {
			continue
		}
		kept := lines[:0:0]
		replaced := false
		for _, h := range lines {
			switch {
			case !strings.EqualFold(h.Name, change.Name):
				kept = append(kept, h)
			case change.How == '=' && !replaced:
				kept, replaced = append(kept, change), true
			}
		}
		if lines = kept; change.How == '=' && !replaced {
			lines = append(lines, change)
		}
	}
	for _, change := range changes {
		if change.How == '+' {
			lines = append(lines, change)
		}
	}
	if body != "" {
		lines = append(lines, Header{Name: "Content-Type", Value: kind})
	}
	if !has(changes, "Content-Length") {
		lines = append(lines, Header{Name: "Content-Length", Value: strconv.Itoa(len(body))})
	}
	var b bytes.Buffer
	b.WriteString(start + "\r\n")
	for _, h := range lines {
		name := h.Name
		if compact {
			name = short(name)
		}
		fmt.Fprintf(&b, "%s: %s\r\n", name, h.Value)
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

func has(list []Header, name string) bool {
	for _, h := range list {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}
