package sdp

import (
	"fmt"
	"strings"
)

const (
	// MaxSize bounds a description, in bytes.
	MaxSize = 16 << 10
	// maxMedia bounds its m-lines.
	maxMedia = 16
)

// mediaLine is an m-line as it was written.
type mediaLine struct{ media, port, proto, formats string }

// lines are the lines of the session or of one stream, by type.
type lines map[byte][]string

// tidy makes what real peers send parseable (RFC 8866 section 5): any line ending, lines missing or in any order,
// unknown types. It keeps what the answer depends on. The text has a placeholder for every stream that is not audio;
// the m-lines come back as they were written.
func tidy(body []byte) (text string, streams []mediaLine, err error) {
	session, media, err := split(body)
	if err != nil {
		return "", nil, err
	}
	var b strings.Builder
	writeLine(&b, session, 'v', "0")
	writeLine(&b, session, 'o', "- 0 0 IN IP4 0.0.0.0")
	writeLine(&b, session, 's', "-")
	writeLine(&b, session, 'c', "")
	writeLine(&b, session, 't', "0 0")
	writeAll(&b, session, 'a')
	for _, m := range media {
		line, err := parseMediaLine(m['m'][0])
		if err != nil {
			return "", nil, err
		}
		streams = append(streams, line)
		if line.media != "audio" || !plainRTP(line.proto) && !secureRTP(line.proto) {
			b.WriteString("m=application 0 RTP/AVP 0\r\n")
			continue
		}
		fmt.Fprintf(&b, "m=audio %s RTP/AVP %s\r\n", line.port, line.formats)
		writeLine(&b, m, 'c', "")
		writeAll(&b, m, 'a')
	}
	return b.String(), streams, nil
}

// split sorts the lines of a body into the session and its streams.
func split(body []byte) (session lines, media []lines, err error) {
	if len(body) > MaxSize {
		return nil, nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrSyntax, len(body), MaxSize)
	}
	session = lines{}
	current := session
	for line := range strings.Lines(strings.ReplaceAll(string(body), "\r", "\n")) {
		line = strings.Trim(line, " \t\n\x00")
		if len(line) < 2 || line[1] != '=' {
			continue
		}
		kind, value := line[0], strings.TrimSpace(line[2:])
		if kind == 'm' {
			if len(media) == maxMedia {
				return nil, nil, fmt.Errorf("%w: more than %d streams", ErrSyntax, maxMedia)
			}
			current = lines{}
			media = append(media, current)
		}
		current[kind] = append(current[kind], value)
	}
	if len(media) == 0 {
		return nil, nil, fmt.Errorf("%w: it has no m= line", ErrSyntax)
	}
	return session, media, nil
}

func parseMediaLine(value string) (mediaLine, error) {
	f := strings.Fields(value)
	if len(f) < 4 {
		return mediaLine{}, fmt.Errorf("%w: m=%.80s; want media, port, protocol and formats", ErrSyntax, value)
	}
	return mediaLine{media: f[0], port: f[1], proto: f[2], formats: strings.Join(f[3:], " ")}, nil
}

// plainRTP reports whether a protocol is RTP without encryption; with feedback (RFC 4585) is as good.
func plainRTP(proto string) bool { return proto == "RTP/AVP" || proto == "RTP/AVPF" }

// secureRTP is the same for RTP with it (RFC 3711 section 12, RFC 5124).
func secureRTP(proto string) bool { return proto == "RTP/SAVP" || proto == "RTP/SAVPF" }

// writeLine writes the first line of a type, or its default; an empty default is no line.
func writeLine(b *strings.Builder, l lines, kind byte, missing string) {
	value := missing
	if len(l[kind]) > 0 && l[kind][0] != "" {
		value = l[kind][0]
	}
	if value != "" {
		fmt.Fprintf(b, "%c=%s\r\n", kind, value)
	}
}

func writeAll(b *strings.Builder, l lines, kind byte) {
	for _, value := range l[kind] {
		if value != "" {
			fmt.Fprintf(b, "%c=%s\r\n", kind, value)
		}
	}
}
