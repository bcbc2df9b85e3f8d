package dtmf_test

import (
	"os"
	"path/filepath"
	"testing"

	"readback/media"
	"readback/media/dtmf"
)

// packs are the shipped prompts.
const packs = "../../ivr/prompts"

// prompt is a prompt's sound by its file.
func prompt(t *testing.T, file string) []int16 {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	clip, err := media.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return clip.PCM()
}

func prompts(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(packs, pattern, "*.flac"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d prompts in %s: %v", len(files), pattern, err)
	}
	return files
}

// spoken is a sound as another voice speaks it: quicker and higher, and so much louder.
func spoken(pcm []int16, speed, gain float64) []int16 {
	var out []int16
	for x := 0.0; int(x)+1 < len(pcm); x += speed {
		i, part := int(x), x-float64(int(x))
		v := gain * (float64(pcm[i])*(1-part) + float64(pcm[i+1])*part)
		out = append(out, int16(max(-32768, min(v, 32767))))
	}
	return out
}

func TestSpeechIsNoKey(t *testing.T) {
	voices := [][2]float64{{1, 4}, {0.7, 1}, {0.85, 2}, {1.2, 2}, {1.45, 1}, {1.7, 2}} // speed and gain
	seconds := 0
	for i, file := range prompts(t, "*") {
		pcm := prompt(t, file)
		for _, voice := range [][2]float64{{1, 1}, voices[i%len(voices)], voices[(i+1)%len(voices)]} {
			sound := spoken(pcm, voice[0], voice[1])
			seconds += len(sound) / 8000
			if got := hear(sound); got != "" {
				t.Errorf("%s, %v times as fast, %v times as loud: heard %q", file, voice[0], voice[1], got)
			}
		}
	}
	t.Logf("%d s of speech", seconds)
}

// A caller presses keys while our prompt comes back as an echo.
func TestKeysAreHeardThroughTheEchoOfPrompts(t *testing.T) {
	const keys = "30471234#9*A"
	for _, test := range []struct {
		echo, level float64 // dB; dBm0 of each tone
		most        int     // lost, of 1000; over all prompts 2 are at an echo of -10 dB with keys at -14 dBm0, and 40 at -17
	}{{-10, -8, 0}, {-10, -14, 5}, {-20, -14, 0}, {-20, -20, 0}, {-30, -25, 0}, {-10, -17, 80}} {
		pressed, lost := 0, 0
		for i, file := range prompts(t, "en-GB") {
			if i%10 != 0 {
				continue
			}
			echo := spoken(prompt(t, file), 1, decibels(test.echo))
			digits := touch(keys, 80, 80, func(t *dtmf.Tone) { t.LowLevel, t.HighLevel = test.level, test.level })
			for len(echo) < len(digits) {
				echo = append(echo, echo...)
			}
			for j := range digits {
				digits[j] += echo[j]
			}
			got := hear(digits)
			if !within(got, keys) {
				t.Errorf("%s at %v dB, keys at %v dBm0: heard %q", file, test.echo, test.level, got)
			}
			pressed, lost = pressed+len(keys), lost+len(keys)-len(got)
		}
		t.Logf("echo %v dB, keys %v dBm0: %d of %d lost", test.echo, test.level, lost, pressed)
		if 1000*lost > test.most*pressed {
			t.Errorf("echo %v dB, keys %v dBm0: %d of %d lost", test.echo, test.level, lost, pressed)
		}
	}
}
