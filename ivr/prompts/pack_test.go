package prompts_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/mewkiz/flac"

	"readback/ivr/prompts"
)

// What every sound of a pack has to be; render.py --lint measures more.
const (
	rate        = 16000 // Hz
	loudest     = -1.0  // dBFS, the highest peak
	longest     = 12.0  // s
	packsAtMost = 25 << 20
)

func TestEverySoundIsThereAndSpeaksItsText(t *testing.T) {
	set := embedded(t)
	for _, locale := range set.Locales() {
		for _, name := range set.Names(locale) {
			text, _ := set.Text(locale, name)
			sound, ok := set.Sound(locale, name)
			if !ok || !sound.Speaks(text) {
				t.Errorf("%s/%s: the manifest has no sound of this text; run ivr/prompts/render.py %s", locale, name, locale)
				continue
			}
			if sound.Voice == "" || sound.Licence == "" {
				t.Errorf("%s/%s: the manifest names no voice or no licence", locale, name)
			}
			seconds, peak, err := measure(set, locale, name)
			if err != nil {
				t.Errorf("%s/%s: %v", locale, name, err)
				continue
			}
			if milliseconds := int(math.Round(seconds * 1000)); milliseconds != sound.Milliseconds {
				t.Errorf("%s/%s: %d ms long, and %d ms in the manifest", locale, name, milliseconds, sound.Milliseconds)
			}
			if seconds > longest || peak > loudest {
				t.Errorf("%s/%s: %.1f s long with a peak of %.1f dBFS, want at most %.0f s and %.0f dBFS", locale, name, seconds, peak, longest, loudest)
			}
		}
	}
}

// measure decodes a sound to its end.
func measure(set *prompts.Set, locale, name string) (seconds, peak float64, err error) {
	file, err := set.Open(locale, name)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return 0, 0, err
	}
	stream, err := flac.New(bytes.NewReader(data))
	if err != nil {
		return 0, 0, err
	}
	if info := stream.Info; info.SampleRate != rate || info.NChannels != 1 || info.BitsPerSample != 16 {
		return 0, 0, errFormat
	}
	samples, highest := 0, int32(1)
	for {
		frame, err := stream.ParseNext()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, 0, err
		}
		for _, sample := range frame.Subframes[0].Samples {
			highest = max(highest, sample, -sample)
		}
		samples += len(frame.Subframes[0].Samples)
	}
	return float64(samples) / rate, 20 * math.Log10(float64(highest)/32768), nil
}

type formatError string

func (e formatError) Error() string { return string(e) }

const errFormat = formatError("not 16 kHz, mono, 16 bits")

func TestOneVoiceALocale(t *testing.T) {
	set := embedded(t)
	for _, locale := range set.Locales() {
		voices := map[string]bool{}
		for _, name := range set.Names(locale) {
			sound, _ := set.Sound(locale, name)
			voices[sound.Voice] = true
		}
		if len(voices) != 1 {
			t.Errorf("%s speaks with %d voices: %v", locale, len(voices), voices)
		}
	}
}

func TestLicencesAreNamed(t *testing.T) {
	licences, err := os.ReadFile("LICENSES.md")
	if err != nil {
		t.Fatal(err)
	}
	set := embedded(t)
	for _, locale := range set.Locales() {
		if !strings.Contains(string(licences), "| "+locale+" |") {
			t.Errorf("LICENSES.md says nothing of %s", locale)
		}
	}
}

// The packs are part of the program, so nothing may lie about in them, and together they have to stay small.
func TestPacksHoldNothingElse(t *testing.T) {
	set := embedded(t)
	file, err := prompts.Music()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	size := info.Size()
	for _, locale := range set.Locales() {
		err := fs.WalkDir(os.DirFS(locale), ".", func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			size += info.Size()
			_, known := set.Sound(locale, strings.TrimSuffix(file, path.Ext(file)))
			if file != "manifest.json" && (path.Ext(file) != ".flac" || !known) {
				t.Errorf("%s/%s is not the sound of a prompt", locale, file)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if size > packsAtMost {
		t.Errorf("the packs have %d bytes, want at most %d", size, packsAtMost)
	}
}
