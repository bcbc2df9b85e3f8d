package main

import (
	"fmt"
	"strings"
)

// A cue is one thing the test phone does, and the prompt it waits for first: none means at once.
type cue struct {
	prompt string
	keys   string // to press
	speak  bool   // say the sample sentence
	hangup bool
}

const (
	speakWord  = "speak"
	hangupWord = "hangup"
	dialable   = "0123456789*#ABCD"
)

// parseCues reads a key script: words parted by spaces, each keys ("30471234#"), "speak" or "hangup",
// with the prompt to wait for before it ("account:30471234#").
func parseCues(script string) ([]cue, error) {
	var cues []cue
	for word := range strings.FieldsSeq(script) {
		prompt, action, found := strings.Cut(word, ":")
		if !found {
			prompt, action = "", word
		}
		c := cue{prompt: prompt, speak: action == speakWord, hangup: action == hangupWord}
		if !c.speak && !c.hangup {
			c.keys = action
		}
		if c.keys == "" && !c.speak && !c.hangup || strings.Trim(c.keys, dialable) != "" {
			return nil, fmt.Errorf("%q is not something to press; write PROMPT:KEYS with keys of %s, PROMPT:%s or PROMPT:%s",
				word, dialable, speakWord, hangupWord)
		}
		cues = append(cues, c)
	}
	return cues, nil
}

// deed is what is shown of a cue in a scene.
func (c cue) deed() string {
	switch {
	case c.speak:
		return "says: " + demoWords
	case c.hangup:
		return "hangs up"
	default:
		return "presses " + c.shown()
	}
}

// shown is what may be printed of a cue: a PIN may not.
func (c cue) shown() string {
	switch {
	case c.speak:
		return "(speaks)"
	case c.hangup:
		return "(hangs up)"
	case c.prompt == "pin":
		return mask(c.keys)
	default:
		return c.keys
	}
}

func mask(keys string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("0123456789", r) {
			return '•'
		}
		return r
	}, keys)
}
