package sip

import (
	"slices"
	"strings"
)

// maxPreconditions bounds the lines of a stream that are compared with each other.
const maxPreconditions = 64

// A wish is a precondition of a stream that is not met: type, strength, status and direction (RFC 3312 section 4).
type wish [4]string

// A demand is a stream with what it wants before anyone rings.
type demand struct {
	media string // its m= line
	unmet []wish
}

// demands are the streams of an offer with their unmet preconditions: a mandatory a=des without the a=curr that meets
// it. Optional ones ask for nothing.
func demands(offer []byte) []demand {
	var list []demand
	var current, desired [][]string
	end := func() {
		if len(list) > 0 {
			list[len(list)-1].unmet = unmet(current, desired)
		}
		current, desired = nil, nil
	}
	for line := range strings.Lines(string(offer)) {
		switch line = strings.TrimRight(line, "\r\n"); {
		case strings.HasPrefix(line, "m="):
			end()
			list = append(list, demand{media: line})
		case len(list) == 0: // they are attributes of streams
		case strings.HasPrefix(line, "a=curr:"):
			current = append(current, strings.Fields(line[len("a=curr:"):]))
		case strings.HasPrefix(line, "a=des:"):
			desired = append(desired, strings.Fields(line[len("a=des:"):]))
		}
	}
	end()
	return list
}

// unmet compares "qos mandatory local sendrecv" with "qos local none". Of too many lines the first wish is unmet,
// whatever it is.
func unmet(current, desired [][]string) (list []wish) {
	tooMany := len(current)+len(desired) > maxPreconditions
	for _, d := range desired {
		switch {
		case len(d) != 4:
		case tooMany:
			return []wish{wish(d)}
		case strings.EqualFold(d[1], "mandatory") && !covered(current, d[0], d[2], strings.ToLower(d[3])):
			list = append(list, wish(d))
		}
	}
	return list
}

// unmetPrecondition says that an offer wants something first that is not there yet.
func unmetPrecondition(offer []byte) bool {
	return slices.ContainsFunc(demands(offer), func(d demand) bool { return len(d.unmet) > 0 })
}

// failedPreconditions is the session description of a 580: the streams of the offer without a port, with what failed
// (RFC 3312 section 8). It is neither offer nor answer.
func failedPreconditions(offer []byte) []byte {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n")
	for _, d := range demands(offer) {
		kind, rest, _ := strings.Cut(d.media, " ")
		_, format, _ := strings.Cut(rest, " ")
		b.WriteString(kind + " 0 " + format + "\r\n")
		for _, w := range d.unmet {
			b.WriteString("a=des:" + w[0] + " failure " + w[2] + " " + w[3] + "\r\n")
		}
	}
	return []byte(b.String())
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
