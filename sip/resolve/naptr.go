package resolve

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

const typeNAPTR dnsmessage.Type = 35

// A naptr is a NAPTR record (RFC 3403 section 4.1).
type naptr struct {
	order, preference      uint16
	flags, service, regexp string
	replacement            string // a name in lower case, without a last dot
}

// network is the transport of a record that leads to SRV records (RFC 3263 section 4.1); "" when it is none of ours.
func (n naptr) network() string {
	if !strings.EqualFold(n.flags, "s") || n.regexp != "" || !isName(n.replacement) {
		return ""
	}
	switch strings.ToUpper(n.service) {
	case "SIP+D2U":
		return "udp"
	case "SIP+D2T":
		return "tcp"
	case "SIPS+D2T":
		return "tls"
	}
	return ""
}

// naptrOrder sorts by order, then preference.
func naptrOrder(list []naptr) []naptr {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b naptr) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.preference, b.preference))
	})
	return list
}

// parseNAPTR reads the data of a record. Its name is not compressed (RFC 3597 section 4).
func parseNAPTR(data []byte) (n naptr, ok bool) {
	if len(data) < 4 {
		return n, false
	}
	n.order = uint16(data[0])<<8 | uint16(data[1])
	n.preference = uint16(data[2])<<8 | uint16(data[3])
	data = data[4:]
	for _, field := range []*string{&n.flags, &n.service, &n.regexp} {
		if *field, data, ok = cutString(data); !ok {
			return naptr{}, false
		}
	}
	var labels []string
	for {
		var label string
		if label, data, ok = cutString(data); !ok || len(label) > 63 {
			return naptr{}, false
		}
		if label == "" {
			n.replacement = strings.ToLower(strings.Join(labels, "."))
			return n, len(data) == 0
		}
		labels = append(labels, label)
	}
}

// cutString takes a string behind its length.
func cutString(data []byte) (string, []byte, bool) {
	if len(data) == 0 || len(data) < 1+int(data[0]) {
		return "", nil, false
	}
	end := 1 + int(data[0])
	return string(data[1:end]), data[end:], true
}
