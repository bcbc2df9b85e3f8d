package tickets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest texts kept of a call, in bytes. What a carrier sent beyond them is cut, not refused: a ticket is
// worth more than the end of a header.
const (
	maxCallKey = 200
	maxShort   = 100
	maxLong    = 1000
	maxNote    = 10_000
)

// checkText refuses what an administrator can mend: too long, not UTF-8, or with characters that do not show.
func checkText(field, s string, limit int) error {
	switch {
	case len(s) > limit:
		return fmt.Errorf("%s: %w: it has %d bytes, shorten it to %d", field, ErrInvalid, len(s), limit)
	case !utf8.ValidString(s):
		return fmt.Errorf("%s: %w: it is not UTF-8, save the file as UTF-8", field, ErrInvalid)
	case strings.ContainsFunc(s, unseen):
		return fmt.Errorf("%s %.60q: %w: it has control or bidirectional characters, remove them", field, s, ErrInvalid)
	}
	return nil
}

// clean makes text from outside fit to keep: valid UTF-8, nothing that does not show, at most limit bytes.
func clean(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if r, size := utf8.DecodeLastRuneInString(s); r == utf8.RuneError && size == 1 {
			s = s[:len(s)-1]
		}
	}
	shown := strings.Map(func(r rune) rune {
		if unseen(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
	return shown
}

// unseen tells characters that change how the text around them is shown: controls, line and paragraph
// separators, and the bidirectional marks, embeddings, overrides and isolates of Unicode annex 9.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// cleanKey makes a call key that is safe to keep and still tells calls apart: a long or odd one becomes its digest.
func cleanKey(key string) (string, error) {
	if key == "" {
		return "", fmt.Errorf("call key: %w: it is empty, give what is unique of the call", ErrInvalid)
	}
	if len(key) <= maxCallKey && !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return key, nil
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// phoneOrNone keeps a telephone number only when it is one: everything else a carrier may have sent is no number.
func phoneOrNone(s string) string {
	if isE164(s) {
		return s
	}
	return ""
}
