package sip

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	sipgo "github.com/emiago/sipgo/sip"
)

const (
	sdpType = "application/sdp"
	maxURI  = 1024 // bytes of a Request-URI
	maxLine = 200  // bytes of a first line in an Event
)

// read makes a sound message of a head and a body, or says why there is none.
func (h *head) read(body []byte) (sipgo.Message, *verdict) {
	m, v := h.message(body)
	if v != nil {
		return nil, v
	}
	if fault := h.count(); fault != "" {
		return nil, malformed(fault)
	}
	return m, validate(m)
}

// message makes a sipgo message of a head and a body. The parsers of sipgo read what is inside of Via, CSeq and the
// like; From, To and everything else stays text, so that an answer repeats it as it came.
func (h *head) message(body []byte) (sipgo.Message, *verdict) {
	if hasPrefixFold(h.start, "SIP/") {
		res, fault := h.response()
		if fault == "" {
			fault = h.fill(res, body)
		}
		if fault != "" {
			return nil, malformed(fault)
		}
		return res, nil
	}
	req, v := h.request()
	if v != nil {
		return nil, v
	}
	if fault := h.fill(req, body); fault != "" {
		return nil, malformed(fault)
	}
	return req, nil
}

// request reads a Request-Line: three words with one blank between them (RFC 3261 section 7.1).
func (h *head) request() (*sipgo.Request, *verdict) {
	words := strings.Split(h.start, " ")
	if len(words) != 3 || h.method() == "" {
		return nil, malformed("Request-Line is not method, URI and version")
	}
	if !strings.EqualFold(words[2], "SIP/2.0") {
		return nil, &verdict{505, "version", "the version is not SIP/2.0", nil}
	}
	if len(words[1]) > maxURI {
		return nil, &verdict{414, "uri-length", "the Request-URI is longer than " + strconv.Itoa(maxURI) + " bytes", nil}
	}
	uri, ok := readURI(words[1])
	if !ok || len(uri.Headers) > 0 { // RFC 3261 section 19.1.1: no headers in a Request-URI
		return nil, malformed("Request-URI")
	}
	return sipgo.NewRequest(sipgo.RequestMethod(words[0]), uri), nil
}

// response reads a Status-Line (RFC 3261 section 7.2). The reason may be empty, some leave its blank away.
func (h *head) response() (res *sipgo.Response, fault string) {
	version, rest, _ := strings.Cut(h.start, " ")
	status, reason, _ := strings.Cut(rest, " ")
	code, err := strconv.ParseUint(status, 10, 16)
	if err != nil || code < 100 || code > 699 || !strings.EqualFold(version, "SIP/2.0") {
		return nil, "Status-Line"
	}
	return sipgo.NewResponse(int(code), reason), ""
}

// readURI reads the URI of a request. Any scheme is one (RFC 3986 section 3.1), whatever is done with it.
func readURI(s string) (uri sipgo.Uri, ok bool) {
	scheme, rest, _ := strings.Cut(s, ":")
	switch {
	case strings.ContainsAny(s, "<>\"\\^`{|}") || rest == "" || !isScheme(scheme):
		return uri, false
	case strings.EqualFold(scheme, "sip"), strings.EqualFold(scheme, "sips"), strings.EqualFold(scheme, "tel"):
		err := sipgo.ParseUri(s, &uri)
		return uri, err == nil && (uri.Scheme == "tel" || uri.Host != "" && isPort(uri.Port))
	}
	return sipgo.Uri{Scheme: strings.ToLower(scheme), Host: rest}, true
}

func isScheme(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r >= utf8.RuneSelf || !isWordByte(byte(r)) && !strings.ContainsRune("+-.", r)
	})
}

func isPort(n int) bool { return n >= 0 && n < 1<<16 }

// fill gives a message its header fields and body.
func (h *head) fill(m sipgo.Message, body []byte) (fault string) {
	for _, f := range h.fields {
		if !f.addTo(m) {
			return f.name
		}
	}
	if length := m.ContentLength(); length != nil {
		if int(*length) > len(body) { // RFC 3261 section 18.3; bytes beyond it are dropped
			return "Content-Length is larger than the body"
		}
		body = body[:int(*length)]
	}
	if len(body) > 0 {
		m.SetBody(bytes.Clone(body))
	}
	return ""
}

// addTo adds a field to a message: as text, or read by sipgo where its value is asked for. It is false for a
// value that cannot be read.
func (f headerField) addTo(m sipgo.Message) bool {
	switch name := sipgo.HeaderToLower(f.name); name {
	case "via":
		return addVias(m, f.value)
	case "from", "to":
		m.AppendHeader(header(f.name, tidy(f.value, addressSeparators)))
		return true // judged by validate
	case "contact":
		for _, element := range splitList(f.value) {
			if !addRead(m, "contact", tidy(element, addressSeparators)) {
				return false
			}
		}
		return true
	case "cseq", "content-length", "max-forwards", "call-id", "content-type":
		return addRead(m, name, tidy(f.value, ""))
	}
	m.AppendHeader(header(f.name, f.value))
	return true
}

func addRead(m sipgo.Message, name, value string) bool {
	h, err := sipgo.DefaultHeadersParser()[name]([]byte(name), value)
	if err == nil {
		m.AppendHeader(h)
	}
	return err == nil
}

// addVias adds the hops of a Via field. The topmost one of a message is read; the others are repeated as they came.
func addVias(m sipgo.Message, value string) bool {
	for _, element := range splitList(value) {
		element = tidy(element, viaSeparators)
		via, ok := readVia(element)
		switch {
		case !ok:
			return false
		case m.Via() == nil:
			m.AppendHeader(via)
		default:
			m.AppendHeader(header("Via", element))
		}
	}
	return true
}

func readVia(s string) (*sipgo.ViaHeader, bool) {
	hop, params, _ := strings.Cut(s, ";")
	h, err := sipgo.DefaultHeadersParser()["via"]([]byte("via"), hop)
	via, ok := h.(*sipgo.ViaHeader)
	if err != nil || !ok || !isPort(via.Port) || !isHost(via.Host) {
		return nil, false
	}
	for _, p := range splitAt(params, ';') {
		name, value, _ := strings.Cut(p, "=")
		via.Params.Add(name, value)
	}
	if strings.Contains(via.Host, ":") {
		via.Host = "[" + via.Host + "]" // sipgo would write some addresses without
		return via, strings.Contains(hop, via.Host)
	}
	return via, true
}

// isHost says that s may be a host name or an address.
func isHost(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r >= utf8.RuneSelf || !isWordByte(byte(r)) && !strings.ContainsRune("-._:", r)
	})
}

// What blanks may stand around (RFC 3261 section 25.1: SEMI, EQUAL, SLASH, COLON).
const (
	viaSeparators     = ";=/:"
	addressSeparators = ";="
)

// tidy drops the blanks around separators, outside quotes and angle brackets, and makes one of several others.
func tidy(s, separators string) string {
	if strings.IndexByte(s, ' ') < 0 && strings.IndexByte(s, '\t') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	quoted, angled := false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !quoted && !angled && (c == ' ' || c == '\t') {
			end := i
			for end < len(s) && (s[end] == ' ' || s[end] == '\t') {
				end++
			}
			if i > 0 && end < len(s) && strings.IndexByte(separators, s[i-1]) < 0 && strings.IndexByte(separators, s[end]) < 0 {
				b.WriteByte(' ')
			}
			i = end - 1
			continue
		}
		b.WriteByte(c)
		switch {
		case quoted && c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c == '"' && !angled:
			quoted = !quoted
		case quoted:
		case c == '<':
			angled = true
		case c == '>':
			angled = false
		}
	}
	return b.String()
}

// values are the elements of a header that holds a comma-separated list, over all its lines, in order.
func values(m sipgo.Message, names ...string) []string {
	var list []string
	for _, name := range names {
		for _, h := range headersOf(m, name) {
			list = append(list, splitList(h.Value())...)
		}
	}
	return list
}

// headersOf are the header fields of a name, in order. sipgo would make a copy in lower case of every name on the way.
func headersOf(m sipgo.Message, name string) (list []sipgo.Header) {
	all, ok := m.(interface{ Headers() []sipgo.Header })
	if !ok {
		return m.GetHeaders(name)
	}
	for _, h := range all.Headers() {
		if n := h.Name(); len(n) == len(name) && strings.EqualFold(n, name) {
			list = append(list, h)
		}
	}
	return list
}

// splitList splits at commas outside quotes and angle brackets, and drops empty elements.
func splitList(s string) []string { return splitAt(s, ',') }

func splitAt(s string, separator byte) []string {
	list := make([]string, 0, 4)
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
		case c == separator && !angled:
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
	tag, _ := paramOf(params, "tag")
	return tag
}

// paramOf is the value of a parameter, whose name may be written in any case (RFC 3261 section 7.3.1).
func paramOf(params sipgo.HeaderParams, name string) (value string, found bool) {
	for _, p := range params {
		if strings.EqualFold(p.K, name) {
			return p.V, true
		}
	}
	return "", false
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
