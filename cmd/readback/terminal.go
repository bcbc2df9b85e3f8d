package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// terminalWidth is how many columns there are; 0 where nobody looks.
func terminalWidth(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// shown is text from outside as a terminal may get it: what does not print, or changes the direction of what does, is
// escaped as Go escapes it.
func shown(s string) string {
	if !strings.ContainsFunc(s, unprintable) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !unprintable(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// columns is how much room a text takes; ideographs and what is as wide take two.
func columns(s string) (n int) {
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// fit cuts a text to a width; 0 cuts nothing.
func fit(s string, width int) string {
	if width <= 0 || columns(s) <= width {
		return s
	}
	room := width - 1
	for i, r := range s {
		if room -= runeColumns(r); room < 0 {
			return s[:i] + "…"
		}
	}
	return s
}

// wrap breaks a text at blanks into lines of a width, each behind an indent.
func wrap(s string, width int, indent string) string {
	var b strings.Builder
	used := 0
	for _, word := range strings.Fields(s) {
		if used > 0 && used+1+columns(word) > width-len(indent) {
			b.WriteString("\n" + indent)
			used = 0
		} else if used > 0 {
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += columns(word)
	}
	return b.String()
}
