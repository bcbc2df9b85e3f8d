package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseCues(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		want   []cue
		fails  bool
	}{
		"keys on cue":    {script: "menu-support:2  account:30471234#", want: []cue{{prompt: "menu-support", keys: "2"}, {prompt: "account", keys: "30471234#"}}},
		"keys at once":   {script: "2", want: []cue{{keys: "2"}}},
		"speak":          {script: "tone:speak", want: []cue{{prompt: "tone", speak: true}}},
		"hang up":        {script: "severity:hangup", want: []cue{{prompt: "severity", hangup: true}}},
		"nothing at all": {},
		"not a key":      {script: "menu:2x", fails: true},
		"no action":      {script: "menu:", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseCues(test.script)
			if (err != nil) != test.fails {
				t.Fatalf("parseCues(%q) fails with %v; want failure %t", test.script, err, test.fails)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(cue{})); diff != "" {
				t.Errorf("parseCues(%q): want -, got +\n%s", test.script, diff)
			}
		})
	}
}

func TestCueNeverShowsAPIN(t *testing.T) {
	if got := (cue{prompt: "pin", keys: "246810#"}).shown(); got != "••••••#" {
		t.Errorf("shown() = %q; want ••••••#", got)
	}
}
