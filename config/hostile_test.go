package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestHostileFilesAreRefused has files that would keep a YAML parser busy for hours, or exhaust its stack.
func TestHostileFilesAreRefused(t *testing.T) {
	const size = 1 << 15
	fill := func(text string) string { return strings.Repeat(text, size/len(text)) }
	var stairs, keys strings.Builder
	for i := range 500 {
		stairs.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for i := range size / 10 {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	networks := "&n [" + strings.TrimSuffix(strings.Repeat("192.0.2.0/24,", 1000), ",") + "]"
	trunks := "trunks:\n  - {name: a, networks: " + networks + "}\n" + strings.Repeat("  - {name: b, networks: *n}\n", 900)
	deep := "values are nested more than 32 deep"
	marks := "the file has more than 1000 anchors"
	many := "a map has more than 1000 keys"
	for name, c := range map[string]struct{ text, want string }{
		"brackets":       {fill("["), deep},
		"braces":         {fill("{a: "), deep},
		"dashes":         {fill("- "), deep},
		"keys in a line": {fill("a: "), deep},
		"quoted keys":    {fill(`"a": `), deep},
		"indentation":    {stairs.String(), deep},
		"question marks": {fill("? "), marks},
		"tags":           {fill("!a "), marks},
		"tag lines":      {fill("!a\n"), marks},
		"anchors":        {fill("&a "), marks},
		"anchor lines":   {fill("&a\n"), marks},
		"one key":        {fill("a: 1\n"), many},
		"many keys":      {keys.String(), many},
		"long list":      {"numbers: [" + fill("a,") + "]", "numbers: has 16384 items"},
		"alias bomb":     {trunks, "aliases make the file grow without end"},
		"too large":      {strings.Repeat("#", maxFile+1), "the file is larger than 1 MB"},
		"not text":       {"node: \xff\xfe", "the file is not text in UTF-8 (f.yaml:1:7)"},
		"zero bytes":     {"node: a\n\x00", "the file is not text in UTF-8 (f.yaml:2:1)"},
		"references":     {"node: " + fill("${file:hostile_test.go}"), "grows over 64 kB"},
	} {
		_, err := Parse("f.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %.200v, want %q", name, err, c.want)
		}
	}
}

func TestLargeFilesAreRead(t *testing.T) {
	var text strings.Builder
	text.WriteString(strings.Repeat("# a comment on a line of its own\n", 3000))
	text.WriteString("trunks:\n")
	for i := range 200 {
		fmt.Fprintf(&text, "  - name: carrier-%d\n    networks: [10.0.%d.0/24, 10.1.%d.0/24]\n    country: US\n", i, i, i)
	}
	text.WriteString("numbers:\n")
	for i := range 2000 {
		fmt.Fprintf(&text, "  - number: +1 650 397 %04d\n    country: US\n    locale: en-US\n    trunks: [carrier-%d]\n", i, i%200)
	}
	c, err := Parse("readback.yaml", []byte(text.String()))
	if err != nil {
		t.Fatalf("%.500v", err)
	}
	if got := c.Numbers[1999].Number; len(c.Numbers) != 2000 || got != "+16503971999" {
		t.Errorf("read %d numbers, the last one %s", len(c.Numbers), got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(defaultYAML)
	f.Add([]byte(everything))
	f.Add([]byte("numbers: [{number: +61 1800, country: AU}]\nsip: &a {listen: *a}\n? {x: y}\n: - |2\n"))
	f.Add([]byte("node: ${env:X}\nstore: {url: '${file:.}'}\ntrunks: [{media: any, networks: [::/0]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz.yaml", data)
		if (c == nil) == (err == nil) {
			t.Fatalf("got %v and %v", c, err)
		}
		if err != nil {
			problems, ok := errors.AsType[Problems](err)
			if !ok {
				t.Errorf("%v does not say where", err)
			}
			for _, p := range problems {
				if p.Message == "" || strings.ContainsAny(p.Error(), "\n\x00\x1b") {
					t.Errorf("a problem is not one clear line: %q", p.Error())
				}
			}
			return
		}
		c.Warnings()
	})
}
