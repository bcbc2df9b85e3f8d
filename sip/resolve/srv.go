package resolve

import (
	"cmp"
	"slices"
)

// A srv is an SRV record (RFC 2782).
type srv struct {
	priority, weight, port uint16
	target                 string // lower case, without a last dot; "" says that there is no such service
}

// serviceName is where the SRV records of a transport are; "" for one that has none.
func serviceName(network, host string) string {
	switch network {
	case "udp":
		return "_sip._udp." + host
	case "tcp":
		return "_sip._tcp." + host
	case "tls":
		return "_sips._tcp." + host
	}
	return ""
}

// srvOrder sorts by priority, and draws lots by weight among equals (RFC 2782). Random is as in Options.
func srvOrder(list []srv, random func(n int) int) []srv {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b srv) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(min(a.weight, 1), min(b.weight, 1)))
	})
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && list[to].priority == list[from].priority {
			to++
		}
		drawLots(list[from:to], random)
		from = to
	}
	return list
}

// drawLots puts records of one priority in an order that is random by weight; those of weight 0 stand first, so that
// they are drawn hardly ever.
func drawLots(list []srv, random func(n int) int) {
	sum := 0
	for _, s := range list {
		sum += int(s.weight)
	}
	for ; len(list) > 1; list = list[1:] {
		lot, running := random(sum+1), 0
		chosen := slices.IndexFunc(list, func(s srv) bool {
			running += int(s.weight)
			return running >= lot
		})
		s := list[chosen]
		copy(list[1:], list[:chosen])
		list[0] = s
		sum -= int(s.weight)
	}
}
