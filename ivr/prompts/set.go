package prompts

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// ErrNoSound is the error of Open for a locale or name that no pack has. It is also an fs.ErrNotExist.
var ErrNoSound = fmt.Errorf("no such prompt: %w", fs.ErrNotExist)

// A Set is the texts and sounds of all locales. It does not change and may be shared by all calls.
type Set struct {
	locales map[string]*pack
}

// Locales returns the locales that have prompts, sorted ("en-AU", "en-GB", …).
func (s *Set) Locales() []string {
	return slices.Sorted(maps.Keys(s.locales))
}

// Names returns the names of all prompts of a locale, those of the layer below it included, sorted.
// An unknown locale has none.
func (s *Set) Names(locale string) []string {
	names := map[string]bool{}
	for p := s.locales[locale]; p != nil; p = p.below {
		for name := range p.texts {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Text returns the words of a prompt, for screens and transcripts.
func (s *Set) Text(locale, name string) (string, bool) {
	p := s.owner(locale, name)
	if p == nil {
		return "", false
	}
	return p.texts[name], true
}

// Sound returns what the manifest says of a prompt's shipped sound, also where an operator's recording is laid over it.
func (s *Set) Sound(locale, name string) (Sound, bool) {
	p := s.owner(locale, name)
	if p == nil {
		return Sound{}, false
	}
	sound, ok := p.manifest[name]
	return sound, ok
}

// Open opens the sound of a prompt: the operator's recording if there is one, else the shipped FLAC file.
// A missing one is ErrNoSound. The caller closes the file.
func (s *Set) Open(locale, name string) (fs.File, error) {
	for p := s.locales[locale]; p != nil; p = p.below {
		file, err := p.open(name)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("prompt %q in %s: %w", name, locale, err)
		}
		if _, spoken := p.texts[name]; spoken {
			break // the words differ from those of the layer below
		}
	}
	return nil, fmt.Errorf("prompt %q in %q: %w", name, locale, ErrNoSound)
}

// owner returns the topmost layer of the locale that has a text of that name, or nil.
func (s *Set) owner(locale, name string) *pack {
	for p := s.locales[locale]; p != nil; p = p.below {
		if _, ok := p.texts[name]; ok {
			return p
		}
	}
	return nil
}
