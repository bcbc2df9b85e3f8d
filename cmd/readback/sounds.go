package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"readback/ivr"
	"readback/ivr/prompts"
	"readback/media"
	"readback/media/recognize"
)

// tone is the sound before a recording: "speak now" on every answering machine of the world.
const (
	toneName   = "tone"
	toneHertz  = 1000
	toneLength = 250 * time.Millisecond
)

// sounds are all prompts of all locales. Each is decoded once, when it is first wanted or by warm.
type sounds struct {
	texts *prompts.Set
	all   map[ivr.Prompt]*sound
	tone  *media.Clip
	music *sound   // for callers who wait
	gaps  sync.Map // time.Duration to *media.Clip
}

// A sound is one prompt's, at 8 kHz or 16. Locales that share a recording share it.
type sound struct {
	open func() (fs.File, error)
	once sync.Once
	clip *media.Clip
	err  error
}

func (s *sound) decode() (*media.Clip, error) {
	s.once.Do(func() {
		s.clip, s.err = media.LoadClip(func() (io.ReadCloser, error) { return s.open() })
	})
	return s.clip, s.err
}

// samples reads the sound, at 8 kHz.
func (s *sound) samples() ([]int16, error) {
	file, err := s.open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	clip, err := media.Decode(file)
	if err != nil {
		return nil, err
	}
	return clip.PCM(), nil
}

// loadSounds finds the sounds of the embedded packs, with an operator's own recordings over them: directories by locale.
func loadSounds(directories map[string]string) (*sounds, error) {
	set, err := prompts.Embedded()
	if err != nil {
		return nil, err
	}
	for locale, dir := range directories {
		if set, err = set.WithDir(locale, os.DirFS(dir)); err != nil {
			return nil, fmt.Errorf("prompts.directories.%s: %w", locale, err)
		}
	}
	s := &sounds{texts: set, all: map[ivr.Prompt]*sound{}, tone: media.Tone(toneHertz, toneLength), music: &sound{open: prompts.Music}}
	type origin struct {
		name  string
		sound prompts.Sound
	}
	shipped := map[origin]*sound{}
	for _, locale := range set.Locales() {
		for _, name := range set.Names(locale) {
			one := &sound{open: func() (fs.File, error) { return set.Open(locale, name) }}
			if made, ok := set.Sound(locale, name); ok && directories[locale] == "" {
				from := origin{name, made}
				if shipped[from] == nil {
					shipped[from] = one
				}
				one = shipped[from]
			}
			s.all[ivr.Prompt{Locale: locale, Name: name}] = one
		}
	}
	return s, nil
}

// warm decodes the prompts of some locales, so that calls find them ready. It ends early with ctx; the error is that of
// the first prompt that cannot be played.
func (s *sounds) warm(ctx context.Context, locales ...string) error {
	for _, locale := range locales {
		for _, name := range s.texts.Names(locale) {
			select {
			case <-ctx.Done():
				return nil
			default:
			}
			if _, err := s.clip(ivr.Prompt{Locale: locale, Name: name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// clip is the sound of a prompt; fs.ErrNotExist for a name that no pack has.
func (s *sounds) clip(prompt ivr.Prompt) (*media.Clip, error) {
	switch {
	case prompt.Gap > 0:
		gap, ok := s.gaps.Load(prompt.Gap)
		if !ok {
			gap, _ = s.gaps.LoadOrStore(prompt.Gap, media.Pause(prompt.Gap))
		}
		return gap.(*media.Clip), nil
	case prompt.Name == toneName:
		return s.tone, nil
	}
	one, ok := s.all[prompt]
	if !ok {
		return nil, fmt.Errorf("prompt %s of %s: %w", prompt.Name, prompt.Locale, fs.ErrNotExist)
	}
	clip, err := one.decode()
	if err != nil {
		return nil, fmt.Errorf("prompt %s of %s: %w", prompt.Name, prompt.Locale, err)
	}
	return clip, nil
}

// book is every prompt of some locales, to be recognised by its sound; of all locales without any.
func (s *sounds) book(locales ...string) (*recognize.Book, error) {
	if len(locales) == 0 {
		locales = s.texts.Locales()
	}
	clips := map[string][]int16{toneName: s.tone.PCM()}
	for _, locale := range locales {
		for _, name := range s.texts.Names(locale) {
			pcm, err := s.all[ivr.Prompt{Locale: locale, Name: name}].samples()
			if err != nil {
				return nil, fmt.Errorf("prompt %s of %s: %w", name, locale, err)
			}
			clips[locale+"/"+name] = pcm
		}
	}
	return recognize.NewBook(clips), nil
}
