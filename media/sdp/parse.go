package sdp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// description is what a peer's body says, as far as it matters to us.
type description struct {
	origin  string // id, version and address: another value is another description
	lines   []mediaLine
	streams []stream // one a line; usable only where there is audio
}

// stream is an audio stream of a description.
type stream struct {
	usable    bool // audio over RTP, a port, an address
	secure    bool // its protocol is that of SRTP
	crypto    []cryptoLine
	addr      netip.AddrPort
	rtcp      netip.AddrPort
	mux       bool // a=rtcp-mux
	onHold    bool // c= is the unspecified address (RFC 3264 section 8.4)
	formats   []Format
	ptime     int // ms; 0 when not said
	maxptime  int
	direction Direction
}

func parse(body []byte) (*description, error) {
	text, lines, err := tidy(body)
	if err != nil {
		return nil, err
	}
	var raw sdp.SessionDescription
	if err := raw.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	if len(raw.MediaDescriptions) != len(lines) {
		return nil, fmt.Errorf("%w: %d of %d streams could be read", ErrSyntax, len(raw.MediaDescriptions), len(lines))
	}
	d := &description{lines: lines, origin: raw.Origin.String()}
	for i, m := range raw.MediaDescriptions {
		s := readStream(&raw, m)
		s.secure = secureRTP(lines[i].proto)
		d.streams = append(d.streams, s)
	}
	return d, nil
}

func readStream(session *sdp.SessionDescription, m *sdp.MediaDescription) stream {
	if m.MediaName.Media != "audio" || m.MediaName.Port.Value <= 0 || m.MediaName.Port.Value > 0xFFFF {
		return stream{}
	}
	addr, ok := address(session.ConnectionInformation, m.ConnectionInformation)
	if !ok {
		return stream{}
	}
	port := uint16(m.MediaName.Port.Value)
	s := stream{usable: true, addr: netip.AddrPortFrom(addr, port), onHold: addr.IsUnspecified()}
	s.formats = readFormats(m)
	s.direction = readDirection(session.Attributes, m.Attributes)
	s.ptime = milliseconds(m, "ptime")
	s.maxptime = milliseconds(m, "maxptime")
	_, s.mux = m.Attribute("rtcp-mux")
	s.rtcp = readRTCP(m, s.addr)
	s.crypto = readCrypto(m)
	return s
}

// address is the one of the stream's c= line, else the session's. Names are not looked up and groups not joined.
func address(session, media *sdp.ConnectionInformation) (netip.Addr, bool) {
	c := media
	if c == nil {
		c = session
	}
	if c == nil || c.Address == nil {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(strings.TrimSpace(c.Address.Address))
	if err != nil || addr.IsMulticast() || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// readFormats lists what we can use, in the peer's order (RFC 3264 section 5.1: the first is liked best).
func readFormats(m *sdp.MediaDescription) []Format {
	maps := rtpmaps(m)
	var out []Format
	for _, token := range m.MediaName.Formats {
		n, err := strconv.ParseUint(token, 10, 7)
		if err != nil {
			continue
		}
		f, known := static[uint8(n)]
		if name, mapped := maps[uint8(n)]; mapped {
			f, known = formatNamed(name)
		}
		if f.Number = uint8(n); known {
			out = append(out, f)
		}
	}
	return out
}

// rtpmaps are the stream's a=rtpmap lines: payload type to name and rate.
func rtpmaps(m *sdp.MediaDescription) map[uint8]string {
	maps := map[uint8]string{}
	for _, a := range m.Attributes {
		number, name, ok := strings.Cut(a.Value, " ")
		if a.Key != "rtpmap" || !ok {
			continue
		}
		if n, err := strconv.ParseUint(number, 10, 7); err == nil {
			maps[uint8(n)] = strings.TrimSuffix(strings.TrimSpace(name), "/1")
		}
	}
	return maps
}

// formatNamed is what an a=rtpmap calls so; all we use have the clock rate 8000.
func formatNamed(rtpmap string) (f Format, known bool) {
	name, rate, _ := strings.Cut(rtpmap, "/")
	f = Format{
		Codec:  CodecNamed(name),
		Events: strings.EqualFold(name, "telephone-event"),
		Noise:  strings.EqualFold(name, "CN"),
	}
	return f, rate == "8000" && (f.Codec != None || f.Events || f.Noise)
}

// milliseconds reads a=ptime and a=maxptime; some peers write fractions.
func milliseconds(m *sdp.MediaDescription, key string) int {
	value, _ := m.Attribute(key)
	ms, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(ms > 0 && ms < 10000) {
		return 0
	}
	return int(ms)
}

// readRTCP is a=rtcp (RFC 3605), else the port above.
func readRTCP(m *sdp.MediaDescription, rtp netip.AddrPort) netip.AddrPort {
	next := netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
	value, ok := m.Attribute("rtcp")
	f := strings.Fields(value)
	if !ok || len(f) == 0 {
		return next
	}
	port, err := strconv.ParseUint(f[0], 10, 16)
	if err != nil || port == 0 {
		return next
	}
	addr := rtp.Addr()
	if len(f) == 4 {
		if a, err := netip.ParseAddr(f[3]); err == nil {
			addr = a.Unmap()
		}
	}
	return netip.AddrPortFrom(addr, uint16(port))
}
