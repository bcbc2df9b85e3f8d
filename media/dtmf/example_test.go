package dtmf_test

import (
	"fmt"
	"slices"
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

func ExampleTones() {
	var sound []int16
	for _, key := range []dtmf.Key{'4', '2'} {
		tone, _ := dtmf.ToneOf(key)
		sound = tone.Append(sound, 100*time.Millisecond)
		sound = append(sound, make([]int16, 800)...) // 100 ms
	}
	var d dtmf.Tones
	for packet := range slices.Chunk(sound, 160) {
		if key, ok := d.Hear(packet); ok {
			fmt.Println(key)
		}
	}
	// Output:
	// 4
	// 2
}
