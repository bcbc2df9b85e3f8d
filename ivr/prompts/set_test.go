package prompts_test

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"readback/ivr/prompts"
)

func embedded(t *testing.T) *prompts.Set {
	t.Helper()
	set, err := prompts.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestLocales(t *testing.T) {
	want := []string{"en-AU", "en-GB", "en-US", "fr-FR"}
	if got := embedded(t).Locales(); !slices.Equal(got, want) {
		t.Errorf("Locales() = %q, want %q", got, want)
	}
}

func TestEveryLocaleHasTheSamePrompts(t *testing.T) {
	set := embedded(t)
	want := set.Names("en-US")
	for _, locale := range set.Locales() {
		if got := set.Names(locale); !slices.Equal(got, want) {
			t.Errorf("%s has %d prompts and en-US %d; the names must be the same", locale, len(got), len(want))
		}
	}
	if got := set.Names("tlh"); len(got) != 0 {
		t.Errorf("an unknown locale has prompts: %q", got)
	}
}

func TestText(t *testing.T) {
	set := embedded(t)
	tests := map[string]struct {
		locale, name, want string
		ok                 bool
	}{
		"american":               {"en-US", "pin", "Please enter your PIN, then press pound.", true},
		"british":                {"en-GB", "pin", "Please enter your PIN, then press hash.", true},
		"australian as british":  {"en-AU", "pin", "Please enter your PIN, then press hash.", true},
		"australian of its own":  {"en-AU", "callback-withheld", "Your number is private.", true},
		"french":                 {"fr-FR", "number-71", "soixante et onze", true},
		"a layer is no prompt":   {"en-AU", "layer", "", false},
		"no such prompt":         {"en-US", "weather", "", false},
		"no such locale":         {"tlh", "pin", "", false},
		"no path, but a name":    {"en-US", "../en-GB/pin", "", false},
		"a name that YAML loves": {"en-US", "letter-n", "N", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := set.Text(test.locale, test.name)
			if got != test.want || ok != test.ok {
				t.Errorf("Text(%q, %q) = %q, %v, want %q, %v", test.locale, test.name, got, ok, test.want, test.ok)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	set := embedded(t)
	for _, test := range []struct{ locale, name string }{
		{"tlh", "pin"},
		{"en-US", "weather"},
		{"en-US", ""},
		{"en-US", "../en-GB/pin"},
	} {
		if file, err := set.Open(test.locale, test.name); !errors.Is(err, prompts.ErrNoSound) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q, %q) = %v, %v, want ErrNoSound", test.locale, test.name, file, err)
		}
	}
	if same := read(t, set, "en-AU", "pin"); same != read(t, set, "en-GB", "pin") {
		t.Error("en-AU does not speak with the sounds of en-GB where its words are the same")
	}
	if own := read(t, set, "en-AU", "callback-withheld"); own == read(t, set, "en-GB", "callback-withheld") {
		t.Error("en-AU speaks the words of en-GB where it has its own")
	}
}

func TestWithDir(t *testing.T) {
	shipped := embedded(t)
	sounds := fstest.MapFS{
		"welcome.wav":      {Data: []byte("our welcome")},
		"pin.flac":         {Data: []byte("our pin")},
		"digits/7.wav":     {Data: []byte("our seven")},
		"digits/star.wav":  {Data: []byte("our star")},
		"letters/q.wav":    {Data: []byte("our q")},
		"callback-enter.7": {Data: []byte("not a sound")},
	}
	set, err := shipped.WithDir("en-GB", sounds)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"welcome": "our welcome", "pin": "our pin", "digit-7": "our seven", "digit-7-end": "our seven", "number-7": "our seven",
		"key-star": "our star", "letter-q": "our q",
		"callback-enter": read(t, shipped, "en-GB", "callback-enter"),
		"digit-8":        read(t, shipped, "en-GB", "digit-8"),
	} {
		for _, locale := range []string{"en-GB", "en-AU"} { // the layer hears it too
			if got := read(t, set, locale, name); got != want {
				t.Errorf("%s in %s is not the sound expected: got %.20q, want %.20q", name, locale, got, want)
			}
		}
	}
	if got := read(t, shipped, "en-GB", "welcome"); got == "our welcome" {
		t.Error("WithDir changed the set it was called on")
	}
	if got := read(t, set, "en-US", "welcome"); got == "our welcome" {
		t.Error("recordings of en-GB are heard in en-US")
	}

	again, err := set.WithDir("en-GB", fstest.MapFS{"welcome.flac": {Data: []byte("our newer welcome")}})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, again, "en-GB", "welcome"); got != "our newer welcome" {
		t.Errorf("the directory laid over last does not win: %.20q", got)
	}
	if got := read(t, again, "en-GB", "pin"); got != "our pin" {
		t.Errorf("the directory laid over first is gone: %.20q", got)
	}
}

func TestWithDirRefuses(t *testing.T) {
	set := embedded(t)
	if _, err := set.WithDir("tlh", fstest.MapFS{"welcome.wav": {}}); err == nil {
		t.Error("an unknown locale was accepted")
	}
	if _, err := set.WithDir("en-GB", fstest.MapFS{"readme.txt": {}}); err == nil {
		t.Error("a directory without recordings was accepted")
	}
}

func read(t *testing.T, set *prompts.Set, locale, name string) string {
	t.Helper()
	file, err := set.Open(locale, name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
