package tickets

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestCleanTextIsFitToKeep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		limit := rapid.IntRange(0, 60).Draw(t, "limit")
		got := clean(s, limit)
		switch {
		case len(got) > limit:
			t.Errorf("%q has %d bytes, want at most %d", got, len(got), limit)
		case !utf8.ValidString(got) || strings.ContainsFunc(got, unseen):
			t.Errorf("%q is not clean", got)
		case clean(got, limit) != got:
			t.Errorf("%q is cleaned to %q the second time", got, clean(got, limit))
		}
	})
	for s, want := range map[string]string{"": "", "plain text": "plain text", "Ünï €": "Ünï €", "a\x00b\nc\u202ed\u2028": "a?b?c?d?", "\xff": "?"} {
		if got := clean(s, 100); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func TestCallKeysStayApart(t *testing.T) {
	seen := map[string]string{}
	for _, key := range []string{"a84b4c76e66710@192.0.2.4", "A84b4c76e66710@192.0.2.4", "a b", "a\x00b", "a\nb", "é", strings.Repeat("k", 200), strings.Repeat("k", 201), strings.Repeat("k", 9000)} {
		got, err := cleanKey(key)
		if err != nil || got == "" || len(got) > maxCallKey {
			t.Errorf("%.40q: got %q, %v", key, got, err)
		}
		if other, twice := seen[got]; twice {
			t.Errorf("%.40q and %.40q share %q", key, other, got)
		}
		seen[got] = key
		if again, _ := cleanKey(got); again != got {
			t.Errorf("%q: got %q the second time", got, again)
		}
	}
}
