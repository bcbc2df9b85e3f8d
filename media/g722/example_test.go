package g722_test

import (
	"fmt"

	"readback/media/g722"
)

// Two prompts are coded once each and sent one after the other, with a pause between.
func Example() {
	one, two := sounds()["a speech"], sounds()["a sine"]
	var sent []byte
	for _, prompt := range [][]int16{one, two} {
		e := g722.AtRest()
		codes := make([]byte, len(prompt)/2+320)
		e.Encode(codes, prompt)
		e.Settle(codes[len(prompt)/2:]) // 40 ms
		sent = append(sent, codes...)
		for range 800 { // 100 ms
			sent = append(sent, g722.Silence)
		}
	}

	var d g722.Decoder
	heard := make([]int16, 2*len(sent))
	d.Decode(heard, sent)
	fmt.Println(len(sent), "bytes,", len(heard)/16, "ms")
	// Output: 98240 bytes, 12280 ms
}
