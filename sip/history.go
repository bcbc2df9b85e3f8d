package sip

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

const (
	historyHeader = "History-Info"
	maxIndex      = 16 // numbers in an index
)

// A stop is one History-Info entry: an address that the request was sent to (RFC 7044 section 5).
type stop struct {
	address
	index []int // place in the tree of forwardings; nil when it has none
}

// historyOf are the entries in the order of their indexes (RFC 7044 section 10.3). Those without one stay behind.
func historyOf(req *sipgo.Request) []stop {
	var list []stop
	for _, a := range addressesIn(req, historyHeader) {
		list = append(list, stop{a, indexOf(a.param("index"))})
	}
	slices.SortStableFunc(list, func(a, b stop) int {
		if a.index == nil || b.index == nil {
			return len(b.index) - len(a.index)
		}
		return slices.Compare(a.index, b.index)
	})
	return list
}

func indexOf(s string) []int {
	parts := strings.Split(s, ".")
	if len(parts) > maxIndex {
		return nil
	}
	index := make([]int, 0, len(parts))
	for _, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return nil
		}
		index = append(index, n)
	}
	return index
}

// historyDiversions are the stops that sent the call to someone else: those that say why they were left, by an
// escaped Reason, and those that a later stop was mapped from (mp), or came from for a cause (RFC 4458).
func historyDiversions(req *sipgo.Request, region string) []Diversion {
	stops := historyOf(req)
	hidden := slices.ContainsFunc(privacy(req), func(level string) bool { return level == "history" || level == "header" })
	reasons := map[int]string{} // by stop
	left := func(stop int, reason string) {
		if said := reasons[stop]; said == "" || said == unknownReason {
			reasons[stop] = reason
		}
	}
	for i := range stops {
		if reason := stops[i].leftFor(); reason != "" {
			left(i, reason)
		}
		if from, reason := stops[i].cameFrom(stops[:i]); from >= 0 {
			left(from, reason)
		}
	}
	var list []Diversion
	for i, s := range stops {
		reason, ok := reasons[i]
		if !ok {
			continue
		}
		d := Diversion{Header: historyHeader, Reason: reason, Count: 1, Private: hidden || s.hidden()}
		d.named(&s.uri, region)
		list = append(list, d)
	}
	return list
}

// leftFor is why the call did not stay at this stop; empty when it does not say.
func (s *stop) leftFor() string {
	reason := uriHeader(&s.uri, "Reason")
	if reason == "" {
		return ""
	}
	protocol, params, _ := strings.Cut(reason, ";")
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "cause") {
			continue
		}
		if strings.EqualFold(strings.TrimSpace(protocol), "Q.850") {
			return causeQ850(strings.TrimSpace(value))
		}
		return causeSIP(strings.TrimSpace(value))
	}
	return unknownReason
}

// cameFrom is the earlier stop that sent the call here, if that was a diversion, and why; -1 when it was none. A
// new contact of the same user (rc) is no diversion, nor is the same target (np).
func (s *stop) cameFrom(earlier []stop) (from int, reason string) {
	_, params := subscriber(&s.uri)
	cause, mapped := params["cause"], s.param("mp")
	if cause == "" && mapped == "" {
		return -1, ""
	}
	parent := indexOf(mapped)
	if parent == nil && len(s.index) > 1 {
		parent = s.index[:len(s.index)-1]
	}
	from = slices.IndexFunc(earlier, func(e stop) bool { return e.index != nil && slices.Equal(e.index, parent) })
	if from < 0 {
		from = len(earlier) - 1
	}
	return from, causeSIP(cause)
}

// hidden says that the entry is private (RFC 7044 section 10.1.2).
func (s *stop) hidden() bool {
	levels := strings.ToLower(uriHeader(&s.uri, "Privacy"))
	return strings.Contains(levels, "history") || strings.Contains(levels, "header")
}

// uriHeader is a header field that a URI carries escaped behind its question mark.
func uriHeader(uri *sipgo.Uri, name string) string {
	if _, headers, ok := strings.Cut(uri.Raw(), "?"); ok { // of a tel URI, where it ought not to be
		for pair := range strings.SplitSeq(headers, "&") {
			if k, v, _ := strings.Cut(pair, "="); strings.EqualFold(k, name) {
				return unescapeURI(v)
			}
		}
	}
	for _, h := range uri.Headers {
		if strings.EqualFold(h.K, name) {
			return unescapeURI(h.V)
		}
	}
	return ""
}

func unescapeURI(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return strings.Trim(plain, `"`)
	}
	return s
}

// causeSIP is the reason of a status (RFC 7544 section 3.3, RFC 4458 section 2).
func causeSIP(cause string) string {
	switch cause {
	case "302":
		return "unconditional"
	case "486", "600":
		return "user-busy"
	case "408":
		return "no-answer"
	case "480", "487":
		return "deflection"
	case "503":
		return "unavailable"
	}
	return unknownReason
}

// causeQ850 is the reason of a cause of the telephone network (ITU-T Q.850).
func causeQ850(cause string) string {
	switch cause {
	case "17":
		return "user-busy"
	case "18", "19":
		return "no-answer"
	case "20":
		return "unavailable"
	case "27":
		return "out-of-service"
	}
	return unknownReason
}
