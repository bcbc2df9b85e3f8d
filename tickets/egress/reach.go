package egress

import (
	"fmt"
	"net/netip"
	"slices"
)

// ours are the networks of IPv4 that no program of somebody else's is in, by the IANA IPv4 Special-Purpose Address Registry
// (RFC 6890), with two addresses by which clouds tell their machines who they are.
var ours = networks(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // behind carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local; cloud metadata
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments; cloud metadata
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
	"168.63.129.16/32",
)

// global is where all public addresses of IPv6 are (RFC 4291 section 2.4), and within are those networks of it that are none, or that
// lead to some IPv4 address. Loopback, private, link-local, multicast and NAT64 (RFC 6052) are outside anyway.
var (
	global = netip.MustParsePrefix("2000::/3")
	within = networks(
		"2001::/23",     // protocol assignments, Teredo
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4
		"3fff::/20",     // documentation
	)
)

func networks(written ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(written))
	for i, text := range written {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// reachable says why an address must not be dialled: it is not on the public internet, and not allowed.
func reachable(ip netip.Addr, allow []netip.Prefix) error {
	plain := ip.Unmap() // RFC 4291 section 2.5.5.2
	if plain.Zone() != "" || !plain.IsValid() {
		return fmt.Errorf("%v is an address of this machine's own network", ip)
	}
	if in(allow, plain) {
		return nil
	}
	public := global.Contains(plain) && !in(within, plain)
	if plain.Is4() {
		public = !in(ours, plain)
	}
	if !public {
		return fmt.Errorf("%v is not on the public internet: allow it if it is meant", plain)
	}
	return nil
}

func in(all []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(all, func(network netip.Prefix) bool { return network.Contains(ip) })
}
