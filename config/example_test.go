package config_test

import (
	"errors"
	"fmt"

	"readback/config"
)

func ExampleParse() {
	_, err := config.Parse("readback.yaml", []byte(`
sip:
  max_call: 500
numbers:
  - number: +61 1800
    country: AU
    locale: en-AU
`))
	if problems, ok := errors.AsType[config.Problems](err); ok {
		for _, problem := range problems {
			fmt.Println(problem)
		}
	}
	// Output:
	// sip.max_call: no such key (readback.yaml:3:3); did you mean max_calls?
	// numbers[0].number: "+61 1800" is too short for an Australian number (readback.yaml:5:13); write it with its country code, like +611800123456
}

func ExampleDefault() {
	c := config.Default()
	fmt.Println(c.SIP.Listen[0].Network, c.SIP.Listen[0].Address)
	for _, number := range c.Numbers {
		fmt.Println(number.Number, number.Locale)
	}
	// Output:
	// udp 127.0.0.1:5060
	// +18887999666 en-US
	// +16503976096 en-US
	// +611800768027 en-AU
	// +448003687314 en-GB
	// +442038905445 en-GB
}
