package main

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// numbering knows the world's telephone numbers; it is the script's ivr.Numbering.
type numbering struct{}

// Parse reads digits typed on a telephone in a region such as "GB" and gives them in E.164.
func (numbering) Parse(typed, region string) (e164 string, ok bool) {
	number, err := phonenumbers.Parse(typed, region)
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

// Groups splits a number into the groups of digits in which its own country says it: in national
// format for callers of that region, else with the country code first.
func (numbering) Groups(e164, region string) []string {
	number, err := phonenumbers.Parse(e164, region)
	if err != nil {
		return []string{digitsOf(e164)}
	}
	format := phonenumbers.INTERNATIONAL
	if phonenumbers.GetRegionCodeForNumber(number) == region {
		format = phonenumbers.NATIONAL
	}
	return strings.FieldsFunc(phonenumbers.Format(number, format), func(r rune) bool { return !unicode.IsDigit(r) })
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}
