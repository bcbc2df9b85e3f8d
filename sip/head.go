package sip

import (
	"bytes"
	"strings"
)

// maxFields bounds the header fields of a message.
const maxFields = 256

// A head is what stands before the body of a message: its first line and its header fields in order,
// unfolded, each under its full name (RFC 3261 section 7.3).
type head struct {
	start  string
	fields []headerField
}

type headerField struct{ name, value string }

// readHead takes a message apart. The fault says why it is none; the head holds what is sound of it even then,
// for an answer.
func readHead(p []byte) (h head, body []byte, fault string) {
	text, body, whole := bytes.Cut(bytes.TrimLeft(p, "\r\n"), []byte("\r\n\r\n"))
	if !whole {
		fault = "no empty line ends the head"
	}
	start, rest, _ := strings.Cut(string(text), "\r\n")
	if !clean(start) {
		return h, nil, "control character in the first line"
	}
	h.start, h.fields = start, make([]headerField, 0, 16)
	for line := range strings.SplitSeq(unfold(rest), "\r\n") {
		if line == "" {
			continue
		}
		f, problem := readField(line)
		switch {
		case problem != "":
			fault = problem
		case len(h.fields) == maxFields:
			return h, nil, "too many header fields"
		default:
			h.fields = append(h.fields, f)
		}
	}
	return h, body, fault
}

func readField(line string) (f headerField, fault string) {
	name, value, found := strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	switch {
	case !found || !isToken([]byte(name)):
		return f, "a line is no header field"
	case !clean(value):
		return f, "control character in a header field"
	}
	return headerField{fullName(name), strings.Trim(value, " \t")}, ""
}

// unfold joins the lines of header fields that go on in the next line (RFC 3261 section 7.3.1).
func unfold(fields string) string {
	if !strings.Contains(fields, "\r\n ") && !strings.Contains(fields, "\r\n\t") {
		return fields
	}
	return strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(fields)
}

// clean says that a line has no CR, LF or NUL of its own: what another hop reads as one header field must not be
// two here. A NUL may be quoted by a backslash (RFC 3261 section 25.1).
func clean(line string) bool {
	if strings.ContainsAny(line, "\r\n") {
		return false
	}
	for i := range len(line) {
		if line[i] == 0 && (i == 0 || line[i-1] != '\\') {
			return false
		}
	}
	return true
}

// fullName is the full name for a compact one; the list is IANA's.
func fullName(name string) string {
	if len(name) != 1 {
		return name
	}
	switch name[0] | 0x20 {
	case 'a':
		return "Accept-Contact"
	case 'b':
		return "Referred-By"
	case 'c':
		return "Content-Type"
	case 'd':
		return "Request-Disposition"
	case 'e':
		return "Content-Encoding"
	case 'f':
		return "From"
	case 'i':
		return "Call-ID"
	case 'j':
		return "Reject-Contact"
	case 'k':
		return "Supported"
	case 'l':
		return "Content-Length"
	case 'm':
		return "Contact"
	case 'n':
		return "Identity-Info"
	case 'o':
		return "Event"
	case 'r':
		return "Refer-To"
	case 's':
		return "Subject"
	case 't':
		return "To"
	case 'u':
		return "Allow-Events"
	case 'v':
		return "Via"
	case 'x':
		return "Session-Expires"
	case 'y':
		return "Identity"
	}
	return name
}

// value is the first value under a full name, or empty.
func (h *head) value(name string) string {
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// method is the method of a request; empty for a response and for what is no SIP.
func (h *head) method() string {
	method, rest, _ := strings.Cut(h.start, " ")
	version := rest[strings.LastIndexByte(strings.TrimRight(rest, " "), ' ')+1:]
	if !isToken([]byte(method)) || !hasPrefixFold(version, "SIP/") {
		return ""
	}
	return method
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
