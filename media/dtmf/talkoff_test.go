package dtmf_test

import (
	"os"
	"path/filepath"
	"testing"

	"readback/media"
)

// packs are the shipped prompts.
const packs = "../../ivr/prompts"

func TestSpeechIsNoKey(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(packs, "*", "*.flac"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d prompts: %v", len(files), err)
	}
	seconds := 0
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		clip, err := media.Decode(f)
		_ = f.Close()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		pcm := clip.PCM()
		seconds += len(pcm) / 8000
		for _, g := range []float64{1, 4} {
			loud := make([]int16, len(pcm))
			for i, v := range pcm {
				loud[i] = int16(max(-32768, min(32767, g*float64(v))))
			}
			if got := hear(loud); got != "" {
				t.Errorf("%s times %v: heard %q", file, g, got)
			}
		}
	}
	t.Logf("%d prompts, %d s", len(files), seconds)
}
