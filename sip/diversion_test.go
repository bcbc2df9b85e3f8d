package sip

import (
	"fmt"
	"strings"
	"testing"
)

// told is a list of diversions in short.
func told(list []Diversion) string {
	var s []string
	for _, d := range list {
		one := orDefault(d.Number, "-") + " " + d.Reason
		if d.Private {
			one += " private"
		}
		if d.Count > 1 {
			one += fmt.Sprintf(" x%d", d.Count)
		}
		s = append(s, one)
	}
	return strings.Join(s, ", ")
}

func TestDiversion_RFC5806_4_6(t *testing.T) {
	for name, tt := range map[string]struct{ headers, want, original string }{
		"none":                       {"", "", ""},
		"one":                        {"Diversion: <tel:+14155550001>;reason=user-busy\r\n", "+14155550001 user-busy", "+14155550001"},
		"every form of it":           {"Diversion: \"Bob, A\" <sip:4155550001@h;user=phone>;Reason=\"No-Answer\";counter=1;screen=no;limit=5\r\n", "+14155550001 no-answer", "+14155550001"},
		"several in one header":      {"Diversion: <tel:+14155550002>;reason=no-answer, <tel:+14155550001>;reason=unconditional\r\n", "+14155550001 unconditional, +14155550002 no-answer", "+14155550001"},
		"several headers":            {"Diversion: <tel:+14155550003>;reason=deflection\r\nDiversion: <tel:+14155550002>;reason=no-answer, <tel:+14155550001>;reason=unconditional\r\n", "+14155550001 unconditional, +14155550002 no-answer, +14155550003 deflection", "+14155550001"},
		"one that stands for three":  {"Diversion: <tel:+14155550001>;reason=follow-me;counter=3\r\n", "+14155550001 follow-me x3", "+14155550001"},
		"a counter that is none":     {"Diversion: <tel:+14155550001>;reason=away;counter=9999999999\r\n", "+14155550001 away", "+14155550001"},
		"no reason":                  {"Diversion: <tel:+14155550001>\r\n", "+14155550001 unknown", "+14155550001"},
		"a reason that is no word":   {"Diversion: <tel:+14155550001>;reason=\"<script>\"\r\n", "+14155550001 unknown", "+14155550001"},
		"a reason without end":       {"Diversion: <tel:+14155550001>;reason=" + strings.Repeat("x", maxReasonWord+1) + "\r\n", "+14155550001 unknown", "+14155550001"},
		"a private one":              {"Diversion: <tel:+14155550001>;reason=user-busy;privacy=\"full\"\r\n", "- user-busy private", ""},
		"a private name":             {"Diversion: <tel:+14155550001>;reason=user-busy;privacy=name\r\n", "+14155550001 user-busy", "+14155550001"},
		"no number":                  {"Diversion: <sip:bob@h>;reason=user-busy\r\n", "- user-busy", ""},
		"a broken one between":       {"Diversion: <tel:+14155550002>;reason=away, bob, <tel:+14155550001>;reason=away\r\n", "+14155550001 away, +14155550002 away", "+14155550001"},
		"the called number led here": {"Diversion: <tel:+18887999666>;reason=unconditional, <tel:+14155550001>;reason=away\r\n", "+14155550001 away", "+14155550001"},
		"only that":                  {"Diversion: <tel:+18887999666>;reason=unconditional\r\n", "", ""},
	} {
		m := invite()
		m.headers = tt.headers
		got, _ := identityOf(t, m, Trunk{}, nil)
		if told(got.Diversions) != tt.want || got.OriginalCalled != tt.original {
			t.Errorf("%s: %s, originally %q; want %s, %q", name, told(got.Diversions), got.OriginalCalled, tt.want, tt.original)
		}
	}
}

func TestTooManyDiversions(t *testing.T) {
	m := invite()
	for i := range 2 * maxAddresses {
		m.headers += fmt.Sprintf("Diversion: <tel:+1415555%04d>;reason=away\r\n", i)
	}
	got, _ := identityOf(t, m, Trunk{}, nil)
	if len(got.Diversions) != maxDiversions || got.Diversions[maxDiversions-1].Number != "+14155550000" {
		t.Errorf("kept %s", told(got.Diversions))
	}
}
