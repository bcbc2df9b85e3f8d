package sip

import (
	"bytes"
	"strconv"
)

// What a message says that its body is.
type bodyKind int

const (
	bodyUnknown bodyKind = iota
	bodySession
	bodyParts
	bodyOther
)

// and is the kind of a body that two headers name.
func (k bodyKind) and(other bodyKind) bodyKind {
	if k == bodyUnknown || k == other {
		return other
	}
	return bodyOther
}

func kindOf(contentType []byte) bodyKind {
	name, _, _ := bytes.Cut(contentType, []byte(";"))
	name = bytes.ToLower(bytes.TrimSpace(name))
	switch {
	case string(name) == sdpType:
		return bodySession
	case bytes.HasPrefix(name, []byte("multipart/")):
		return bodyParts
	}
	return bodyOther
}

// body shows session descriptions of the methods that carry them, and says how long everything else is.
func (m *masker) body(p []byte) {
	if len(p) == 0 {
		return
	}
	m.out = append(m.out, '\n')
	session := m.kind == bodySession
	if m.method == "" || m.method == "other" || !session && m.kind != bodyParts {
		m.hidden(len(p))
		return
	}
	secret := 0
	for len(p) > 0 && len(m.out) < maxCapture {
		var line []byte
		line, p = bodyLine(p)
		if m.kind == bodyParts {
			session = partLine(line, session)
		}
		from := len(m.out)
		if shown := session && m.sessionLine(line); !shown {
			secret += len(line)
			continue
		}
		if secret > 0 { // in front of what has just been shown
			note := append(strconv.AppendInt([]byte("["), int64(secret), 10), " bytes masked]\n"...)
			m.out = append(m.out, note...)
			copy(m.out[from+len(note):], m.out[from:])
			copy(m.out[from:], note)
			secret = 0
		}
	}
	if secret > 0 {
		m.hidden(secret)
	}
}

// bodyLine takes a line that ends with any control character.
func bodyLine(p []byte) (line, rest []byte) {
	for i, c := range p {
		if control(c) {
			return p[:i], p[i+1:]
		}
	}
	return p, nil
}

// partLine follows a multipart body (RFC 2046 section 5.1): whether a session description goes on after this line.
// What tells its type differently, or nothing of it, is none.
func partLine(line []byte, session bool) bool {
	if bytes.HasPrefix(line, []byte("--")) {
		return false
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	if bytes.EqualFold(bytes.TrimSpace(name), []byte("Content-Type")) {
		return kindOf(value) == bodySession
	}
	return session
}

// sessionLine shows a line of a session description (RFC 8866 section 5) that holds no key; a crypto attribute (RFC 4568)
// down to its suite. It is false for what is none.
func (m *masker) sessionLine(line []byte) bool {
	if len(line) < 2 || line[1] != '=' || bytes.IndexByte([]byte("vosiuepcbtrzkam"), line[0]) < 0 {
		return false
	}
	var buffer [400]byte
	plain := lettersOf(buffer[:0], line[2:])
	switch {
	case line[0] == 'k':
		m.out = append(m.out, "k="+masked...)
	case bytes.HasPrefix(plain, []byte("crypto")):
		m.out = append(append(m.out, "a=crypto:"...), suite(line)...)
		m.out = append(m.out, " "+masked...)
	case len(plain) == cap(plain) || secretAttribute(plain):
		m.out = append(append(m.out, line[0]), "="+masked...)
	default:
		m.uris(line)
	}
	m.out = append(m.out, '\n')
	return true
}

func secretAttribute(plain []byte) bool {
	for _, part := range []string{"inline", "crypto", "keymgmt", "icepwd", "passw", "secret", "token", "identity"} {
		if bytes.Contains(plain, []byte(part)) {
			return true
		}
	}
	return false
}

// suite is tag and crypto suite of a well-formed crypto attribute; nothing of another.
func suite(line []byte) []byte {
	attribute, ok := bytes.CutPrefix(line, []byte("a=crypto:"))
	words := bytes.SplitN(attribute, []byte(" "), 3)
	if !ok || len(words) < 2 || len(words[0]) > 9 || len(words[1]) > 40 {
		return nil
	}
	for _, c := range words[0] {
		if c < '0' || c > '9' {
			return nil
		}
	}
	for _, family := range []string{"AES_", "AEAD_AES_", "F8_"} {
		if bytes.HasPrefix(words[1], []byte(family)) {
			return attribute[:len(words[0])+1+len(words[1])]
		}
	}
	return nil
}
