package main

import "testing"

func TestReportFindsTheTicketNumberThatWasHeard(t *testing.T) {
	for name, test := range map[string]struct {
		heard []string
		want  string
	}{
		"the whole number":                      {[]string{"callback-is", "digit-4", "ticket-registered", "digit-1", "digit-0", "digit-0", "digit-0", "digit-0", "digit-0", "digit-1", "digit-9-end"}, ""},
		"nothing announced":                     {[]string{"digit-1", "digit-2"}, ""},
		"once in pieces, the second time whole": {[]string{"ticket-registered", "digit-1", "ticket-repeat"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			report := newReport("")
			for _, prompt := range test.heard {
				report.hear(heardPrompt{Name: prompt})
			}
			if got := report.ticketNumber(); string(got) != test.want {
				t.Errorf("ticketNumber() = %q; want %q", got, test.want)
			}
		})
	}
}
