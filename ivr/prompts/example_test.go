package prompts_test

import (
	"fmt"
	"testing/fstest"

	"readback/ivr/prompts"
)

func Example() {
	set, err := prompts.Embedded()
	if err != nil {
		panic(err)
	}
	for _, locale := range set.Locales() {
		text, _ := set.Text(locale, "menu-support")
		fmt.Println(locale, text)
	}
	// Output:
	// en-AU For technical support, press 2.
	// en-GB For technical support, press 2.
	// en-US For technical support, press 2.
	// fr-FR Pour l'assistance technique, tapez 2.
}

func ExampleSet_Open() {
	set, err := prompts.Embedded()
	if err != nil {
		panic(err)
	}
	file, err := set.Open("fr-FR", "within-1h")
	if err != nil {
		panic(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		panic(err)
	}
	fmt.Println(info.Name())
	// Output: within-1h.flac
}

func ExampleSet_WithDir() {
	set, err := prompts.Embedded()
	if err != nil {
		panic(err)
	}
	own := fstest.MapFS{"welcome.wav": {Data: []byte("RIFF…")}} // os.DirFS("/var/lib/sounds") in real life
	set, err = set.WithDir("en-US", own)
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"welcome", "goodbye"} {
		file, err := set.Open("en-US", name)
		if err != nil {
			panic(err)
		}
		info, err := file.Stat()
		if err != nil {
			panic(err)
		}
		fmt.Println(info.Name())
		file.Close()
	}
	// Output:
	// welcome.wav
	// goodbye.flac
}
