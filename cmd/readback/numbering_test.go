package main

import (
	"slices"
	"testing"
)

func TestNumberingParsesWhatACallerTypes(t *testing.T) {
	for name, test := range map[string]struct{ typed, region, want string }{
		"US with area code":     {"4155550100", "US", "+14155550100"},
		"US with leading 1":     {"14155550100", "US", "+14155550100"},
		"Australian mobile":     {"0412345678", "AU", "+61412345678"},
		"Australian 1300":       {"1300975707", "AU", "+611300975707"},
		"London":                {"02038905445", "GB", "+442038905445"},
		"abroad from the UK":    {"0033142685300", "GB", "+33142685300"},
		"abroad from Australia": {"001114155550100", "AU", "+14155550100"},
		"too short":             {"555", "US", ""},
		"nothing":               {"", "US", ""},
		"all zeros":             {"0000000000", "US", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := numbering{}.Parse(test.typed, test.region)
			if got != test.want || ok != (test.want != "") {
				t.Errorf("Parse(%q, %q) = %q, %t; want %q", test.typed, test.region, got, ok, test.want)
			}
		})
	}
}

func TestNumberingGroupsAsTheCountryDoes(t *testing.T) {
	for name, test := range map[string]struct {
		number, region string
		want           []string
	}{
		"US at home":       {"+14155550100", "US", []string{"415", "555", "0100"}},
		"US from Britain":  {"+14155550100", "GB", []string{"1", "415", "555", "0100"}},
		"London":           {"+442038905445", "GB", []string{"020", "3890", "5445"}},
		"Australia mobile": {"+61412345678", "AU", []string{"0412", "345", "678"}},
		"France":           {"+33142685300", "FR", []string{"01", "42", "68", "53", "00"}},
		"not a number":     {"+", "US", []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (numbering{}).Groups(test.number, test.region); !slices.Equal(got, test.want) {
				t.Errorf("Groups(%q, %q) = %q; want %q", test.number, test.region, got, test.want)
			}
		})
	}
}
