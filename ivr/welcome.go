package ivr

import (
	"context"
	"maps"
	"slices"
)

// The keys of the menu.
const (
	keySupport  Key = '2'
	keyServices Key = '3'
	keyAgain    Key = '*'
)

// menu lets the caller choose a service, and the language as often as they like. An extension that came
// with the called number chooses the service without a word.
func (c *conversation) menu(ctx context.Context) (service func(context.Context) error, err error) {
	if service := c.dialled(); service != nil {
		return service, nil
	}
	for {
		key, err := c.ask(ctx, c.menuKeys(), c.menuPrompts())
		if err != nil {
			return nil, err
		}
		switch key {
		case keySupport:
			return c.support, nil
		case keyServices:
			return c.services, nil
		case keyAgain:
		default:
			c.locale = c.otherLocale(key)
		}
	}
}

// dialled is the service of the extension, once: a caller who goes back gets the menu.
func (c *conversation) dialled() func(context.Context) error {
	extension := c.extension
	c.extension = ""
	switch extension {
	case string(keySupport):
		return c.support
	case string(keyServices):
		return c.services
	}
	return nil
}

func (c *conversation) menuKeys() string {
	keys := []byte{byte(keySupport), byte(keyServices), byte(keyAgain)}
	for _, key := range c.languageKeys() {
		keys = append(keys, byte(key))
	}
	return string(keys)
}

// menuPrompts offers each other language in that language.
func (c *conversation) menuPrompts() []Prompt {
	prompts := c.prompts("menu-support", "menu-services")
	for _, key := range c.languageKeys() {
		prompts = append(prompts, Prompt{Locale: c.otherLocale(key), Name: "menu-language"})
	}
	return append(prompts, c.prompts("menu-again")...)
}

func (c *conversation) languageKeys() []Key {
	return slices.Sorted(maps.Keys(c.call.Number.Languages))
}

// otherLocale is the locale a language key leads to: the one it stands for, or from there back to the
// one in which the number is answered.
func (c *conversation) otherLocale(key Key) string {
	if locale := c.call.Number.Languages[key]; locale != c.locale {
		return locale
	}
	return c.call.Number.Locale
}
