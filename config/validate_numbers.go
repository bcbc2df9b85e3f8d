package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// numbers checks the telephone numbers and writes them as E.164.
func (r *reader) numbers() {
	taken := map[string]string{}
	names := make([]string, 0, len(r.config.Trunks))
	for _, trunk := range r.config.Trunks {
		names = append(names, trunk.Name)
	}
	for i := range r.config.Numbers {
		n, path := &r.config.Numbers[i], fmt.Sprintf("numbers[%d]", i)
		if n.Number != "" && n.Country != "" && !r.problems.broken(path+".country") && r.country(path+".country", n.Country) {
			r.number(path, n)
		}
		if other, ok := taken[n.Number]; ok && n.Number != "" {
			r.report(path+".number", r.shown(path+".number")+" is already "+other, "remove one of the two")
		} else {
			taken[n.Number] = path + ".number"
		}
		if _, err := time.LoadLocation(n.TimeZone); err != nil || n.TimeZone == "Local" {
			r.report(path+".time_zone", r.shown(path+".time_zone")+" is not a time zone", "write its IANA name, like Europe/London")
		}
		for j, name := range n.Trunks {
			if !slices.Contains(names, name) {
				at := fmt.Sprintf("%s.trunks[%d]", path, j)
				r.report(at, r.shown(at)+" is no trunk of this file", suggestion(nearest(name, names), names))
			}
		}
	}
}

// number checks one telephone number and writes it as E.164.
func (r *reader) number(path string, n *Number) {
	at := path + ".number"
	parsed, err := phonenumbers.Parse(n.Number, n.Country)
	if err != nil || !plain(n.Number) {
		message := " is not a telephone number"
		if errors.Is(err, phonenumbers.ErrInvalidCountryCode) {
			message = " has no known country code"
		}
		r.report(at, r.shown(at)+message, example(n.Country))
		return
	}
	if !phonenumbers.IsValidNumberForRegion(parsed, n.Country) {
		r.wrongNumber(path, n, parsed)
		return
	}
	e164 := phonenumbers.Format(parsed, phonenumbers.E164)
	if !strings.HasPrefix(strings.TrimSpace(n.Number), "+") {
		r.report(at, r.shown(at)+" has no country code", "write it as "+e164)
		return
	}
	n.Number = e164
}

// wrongNumber reports a number that is not one of its country, and how.
func (r *reader) wrongNumber(path string, n *Number, parsed *phonenumbers.PhoneNumber) {
	at := path + ".number"
	if region := phonenumbers.GetRegionCodeForNumber(parsed); region != "" && region != "ZZ" {
		r.report(path+".country", fmt.Sprintf("%s is not the country of %s", r.shown(path+".country"), r.shown(at)), "write "+region)
		return
	}
	message := "is not %s number"
	switch phonenumbers.IsPossibleNumberWithReason(parsed) {
	case phonenumbers.TOO_SHORT:
		message = "is too short for %s number"
	case phonenumbers.TOO_LONG:
		message = "is too long for %s number"
	case phonenumbers.INVALID_COUNTRY_CODE:
		message = "has the country code of no country, not that of %s number"
	}
	r.report(at, r.shown(at)+" "+fmt.Sprintf(message, nationality(n.Country)), example(n.Country))
}

// plain reports whether text holds only what a written number does: no letters (vanity numbers), no extension.
func plain(text string) bool {
	return len(text) <= 40 && strings.Trim(text, "+0123456789 ()-./") == "" && !strings.Contains(strings.Trim(text, "+0123456789 "), "+") && strings.LastIndexByte(text, '+') <= strings.IndexAny(text, "+0123456789")
}

// example tells how a number of a country is written.
func example(country string) string {
	if number := phonenumbers.GetExampleNumberForType(country, phonenumbers.TOLL_FREE); number != nil {
		return "write it with its country code, like " + phonenumbers.Format(number, phonenumbers.E164)
	}
	return "write it with its country code, like +611800768027"
}

// nationality is the words before "number", for the countries we know best.
func nationality(country string) string {
	switch country {
	case "AU":
		return "an Australian"
	case "CA":
		return "a Canadian"
	case "DE":
		return "a German"
	case "FR":
		return "a French"
	case "GB":
		return "a British"
	case "IE":
		return "an Irish"
	case "NZ":
		return "a New Zealand"
	case "US":
		return "a US"
	}
	return "a " + country
}
