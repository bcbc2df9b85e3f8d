package media

import (
	"strconv"
	"strings"
	"time"
)

const (
	// maxInfo bounds the bodies looked at, in bytes.
	maxInfo = 1024
	// usualPress is how long a key was down whose duration is not said, and longestPress how much of one matters here.
	usualPress   = 100 * time.Millisecond
	longestPress = 200 * time.Millisecond
)

// Info takes the body of a SIP INFO request: application/dtmf-relay ("Signal=5", "Duration=160" in ms) or application/dtmf
// ("5"). It reports whether that was a key. Tones that were sent beside it are not to be heard in what is recorded.
func (s *Session) Info(contentType string, body []byte) bool {
	press, ok := parseInfo(contentType, body)
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return true
	}
	if s.in.begun {
		down := samplesIn(press.down)
		s.mute(s.in.timestamp-uint32(down), down)
	}
	s.press(press.key, byInfo)
	return true
}

// infoPress is a press as INFO describes it.
type infoPress struct {
	key  Key
	down time.Duration // up to longestPress
}

func parseInfo(contentType string, body []byte) (infoPress, bool) {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if kind != "application/dtmf-relay" && kind != "application/dtmf" || len(body) > maxInfo {
		return infoPress{}, false
	}
	sign, duration, fields := string(body), "", false
	for line := range strings.FieldsFuncSeq(string(body), func(r rune) bool { return r == '\r' || r == '\n' }) {
		name, value, ok := strings.Cut(line, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case ok && name == "signal" && fields:
			return infoPress{}, false // which of them?
		case ok && name == "signal":
			sign, fields = value, true
		case ok && name == "duration":
			duration = value
		}
	}
	key, ok := signal(sign)
	return infoPress{key, pressLength(duration)}, ok
}

// pressLength reads a number of milliseconds; of what is none, the usual.
func pressLength(value string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32)
	if err != nil {
		return usualPress
	}
	return min(time.Duration(n)*time.Millisecond, longestPress)
}

// signal reads a key by its sign or, as some phones write it, by its event number.
func signal(value string) (Key, bool) {
	switch value = strings.ToUpper(strings.TrimSpace(value)); value {
	case "10":
		return '*', true
	case "11":
		return '#', true
	case "12", "13", "14", "15":
		return Key('A' + value[1] - '2'), true
	}
	if len(value) != 1 {
		return 0, false
	}
	key := Key(value[0])
	_, ok := key.Event()
	return key, ok
}
