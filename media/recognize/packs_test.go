package recognize_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"readback/media"
	"readback/media/recognize"
)

const (
	// packs are the shipped prompts, of which the test phone names what it hears.
	packs = "../../ivr/prompts"
	// some is how many of a pack are played. All of them take a minute.
	some = 16
)

func TestShippedPromptsAreNamed(t *testing.T) {
	for _, locale := range []string{"en-US", "en-GB"} {
		t.Run(locale, func(t *testing.T) {
			clips := readPack(t, filepath.Join(packs, locale))
			book := recognize.NewBook(clips)
			order := book.Names()
			r := rand.New(rand.NewPCG(1, 1))
			r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			order = order[:min(len(order), some)]
			var stream []int16
			for i, name := range order {
				stream = append(stream, clips[name]...)
				if i%2 == 0 {
					stream = append(stream, make([]int16, 800+r.IntN(2000))...)
				}
			}
			stream = append(stream, make([]int16, 4000)...)
			compare(t, order, listen(book, lossy(0.005)(mulaw(gain(-4)(stream)))))
		})
	}
}

func compare(t *testing.T, want []string, got []recognize.Match) {
	t.Helper()
	i := 0
	for _, m := range got {
		if i < len(want) && m.Name == want[i] {
			i++
			continue
		}
		if i+1 < len(want) && m.Name == want[i+1] {
			t.Errorf("%s was not heard", want[i])
			i += 2
			continue
		}
		t.Errorf("heard %+v where %s was played", m, want[min(i, len(want)-1)])
	}
	for ; i < len(want); i++ {
		t.Errorf("%s was not heard", want[i])
	}
}

func readPack(t *testing.T, dir string) map[string][]int16 {
	t.Helper()
	var files []string
	for _, pattern := range []string{"digit-*", "number-[1-3]*", "menu*", "number-is*", "goodbye*"} { // short ones are hard
		found, err := filepath.Glob(filepath.Join(dir, pattern+".flac"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < some {
		t.Fatalf("only %d prompts in %s", len(files), dir)
	}
	clips := map[string][]int16{}
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
		clips[strings.TrimSuffix(filepath.Base(file), ".flac")] = clip.PCM()
	}
	return clips
}
