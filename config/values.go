package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// malformed is an error about one value: what is wrong with it, said after the quoted value, and what mends it.
type malformed struct{ message, fix string }

func (m *malformed) Error() string { return m.message + "; " + m.fix }

// Duration is a length of time, written like 30s, 1h30m or 7d.
type Duration time.Duration

// D is the same for package time.
func (d Duration) D() time.Duration { return time.Duration(d) }

// UnmarshalText reads what time.ParseDuration reads, optionally after a number of days like 7d.
func (d *Duration) UnmarshalText(text []byte) error {
	wrong := &malformed{"is not a length of time", "write a number with its unit, like 30s, 5m, 1h or 7d"}
	rest, days := string(text), int64(0)
	if head, tail, ok := strings.Cut(rest, "d"); ok {
		n, err := strconv.ParseUint(head, 10, 16)
		if err != nil {
			return wrong
		}
		days, rest = int64(n), tail
	}
	total := time.Duration(days) * 24 * time.Hour
	if rest != "" || days == 0 && !strings.HasSuffix(string(text), "d") {
		more, err := time.ParseDuration(rest)
		if err != nil || more < 0 || strings.HasPrefix(rest, "+") || more > 1<<61 {
			return wrong
		}
		total += more
	}
	*d = Duration(total)
	return nil
}

// String writes the largest units that fit, days from the third: 7d, 48h, 1h30m, 30s.
func (d Duration) String() string {
	day := Duration(24 * time.Hour)
	if d > 2*day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Key is a key of the telephone that chooses a language: 1 or 4 to 9, since the menu itself takes 2, 3 and *, 0 helps
// and # ends an entry, everywhere.
type Key byte

// UnmarshalText reads one key.
func (k *Key) UnmarshalText(text []byte) error {
	const choose = "choose 1 or one of 4 to 9"
	taken := map[string]string{
		"2": "the key for technical support",
		"3": "the key for other services",
		"*": "the key that repeats the menu",
		"0": "the help key everywhere",
		"#": "the key that ends an entry everywhere",
	}
	if meaning, ok := taken[string(text)]; ok {
		return &malformed{"is " + meaning, choose}
	}
	if len(text) != 1 || !strings.Contains("1456789", string(text)) {
		return &malformed{"is not a key of the telephone", choose}
	}
	*k = Key(text[0])
	return nil
}

// String is the key as it is written on the telephone.
func (k Key) String() string { return string(rune(k)) }

// MarshalText is String.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Priority is how bad a problem is: 1, urgent, to 4, low. Written P1 to P4.
type Priority int

// UnmarshalText reads P1 to P4.
func (p *Priority) UnmarshalText(text []byte) error {
	if len(text) != 2 || text[0] != 'P' || text[1] < '1' || text[1] > '4' {
		return &malformed{"is not a priority", "choose one of P1, P2, P3 and P4"}
	}
	*p = Priority(text[1] - '0')
	return nil
}

// String is the written form.
func (p Priority) String() string { return "P" + strconv.Itoa(int(p)) }

// MarshalText is String.
func (p Priority) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// PortRange is a range of UDP ports, both ends in it.
type PortRange struct{ Min, Max uint16 }

// UnmarshalText reads "20000-29999". The first port is even, since RTP takes even ports (RFC 3550 section 11).
func (r *PortRange) UnmarshalText(text []byte) error {
	low, high, ok := strings.Cut(string(text), "-")
	first, errLow := strconv.ParseUint(strings.TrimSpace(low), 10, 16)
	last, errHigh := strconv.ParseUint(strings.TrimSpace(high), 10, 16)
	if !ok || errLow != nil || errHigh != nil {
		return &malformed{"is not a range of ports", "write first and last port, from 1024 to 65535, like 20000-29999"}
	}
	switch {
	case first < 1024:
		return &malformed{"begins with ports of the system", "begin at 1024 or later"}
	case first%2 != 0:
		return &malformed{"begins with an odd port", fmt.Sprintf("begin at %d: sound takes the even port, its statistics the odd one above", first+1)}
	case last < first+1:
		return &malformed{"holds no pair of ports", fmt.Sprintf("end at %d or later", first+1)}
	}
	r.Min, r.Max = uint16(first), uint16(last)
	return nil
}

// Calls is how many calls at once the range has ports for.
func (r PortRange) Calls() int { return (int(r.Max) - int(r.Min) + 1) / 2 }

// String is the written form.
func (r PortRange) String() string { return fmt.Sprintf("%d-%d", r.Min, r.Max) }

// MarshalText is String.
func (r PortRange) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Share is a part of a whole: more than 0, at most 1.
type Share float64

// UnmarshalText reads a decimal number, like 0.75.
func (s *Share) UnmarshalText(text []byte) error {
	share, err := strconv.ParseFloat(string(text), 64)
	switch {
	case err != nil:
		return &malformed{"is not a share", "write a number above 0, at most 1, like 0.75"}
	case !(share > 0 && share <= 1): // also for what is no number
		return &malformed{"is out of range", "write a number above 0, at most 1, like 0.75"}
	}
	*s = Share(share)
	return nil
}

// String is the written form.
func (s Share) String() string { return strconv.FormatFloat(float64(s), 'g', -1, 64) }

// MarshalText is String.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Path is a file that is named in the configuration: absolute, or from the directory of the file that names it.
type Path string

// Size is an amount of memory or disk, in bytes.
type Size int64

// The sizes that are allowed. Units are powers of ten.
const (
	minSize Size = 1e6
	maxSize Size = 1e12
)

// UnmarshalText reads a whole number with its unit: 200MB, 1GB.
func (s *Size) UnmarshalText(text []byte) error {
	wrong := &malformed{"is not a size", "write a whole number with its unit, from 1MB to 1000GB, like 500MB or 1GB"}
	for unit, bytes := range map[string]Size{"MB": 1e6, "GB": 1e9} {
		number, ok := strings.CutSuffix(string(text), unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 20)
		if size := Size(n) * bytes; err == nil && size >= minSize && size <= maxSize {
			*s = size
			return nil
		}
	}
	return wrong
}

// String is the written form.
func (s Size) String() string {
	if s%1e9 == 0 {
		return fmt.Sprintf("%dGB", s/1e9)
	}
	return fmt.Sprintf("%dMB", s/1e6)
}

// MarshalText is String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Media says where the sound of a trunk may come from and go to. The zero value leaves it to the trunk's networks.
type Media struct {
	Any      bool
	Networks []netip.Prefix
}

// MarshalYAML writes what is read: the word any, or the list.
func (m Media) MarshalYAML() (any, error) {
	if m.Any {
		return "any", nil
	}
	return m.Networks, nil
}

// parseNetwork reads a network, or one address as a network of one.
func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, &malformed{"is not a network", "write address and prefix length, like 192.0.2.0/28"}
	}
	if network.Addr().Is4In6() {
		return netip.Prefix{}, &malformed{"is an IPv4 network in IPv6 clothes", "write it as IPv4, like 192.0.2.0/28"}
	}
	if network != network.Masked() {
		return netip.Prefix{}, &malformed{"is an address inside a network", fmt.Sprintf("write %s for the network or %s for the address", network.Masked(), network.Addr())}
	}
	return network, nil
}

// parseAddrPort reads a listen address.
func parseAddrPort(text string) (netip.AddrPort, error) {
	if address, err := netip.ParseAddrPort(text); err == nil {
		return address, nil
	}
	fix := "write an IP address and a port, like 127.0.0.1:5060 or [::1]:5060"
	if _, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPort{}, &malformed{"has no port", fix}
	}
	if host, port, ok := strings.Cut(text, ":"); ok {
		switch host {
		case "":
			fix = "write 0.0.0.0:" + port + " for every IPv4 address, or one address of this machine"
		case "localhost":
			fix = "write 127.0.0.1:" + port
		}
	}
	return netip.AddrPort{}, &malformed{"is not an address to listen on", fix}
}

// parseAddr reads an IP address; empty text is the zero address.
func parseAddr(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, &malformed{"is not an IP address", "write it like 192.0.2.10 or 2001:db8::10"}
	}
	return address, nil
}
