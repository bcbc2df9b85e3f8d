package resolve

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strings"
)

const (
	maxServers = 3       // as the system's own resolver
	maxFile    = 1 << 20 // bytes
	maxHosts   = 10_000  // names
)

// System reads the name servers of /etc/resolv.conf and the names of /etc/hosts.
func System() (servers []netip.AddrPort, hosts map[string][]netip.Addr, err error) {
	text, err := readFile("/etc/resolv.conf")
	if err != nil {
		return nil, nil, err
	}
	if servers = parseServers(text); len(servers) == 0 {
		servers = []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 53)} // as resolv.conf(5) has it
	}
	text, err = readFile("/etc/hosts")
	return servers, parseHosts(text), err
}

// readFile reads a file that need not be there.
func readFile(name string) (string, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return "", fmt.Errorf("resolve: %w", err)
	}
	return string(data), nil
}

func parseServers(text string) []netip.AddrPort {
	var list []netip.AddrPort
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "nameserver" || len(list) == maxServers {
			continue
		}
		if addr, err := netip.ParseAddr(words[1]); err == nil {
			list = append(list, netip.AddrPortFrom(addr, 53))
		}
	}
	return list
}

func parseHosts(text string) map[string][]netip.Addr {
	hosts := map[string][]netip.Addr{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(words[0])
		if err != nil {
			continue
		}
		for _, name := range words[1:] {
			if len(hosts) < maxHosts {
				name = strings.ToLower(strings.TrimSuffix(name, "."))
				hosts[name] = append(hosts[name], addr.Unmap())
			}
		}
	}
	return hosts
}
