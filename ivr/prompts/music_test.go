package prompts_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"readback/ivr/prompts"
	"readback/media"
	"readback/media/dtmf"
	"readback/media/g711"
)

func music(t *testing.T) *media.Clip {
	t.Helper()
	file, err := prompts.Music()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	clip, err := media.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return clip
}

func TestMusicIsSoftAndHasNoSeam(t *testing.T) {
	pcm := music(t).PCM()
	l := media.Measure(pcm, 8000)
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	mean := 10 * math.Log10(sum/float64(len(pcm))/32768/32768)
	if math.Abs(l.Active+22) > 2 || math.Abs(mean+22) > 2 || l.Peak > -3 || math.Abs(l.DC) > 0.001 {
		t.Errorf("%.1f dBov, active %.1f, peak %.1f, DC %.4f; want -22, -22, below -3, none", mean, l.Active, l.Peak, l.DC)
	}
	for i := range 400 { // 50 ms at either end
		if a, b := pcm[i], pcm[len(pcm)-1-i]; i < 300 && (a > 104 || a < -104) || b > 104 || b < -104 {
			t.Fatalf("%d and %d at %d samples from the ends; want silence", a, b, i)
		}
	}
}

// Neither our own detector nor a caller's takes it for keys, whatever the line does to it.
func TestMusicPressesNoKeys(t *testing.T) {
	pcm := music(t).PCM()
	pcm = append(pcm[:len(pcm):len(pcm)], pcm...)
	code := make([]byte, len(pcm))
	coded := make([]int16, len(pcm))
	g711.EncodeA(code, pcm)
	g711.DecodeA(coded, code)
	for name, line := range map[string]struct {
		pcm  []int16
		gain float64
	}{"as it is": {pcm, 1}, "A-law": {coded, 1}, "loud": {pcm, 3}, "faint": {pcm, 0.2}} {
		for shift := range 8 {
			var d dtmf.Tones
			sound := line.pcm[13*shift:]
			var part [160]int16
			for len(sound) >= len(part) {
				for i := range part {
					part[i] = int16(line.gain * float64(sound[i]))
				}
				if key, ok := d.Hear(part[:]); ok {
					t.Errorf("%s: heard a key %v", name, key)
				}
				sound = sound[len(part):]
			}
		}
	}
}

func TestMusicSaysWhereItComesFrom(t *testing.T) {
	data, err := os.ReadFile("music/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest map[string]prompts.Sound
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	score, err := os.ReadFile("music.py")
	if err != nil {
		t.Fatal(err)
	}
	hold := manifest["hold"]
	if !hold.Speaks(string(score)) {
		t.Error("music.py was changed since the sound was made; run it")
	}
	if hold.Licence != "Apache-2.0" || hold.Milliseconds != int(music(t).Duration().Milliseconds()) {
		t.Errorf("the manifest says %+v", hold)
	}
	licences, err := os.ReadFile("LICENSES.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(licences), "music/hold.flac") {
		t.Error("LICENSES.md says nothing of the music")
	}
}
