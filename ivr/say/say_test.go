package say_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/ivr/say"
)

var locales = []string{"en-US", "en-GB", "en-AU", "fr-FR"}

// text writes tokens as a line: "digit-1 .120 digit-2-end", gaps in milliseconds.
func text(tokens []say.Token) string {
	var words []string
	for _, token := range tokens {
		if token.Name != "" {
			words = append(words, token.Name)
		}
		if token.Gap != 0 {
			words = append(words, fmt.Sprintf(".%d", token.Gap.Milliseconds()))
		}
	}
	return strings.Join(words, " ")
}

func TestTicketNumberIsFourAndFourWithFinalIntonation(t *testing.T) {
	want := "digit-4 .120 digit-8 .120 digit-2 .120 digit-1 .350 digit-5 .120 digit-9 .120 digit-0 .120 digit-6-end"
	for _, locale := range locales {
		tokens, err := say.TicketNumber(locale, "48215906")
		if got := text(tokens); err != nil || got != want {
			t.Errorf("TicketNumber(%s) = %q, %v, want %q", locale, got, err, want)
		}
	}
	for _, bad := range []string{"", "4821590", "482159061", "4821590x", "４８２１"} {
		if tokens, err := say.TicketNumber("en-US", bad); err == nil {
			t.Errorf("TicketNumber(%q) = %q, want an error", bad, text(tokens))
		}
	}
}

func TestDigits(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"nothing":             {"", ""},
		"one digit falls":     {"7", "digit-7-end"},
		"no double for a two": {"44", "digit-4 .120 digit-4-end"},
		"punctuation is mute": {"1-2 3", "digit-1 .120 digit-2 .120 digit-3-end"},
		"key names":           {"*2#", "key-star .120 digit-2 .120 key-pound"},
	}
	for name, test := range tests {
		for _, locale := range locales {
			if got := text(say.Digits(locale, test.in)); got != test.want {
				t.Errorf("%s: Digits(%s, %q) = %q, want %q", name, locale, test.in, got, test.want)
			}
		}
	}
}

func TestPhone(t *testing.T) {
	french := []string{"01", "23", "45", "80", "07"}
	byDigit := "digit-0 .120 digit-1 .350 digit-2 .120 digit-3 .350 digit-4 .120 digit-5 .350 digit-8 .120 digit-0 .350 digit-0 .120 digit-7-end"
	tests := []struct {
		locale string
		groups []string
		want   string
	}{
		{"en-US", []string{"415", "55"}, "digit-4 .120 digit-1 .120 digit-5 .350 digit-5 .120 digit-5-end"},
		{"en-US", french, byDigit},
		{"en-GB", french, byDigit},
		{"en-AU", french, byDigit},
		{"fr-FR", french, "digit-0 .120 digit-1 .350 number-23 .350 number-45 .350 number-80 .350 digit-0 .120 digit-7-end"},
		{"fr-FR", []string{"01", "00", "99"}, "digit-0 .120 digit-1 .350 digit-0 .120 digit-0 .350 number-99"},
		{"fr-FR", []string{"415", "55"}, "digit-4 .120 digit-1 .120 digit-5 .350 digit-5 .120 digit-5-end"},
		{"fr-FR", []string{"+1", "41"}, "digit-1 .350 digit-4 .120 digit-1-end"},
		{"fr-FR", nil, ""},
	}
	for _, test := range tests {
		if got := text(say.Phone(test.locale, test.groups)); got != test.want {
			t.Errorf("Phone(%s, %q) = %q, want %q", test.locale, test.groups, got, test.want)
		}
	}
}

func TestLetters(t *testing.T) {
	want := "letter-a .120 letter-z .120 digit-9-end"
	for _, locale := range locales {
		if got := text(say.Letters(locale, "Az-9é")); got != want {
			t.Errorf("Letters(%s) = %q, want %q", locale, got, want)
		}
	}
}

func TestCardinalIsOneSnippetUpTo99(t *testing.T) {
	for _, locale := range locales {
		for _, n := range []int{0, 21, 71, 80, 81, 99} {
			tokens, err := say.Cardinal(locale, n)
			if want := fmt.Sprintf("number-%d", n); err != nil || text(tokens) != want {
				t.Errorf("Cardinal(%s, %d) = %q, %v, want %q", locale, n, text(tokens), err, want)
			}
		}
		for _, n := range []int{-1, 100} {
			if tokens, err := say.Cardinal(locale, n); err == nil {
				t.Errorf("Cardinal(%s, %d) = %q, want an error", locale, n, text(tokens))
			}
		}
	}
}

func TestWithinIsExactOrAnError(t *testing.T) {
	tests := map[time.Duration]string{
		15 * time.Minute: "within-15m",
		time.Hour:        "within-1h",
		4 * time.Hour:    "within-4h",
		24 * time.Hour:   "within-24h",
		48 * time.Hour:   "within-48h",
		120 * time.Hour:  "within-5d",
		61 * time.Minute: "",
		0:                "",
		-time.Hour:       "",
	}
	for _, locale := range locales {
		for d, want := range tests {
			tokens, err := say.Within(locale, d)
			if text(tokens) != want || (err == nil) != (want != "") {
				t.Errorf("Within(%s, %v) = %q, %v, want %q", locale, d, text(tokens), err, want)
			}
		}
	}
}

func TestAgoIsTheNearestBoundThatHolds(t *testing.T) {
	tests := map[time.Duration]string{
		-time.Second:               "ago-5m", // a clock that runs ahead
		0:                          "ago-5m",
		5*time.Minute - 1:          "ago-5m",
		5 * time.Minute:            "ago-30m",
		59 * time.Minute:           "ago-1h",
		time.Hour:                  "ago-2h",
		23 * time.Hour:             "ago-1d",
		24 * time.Hour:             "ago-2d",
		47 * time.Hour:             "ago-2d",
		6 * 24 * time.Hour:         "ago-1w",
		7 * 24 * time.Hour:         "ago-more",
		100 * 365 * 24 * time.Hour: "ago-more",
	}
	for _, locale := range locales {
		for d, want := range tests {
			if got := text(say.Ago(locale, d)); got != want {
				t.Errorf("Ago(%s, %v) = %q, want %q", locale, d, got, want)
			}
		}
	}
}

func TestSnippetsHoldsWhateverCanBeSaid(t *testing.T) {
	for _, locale := range locales {
		names := say.Snippets(locale)
		var tokens []say.Token
		for n := range 100 {
			cardinal, _ := say.Cardinal(locale, n)
			tokens = append(tokens, cardinal...)
			tokens = append(tokens, say.Phone(locale, []string{fmt.Sprintf("%02d", n)})...)
			tokens = append(tokens, say.Digits(locale, fmt.Sprintf("*%02d#", n))...)
		}
		tokens = append(tokens, say.Letters(locale, "abcdefghijklmnopqrstuvwxyz")...)
		for minutes := range 5*24*60 + 1 {
			phrase, _ := say.Within(locale, time.Duration(minutes)*time.Minute)
			tokens = append(tokens, phrase...)
			tokens = append(tokens, say.Ago(locale, time.Duration(2*minutes)*time.Minute)...)
		}
		for _, token := range tokens {
			if token.Name != "" && !slices.Contains(names, token.Name) {
				t.Fatalf("%s: %s can be said but is not in Snippets", locale, token.Name)
			}
		}
		for _, name := range names {
			said := slices.ContainsFunc(tokens, func(token say.Token) bool { return token.Name == name })
			if !said {
				t.Errorf("%s: %s is in Snippets but can never be said", locale, name)
			}
		}
	}
}
