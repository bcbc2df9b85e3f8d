package prompts

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// WithDir returns a Set in which the recordings in dir are laid over the sounds of a locale, and leaves s as it is.
// A recording is named after its prompt, <name>.flac or <name>.wav, or as Asterisk names its sounds: digits/7.wav,
// digits/star.wav, letters/q.wav. The texts stay those of the locale. A directory without a single recording of a known
// name is an error, since the path is then probably wrong.
func (s *Set) WithDir(locale string, dir fs.FS) (*Set, error) {
	old, ok := s.locales[locale]
	if !ok {
		return nil, fmt.Errorf("prompts: no locale %q to lay recordings over; there are %s", locale, strings.Join(s.Locales(), ", "))
	}
	if !slices.ContainsFunc(s.Names(locale), func(name string) bool { return hasOwn(dir, name) }) {
		return nil, fmt.Errorf("prompts: the directory given for %s has no recording of a prompt; name one welcome.flac or welcome.wav, for example", locale)
	}
	changed := *old
	changed.own = append(slices.Clone(old.own), dir)
	set := &Set{locales: maps.Clone(s.locales)}
	set.locales[locale] = &changed
	for other, p := range set.locales {
		if p.below == old {
			layer := *p
			layer.below = &changed
			set.locales[other] = &layer
		}
	}
	return set, nil
}

func hasOwn(dir fs.FS, name string) bool {
	file, err := openOwn(dir, name)
	if err != nil {
		return false
	}
	return file.Close() == nil
}

// openOwn opens a recording under the first of its names that is there.
func openOwn(dir fs.FS, name string) (fs.File, error) {
	for _, base := range []string{name, asteriskName(name)} {
		for _, suffix := range []string{".flac", ".wav"} {
			if !fs.ValidPath(base) {
				continue
			}
			file, err := dir.Open(base + suffix)
			if err == nil || !errors.Is(err, fs.ErrNotExist) {
				return file, err
			}
		}
	}
	return nil, fs.ErrNotExist
}

// asteriskName returns the path that Asterisk's sound packages give to a snippet, or "" for other prompts.
// They have no cardinals beyond 20 but the tens, and no form of their own for the last digit.
func asteriskName(name string) string {
	kind, rest, _ := strings.Cut(name, "-")
	switch kind {
	case "digit":
		return "digits/" + strings.TrimSuffix(rest, "-end")
	case "number":
		return "digits/" + rest
	case "letter":
		return "letters/" + rest
	case "key":
		return "digits/" + rest // star, pound
	}
	return ""
}
