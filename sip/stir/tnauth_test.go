package stir

import (
	"fmt"
	"testing"
)

func TestParseTNAuthList_RFC8226_9(t *testing.T) {
	for name, tt := range map[string]struct {
		der  []byte
		want string // "" is an error
	}{
		"a provider":              {numbers(spc("709J")).Value, "{[709J] [] []}"},
		"all three":               {numbers(spc("709J"), span("12155551000", 100), one("12155551212"), one("*67")).Value, "{[709J] [{12155551000 100}] [12155551212 *67]}"},
		"several providers":       {numbers(spc("709J"), spc("1234")).Value, "{[709J 1234] [] []}"},
		"an extended range":       {numbers(tlv(0xa1, tlv(0x30, tlv(0x16, []byte("1215")), []byte{2, 1, 9}, []byte{5, 0}))).Value, "{[] [{1215 9}] []}"},
		"empty":                   {numbers().Value, ""},
		"nothing":                 {nil, ""},
		"no sequence":             {[]byte{5, 0}, ""},
		"more behind it":          {append(numbers(spc("709J")).Value, 5, 0), ""},
		"cut short":               {numbers(spc("709J")).Value[:6], ""},
		"an empty code":           {numbers(spc("")).Value, ""},
		"a code without end":      {numbers(spc(fmt.Sprintf("%033d", 1))).Value, ""},
		"an unknown choice":       {numbers(tlv(0xa3, tlv(0x16, []byte("1")))).Value, ""},
		"not a choice":            {numbers(tlv(0x16, []byte("1"))).Value, ""},
		"implicit tags":           {numbers(tlv(0x80, []byte("709J"))).Value, ""},
		"a number too long":       {numbers(one("1234567890123456")).Value, ""},
		"a number that is none":   {numbers(one("+12155551212")).Value, ""},
		"a range of one":          {numbers(span("12155551212", 1)).Value, ""},
		"a negative range":        {numbers(span("12155551212", -5)).Value, ""},
		"a range beyond any":      {numbers(span("12155551212", 1<<62)).Value, ""},
		"a range from a star":     {numbers(span("*67", 5)).Value, ""},
		"two values in one entry": {numbers(tlv(0xa2, tlv(0x16, []byte("1")), tlv(0x16, []byte("2")))).Value, ""},
	} {
		got, err := ParseTNAuthList(tt.der)
		if (err == nil) != (tt.want != "") || err == nil && fmt.Sprint(got) != tt.want {
			t.Errorf("%s: got %v, %v; want %q", name, got, err, tt.want)
		}
	}
}

func TestTooManyEntries(t *testing.T) {
	entries := make([][]byte, maxEntries+1)
	for i := range entries {
		entries[i] = one("1")
	}
	if _, err := ParseTNAuthList(numbers(entries...).Value); err == nil {
		t.Error("a list beyond all bounds is read")
	}
	if got, err := ParseTNAuthList(numbers(entries[1:]...).Value); err != nil || len(got.Numbers) != maxEntries {
		t.Errorf("the largest list: %d numbers, %v", len(got.Numbers), err)
	}
}

func TestScope_RFC9060_4(t *testing.T) {
	provider := TNAuthList{Providers: []string{"709J"}}
	block := TNAuthList{Ranges: []Range{{"12155551000", 1000}}}
	single := TNAuthList{Numbers: []string{"12155551999"}}
	for name, tt := range map[string]struct{ got, want bool }{
		"first of a block":       {block.Contains("12155551000"), true},
		"last of a block":        {block.Contains("12155551999"), true},
		"before a block":         {block.Contains("12155550999"), false},
		"behind a block":         {block.Contains("12155552000"), false},
		"longer than a block":    {block.Contains("121555510000"), false},
		"no number":              {block.Contains(""), false},
		"any of a provider":      {provider.Contains("12155552000"), true},
		"itself":                 {block.Covers(block), true},
		"a number of a block":    {block.Covers(single), true},
		"a block of a number":    {single.Covers(block), false},
		"a wider block":          {block.Covers(TNAuthList{Ranges: []Range{{"12155551000", 1001}}}), false},
		"a provider of a block":  {block.Covers(provider), false},
		"a block of a provider":  {provider.Covers(block), true},
		"another provider":       {provider.Covers(TNAuthList{Providers: []string{"1234"}}), false},
		"a number that is a key": {block.Covers(TNAuthList{Numbers: []string{"*67"}}), false},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %v, want %v", name, tt.got, tt.want)
		}
	}
}

func FuzzTNAuthList(f *testing.F) {
	f.Add(numbers(spc("709J"), span("12155551000", 100), one("12155551212")).Value)
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		list, err := ParseTNAuthList(der)
		if err != nil {
			return
		}
		if !list.Covers(list) {
			t.Errorf("%x: %v is not within itself", der, list)
		}
		for _, r := range list.Ranges {
			if !list.Contains(r.Start) {
				t.Errorf("%x: %v starts outside itself", der, r)
			}
		}
	})
}
