package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"readback/config"
)

type checkCommand struct {
	configFlag
	Schema bool `help:"Print the JSON Schema of the configuration file instead."`
	JSON   bool `help:"Print JSON."`
}

// verdict is what check found, as programs read it.
type verdict struct {
	Problems []config.Problem `json:"problems"`
	Warnings []config.Problem `json:"warnings"`
}

func (k *checkCommand) Run(_ context.Context, console *console) error {
	if k.Schema {
		_, err := console.out.Write(append(config.Schema(), '\n'))
		return err
	}
	found, err := k.judge()
	if err != nil {
		return err
	}
	if k.JSON {
		encoded, err := json.MarshalIndent(found, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(console.out, "%s\n", encoded)
	} else {
		found.print(console.out, k.Config)
	}
	if len(found.Problems) > 0 {
		return errReported
	}
	return nil
}

func (k *checkCommand) judge() (verdict, error) {
	found := verdict{Problems: []config.Problem{}, Warnings: []config.Problem{}}
	c, err := k.load()
	if problems, ok := errors.AsType[config.Problems](err); ok {
		found.Problems = problems
		return found, nil
	}
	if err != nil {
		return found, err
	}
	found.Warnings = append(found.Warnings, c.Warnings()...)
	found.Problems = append(found.Problems, checkPrompts(c)...)
	for _, part := range []func() error{
		func() error { _, err := sipOf(c); return err },
		func() error { _, err := recordingsOf(c, nil); return err },
		func() error { _, err := transcriberOf(c); return err },
		func() error { _, err := mailerOf(c, func() *config.Config { return c }); return err },
	} {
		err := part()
		if problems, ok := errors.AsType[config.Problems](err); ok {
			found.Problems = append(found.Problems, problems...)
		} else if err != nil {
			return found, err
		}
	}
	return found, nil
}

// checkPrompts looks at what only the sound packs can tell: every locale has a voice, every own directory can be played.
func checkPrompts(c *config.Config) []config.Problem {
	var problems []config.Problem
	all, err := loadSounds(c.Prompts.Directories)
	if err == nil {
		err = all.warm(context.Background(), slices.Collect(maps.Keys(c.Prompts.Directories))...)
	}
	if err != nil {
		return []config.Problem{c.Problem("prompts.directories", err.Error(), "make the recordings 16 kHz or 8 kHz mono WAV or FLAC, named as the prompts are")}
	}
	voices := all.texts.Locales()
	for i, number := range c.Numbers {
		path := fmt.Sprintf("numbers[%d]", i)
		if !slices.Contains(voices, number.Locale) {
			problems = append(problems, noVoice(c, path+".locale", number.Locale, voices))
		}
		for key, locale := range number.Languages {
			if !slices.Contains(voices, locale) {
				problems = append(problems, noVoice(c, fmt.Sprintf("%s.languages.%v", path, key), locale, voices))
			}
		}
	}
	for i, engineer := range c.Paging.Phone.Engineers {
		if engineer.Language != "" && !slices.Contains(voices, engineer.Language) {
			problems = append(problems, noVoice(c, fmt.Sprintf("paging.phone.engineers[%d].language", i), engineer.Language, voices))
		}
	}
	return problems
}

func noVoice(c *config.Config, path, locale string, voices []string) config.Problem {
	return c.Problem(path, fmt.Sprintf("there are no prompts in %s", locale), fmt.Sprintf("choose one of %v", voices))
}

func (v verdict) print(w io.Writer, file string) {
	if file == "" {
		file = "the embedded defaults"
	}
	for _, problem := range v.Problems {
		fmt.Fprintf(w, "error    %v\n", problem)
	}
	for _, warning := range v.Warnings {
		fmt.Fprintf(w, "warning  %v\n", warning)
	}
	if len(v.Problems) == 0 {
		fmt.Fprintf(w, "%s: good, %d warnings\n", file, len(v.Warnings))
	}
}
