package sip

import (
	"maps"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

const (
	sdpType = "application/sdp"
	maxLine = 200 // bytes of a first line in an Event
)

// newParser leaves route headers as text: they are echoed as they came, unknown parameters included
// (RFC 3261 section 12.1.1), where sipgo's would lose some.
func newParser() *sipgo.Parser {
	parsers := maps.Clone(sipgo.DefaultHeadersParser())
	delete(parsers, "record-route")
	delete(parsers, "route")
	p := sipgo.NewParser(sipgo.WithHeadersParsers(parsers))
	p.MaxMessageLength = maxMessage
	return p
}

// values are the elements of a header that holds a comma-separated list, over all its lines, in order.
// Names are the full name and the compact one.
func values(m sipgo.Message, names ...string) []string {
	var list []string
	for _, name := range names {
		for _, h := range m.GetHeaders(name) {
			list = append(list, splitList(h.Value())...)
		}
	}
	return list
}

// splitList splits at commas outside quotes and angle brackets, and drops empty elements.
func splitList(s string) []string {
	var list []string
	start, quoted, angled := 0, false, false
	add := func(element string) {
		if element = strings.TrimSpace(element); element != "" {
			list = append(list, element)
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angled = true
		case c == '>':
			angled = false
		case c == ',' && !angled:
			add(s[start:i])
			start = i + 1
		}
	}
	add(s[start:])
	return list
}

// mediaType is the type of a body in lower case, without parameters.
func mediaType(m interface {
	ContentType() *sipgo.ContentTypeHeader
},
) string {
	h := m.ContentType()
	if h == nil {
		return ""
	}
	t, _, _ := strings.Cut(h.Value(), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

func header(name, value string) sipgo.Header { return sipgo.NewHeader(name, value) }

func callIDOf(m sipgo.Message) string {
	if h := m.CallID(); h != nil {
		return h.Value()
	}
	return ""
}

// tagOf is the tag among the parameters of From or To; empty when there is none (RFC 2543).
func tagOf(params sipgo.HeaderParams) string {
	for _, p := range params {
		if strings.EqualFold(p.K, "tag") {
			return p.V
		}
	}
	return ""
}

// firstLine is the request or status line.
func firstLine(m sipgo.Message) (line, method string, status int) {
	if h := m.CSeq(); h != nil {
		method = string(h.MethodName)
	}
	switch m := m.(type) {
	case *sipgo.Request:
		return m.StartLine(), string(m.Method), 0
	case *sipgo.Response:
		var b strings.Builder
		m.StartLineWrite(&b)
		return b.String(), method, m.StatusCode
	}
	return "", method, 0
}

func (f *flow) trunkName() string {
	if f.trunk == nil {
		return ""
	}
	return f.trunk.Name
}

func cut(line string) string { return line[:min(len(line), maxLine)] }
