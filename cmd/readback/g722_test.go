package main

import (
	"math"
	"os"
	"testing"

	"readback/media"
)

// TestBaresipHearsThePromptsWideband makes a whole call in G.722 alone with a softphone that others wrote. It hears its
// number, and what the prompts have above the telephone's 4 kHz.
func TestBaresipHearsThePromptsWideband(t *testing.T) {
	t.Parallel() // mostly it waits
	p := startGateway(t, "")
	b := startBaresipAt(t, 16000, "<sip:+14155559999@127.0.0.1>;regint=0;audio_codecs=G722/16000/1")
	b.dial(p)
	b.opensATicket(p)
	if share := highShare(t, b.recorded()); share < -30 {
		t.Errorf("%.1f dB of what baresip heard is above 4 kHz, want -30", share)
	}
	p.wantMetrics(`readback_answered_calls_total{codec="G722",encryption="none",trunk="carrier"} 1`)
}

// highShare is how much of the power of a recording is above 4 kHz, in dB.
func highShare(t *testing.T, path string) float64 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	pcm, rate, err := media.DecodePCM(file)
	if err != nil {
		t.Fatal(err)
	}
	if rate != 16000 {
		t.Fatalf("baresip recorded at %d Hz, want 16000", rate)
	}
	var all, high float64
	for i := reach; i < len(pcm)-reach; i++ {
		v := 0.0
		for k, c := range aboveHalf {
			v += c * float64(pcm[i+k-reach])
		}
		high += v * v
		all += float64(pcm[i]) * float64(pcm[i])
	}
	return 10 * math.Log10((high+1)/(all+1))
}

// aboveHalf lets through what is above 4.2 kHz of 16, and takes 50 dB of what is below 3.8: a sinc in a Hamming window.
var aboveHalf = func() (h [2*reach + 1]float64) {
	for i := range h {
		k := float64(i - reach)
		window := 0.54 + 0.46*math.Cos(math.Pi*k/reach)
		if k == 0 {
			h[i] = 0.5
			continue
		}
		h[i] = -math.Sin(math.Pi*k/2) / (math.Pi * k) * window
	}
	return h
}()

// reach is how far that filter looks to either side, in samples.
const reach = 64
