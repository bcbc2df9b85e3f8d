package sip

import "strings"

// maxPreconditions bounds the lines of a stream that are compared with each other.
const maxPreconditions = 64

// unmetPrecondition says that an offer wants something that is not there yet before anyone rings (RFC 3312): a
// mandatory a=des in a stream without the a=curr that meets it. Optional ones ask for nothing.
func unmetPrecondition(offer []byte) bool {
	var current, desired [][]string
	inStream := false
	for line := range strings.Lines(string(offer)) {
		switch line = strings.TrimRight(line, "\r\n"); {
		case strings.HasPrefix(line, "m="):
			if unmet(current, desired) {
				return true
			}
			current, desired, inStream = nil, nil, true
		case !inStream: // they are attributes of streams
		case strings.HasPrefix(line, "a=curr:"):
			current = append(current, strings.Fields(line[len("a=curr:"):]))
		case strings.HasPrefix(line, "a=des:"):
			desired = append(desired, strings.Fields(line[len("a=des:"):]))
		}
	}
	return unmet(current, desired)
}

// unmet compares "qos mandatory local sendrecv" with "qos local none" (RFC 3312 section 4).
func unmet(current, desired [][]string) bool {
	if len(current)+len(desired) > maxPreconditions {
		return true
	}
	for _, d := range desired {
		if len(d) == 4 && strings.EqualFold(d[1], "mandatory") && !covered(current, d[0], d[2], strings.ToLower(d[3])) {
			return true
		}
	}
	return false
}

func covered(current [][]string, kind, status, direction string) bool {
	if direction == "none" {
		return true
	}
	for _, c := range current {
		if len(c) == 3 && strings.EqualFold(c[0], kind) && strings.EqualFold(c[1], status) &&
			(strings.EqualFold(c[2], direction) || strings.EqualFold(c[2], "sendrecv")) {
			return true
		}
	}
	return false
}

// preconditionFailed refuses an offer with an unmet precondition (RFC 3312 section 8).
func preconditionFailed(offer []byte) *verdict {
	if !unmetPrecondition(offer) {
		return nil
	}
	return &verdict{580, "precondition", "a mandatory precondition of the offer is not met", nil}
}
