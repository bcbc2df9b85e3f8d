package sip

import "bytes"

// longestExtension is how many digits of a ;postd or ;ext are shown: more may be a PIN that is dialled on.
const longestExtension = 5

// uris shows text with what is secret in its URIs masked: passwords, the headers a URI carries, digits dialled on.
func (m *masker) uris(text []byte) {
	for {
		start := schemeIn(text)
		if start < 0 {
			m.add(text)
			return
		}
		m.add(text[:start])
		text = text[start:]
		end := bytes.IndexAny(text, "<>\"")
		if end < 0 {
			end = len(text)
		}
		m.uri(text[:end])
		text = text[end:]
	}
}

// schemeIn is where the first URI goes on after its scheme and colon; -1 without one.
func schemeIn(text []byte) int {
	for from := 0; ; {
		colon := bytes.IndexByte(text[from:], ':')
		if colon < 0 {
			return -1
		}
		colon += from
		word := bytes.TrimRight(text[:colon], " \t")
		for _, scheme := range []string{"sip", "sips", "tel"} {
			if at := len(word) - len(scheme); at >= 0 && bytes.EqualFold(word[at:], []byte(scheme)) {
				return colon + 1
			}
		}
		from = colon + 1
	}
}

// uri shows what follows the scheme, and whatever comes behind the URI on its line.
func (m *masker) uri(p []byte) {
	at := bytes.IndexByte(p, '@')
	if at >= 0 {
		if colon := bytes.IndexByte(p[:at], ':'); colon >= 0 {
			m.numbers(p[:colon+1])
			m.out = append(m.out, masked...)
			p = p[bytes.LastIndexByte(p, '@'):]
			at = 0
		}
	}
	head := bytes.IndexByte(p[max(at, 0):], '?')
	if head < 0 {
		m.numbers(p)
		return
	}
	head += max(at, 0)
	m.numbers(p[:head+1])
	m.out = append(m.out, masked...)
	if end := bytes.IndexAny(p[head:], " \t"); end >= 0 {
		m.numbers(p[head+end:])
	}
}

// numbers masks long runs of digits that are dialled after the call is answered.
func (m *masker) numbers(p []byte) {
	for {
		semicolon := bytes.IndexByte(p, ';')
		if semicolon < 0 {
			m.add(p)
			return
		}
		m.add(p[:semicolon+1])
		p = p[semicolon+1:]
		name, value, _ := bytes.Cut(p, []byte("="))
		name = bytes.TrimSpace(name)
		if !bytes.EqualFold(name, []byte("postd")) && !bytes.EqualFold(name, []byte("ext")) {
			continue
		}
		end := bytes.IndexAny(value, ";@>, \t?")
		if end < 0 {
			end = len(value)
		}
		if end > longestExtension {
			m.add(p[:len(p)-len(value)])
			m.out = append(m.out, masked...)
			p = value[end:]
		}
	}
}
