package say_test

import (
	"fmt"

	"readback/ivr/say"
)

func ExamplePhone() {
	fmt.Println(text(say.Phone("fr-FR", []string{"01", "23", "45"})))
	// Output: digit-0 .120 digit-1 .350 number-23 .350 number-45
}
