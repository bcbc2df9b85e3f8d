package media

import (
	"strings"
)

// Info takes the body of a SIP INFO request: application/dtmf-relay ("Signal=5") or application/dtmf ("5"). It reports
// whether that was a key.
func (s *Session) Info(contentType string, body []byte) bool {
	key, ok := parseInfo(contentType, body)
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.press(key, byInfo)
	}
	return true
}

// maxInfo bounds the bodies looked at.
const maxInfo = 1024

func parseInfo(contentType string, body []byte) (Key, bool) {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if kind != "application/dtmf-relay" && kind != "application/dtmf" || len(body) > maxInfo {
		return 0, false
	}
	for line := range strings.Lines(string(body)) {
		name, value, ok := strings.Cut(line, "=")
		if ok && strings.EqualFold(strings.TrimSpace(name), "signal") {
			return signal(value)
		}
	}
	return signal(string(body))
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
