// Package say turns values into the names of the snippets that speak them.
//
// A value is spoken by playing whole recorded snippets ("digit-4", "number-23", "within-4h") with
// pauses between them. Everything here is a pure function of a locale ("en-US", "en-GB", "en-AU",
// "fr-FR") and a value; what a snippet sounds like (zee or zed, pound or hash or dièse) is a matter of
// the locale's sound pack. Snippets lists every name the functions can return.
//
// The last digit of a run is spoken with falling intonation ("digit-6-end"), all others level, so that
// a listener who writes along hears where the number ends.
package say

import (
	"fmt"
	"strings"
	"time"
)

// Pauses between what is spoken, for a caller who writes it down.
const (
	BetweenDigits = 120 * time.Millisecond
	BetweenGroups = 350 * time.Millisecond
)

// A Token is a snippet of the locale's pack, or a silence: exactly one of the fields is set.
type Token struct {
	Name string
	Gap  time.Duration
}

// Digits speaks s one key after another: digits, and * and # by their names in the locale.
// Any other character (a space, a hyphen) is not spoken.
func Digits(_ string, s string) []Token {
	return groups([]string{s}, digitByDigit)
}

// TicketNumber speaks a number of eight digits four and four, digit by digit in every locale.
func TicketNumber(_ string, number string) ([]Token, error) {
	if len(number) != 8 || strings.Trim(number, "0123456789") != "" {
		return nil, fmt.Errorf("say ticket number %q: it must be eight digits", number)
	}
	return groups([]string{number[:4], number[4:]}, digitByDigit), nil
}

// Phone speaks a telephone number in the groups of its national format. A French speaker says the
// pairs of a French number as cardinals ("01 23" is zéro un, vingt-trois); all else is digit by digit.
func Phone(locale string, national []string) []Token {
	if language(locale) == "fr" && allPairs(national) {
		return groups(national, pair)
	}
	return groups(national, digitByDigit)
}

// Letters spells s. A digit among the letters is spoken as a digit; other characters are not spoken.
func Letters(_ string, s string) []Token {
	return groups([]string{s}, func(s string) []string {
		var names []string
		for _, r := range strings.ToLower(s) {
			switch {
			case r >= 'a' && r <= 'z':
				names = append(names, "letter-"+string(r))
			case r >= '0' && r <= '9':
				names = append(names, "digit-"+string(r))
			}
		}
		return names
	})
}

// Cardinal speaks a whole number from 0 to 99.
func Cardinal(_ string, n int) ([]Token, error) {
	if n < 0 || n > 99 {
		return nil, fmt.Errorf("say number %d: only 0 to 99 are recorded", n)
	}
	return []Token{{Name: number(n)}}, nil
}

// groups joins the snippets of each group with short pauses and the groups with longer ones. The last
// snippet of all falls, where a falling form exists.
func groups(parts []string, names func(string) []string) []Token {
	var tokens []Token
	for _, part := range parts {
		gap := BetweenGroups
		for _, name := range names(part) {
			if len(tokens) > 0 {
				tokens = append(tokens, Token{Gap: gap})
			}
			tokens = append(tokens, Token{Name: name})
			gap = BetweenDigits
		}
	}
	if n := len(tokens); n > 0 && strings.HasPrefix(tokens[n-1].Name, "digit-") {
		tokens[n-1].Name += "-end"
	}
	return tokens
}

// digitByDigit names the snippets of keys spoken one by one.
func digitByDigit(s string) []string {
	var names []string
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			names = append(names, "digit-"+string(r))
		case r == '*':
			names = append(names, "key-star")
		case r == '#':
			names = append(names, "key-pound")
		}
	}
	return names
}

// pair names the snippets of two digits spoken as a French speaker does: a cardinal, or digit by digit
// when the first is a zero.
func pair(s string) []string {
	if s[0] == '0' {
		return digitByDigit(s)
	}
	return []string{"number-" + s}
}

func allPairs(parts []string) bool {
	for _, part := range parts {
		if len(part) != 2 || strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return true
}

func number(n int) string { return fmt.Sprintf("number-%d", n) }

// language is the first part of a locale: "fr" of "fr-FR".
func language(locale string) string {
	tag, _, _ := strings.Cut(locale, "-")
	return tag
}
