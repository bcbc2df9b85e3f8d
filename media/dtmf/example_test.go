package dtmf_test

import (
	"fmt"
	"time"

	"readback/media/dtmf"
)

func ExampleDetector() {
	var d dtmf.Detector
	payloads := [][]byte{ // one press: its start, its middle, and its end twice
		{11, 10, 0, 160},
		{11, 10, 1, 64},
		{11, 10 | 0x80, 1, 224},
		{11, 10 | 0x80, 1, 224},
	}
	for i, payload := range payloads {
		packet, ok := dtmf.Parse(uint16(i), 8000, payload)
		if !ok {
			continue
		}
		if key, ok := d.Packet(packet, time.Duration(i)*20*time.Millisecond); ok {
			fmt.Println(key)
		}
	}
	// Output: #
}
