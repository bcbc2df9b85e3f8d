package stir

import (
	"net/url"
	"strings"
)

const (
	maxHeader = 8 << 10 // bytes of an Identity header
	maxURL    = 512
)

// An identity is an Identity header (RFC 8224 section 4): a token, or its signature alone, and how to check it.
type identity struct {
	token          string
	info, alg, ppt string
	compact        bool
}

func parseIdentity(s string) (id identity, ok bool) {
	if len(s) > maxHeader {
		return id, false
	}
	parts := splitParams(s)
	id.token = strings.TrimSpace(parts[0])
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(p, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "info":
			inner, open := strings.CutPrefix(value, "<")
			inner, closed := strings.CutSuffix(inner, ">")
			if !open || !closed || id.info != "" {
				return id, false
			}
			id.info = inner
		case "alg":
			id.alg = value
		case "ppt":
			id.ppt = strings.ToLower(value)
		}
	}
	segments := strings.Split(id.token, ".")
	if len(segments) != 3 || segments[2] == "" || (segments[0] == "") != (segments[1] == "") {
		return id, false
	}
	id.compact = segments[0] == ""
	return id, id.info != ""
}

// splitParams splits at semicolons outside quotes and angle brackets.
func splitParams(s string) []string {
	var parts []string
	start, quoted, angled := 0, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<' || c == '>':
			angled = c == '<'
		case c == ';' && !angled:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// soundURL says that a certificate may be looked for there: https, a host, and nothing that hides another.
func soundURL(s string) bool {
	if len(s) > maxURL {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Fragment == "" && u.Opaque == ""
}
