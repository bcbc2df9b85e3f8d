package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestSecretsAreMaskedHoweverTheyAreShown(t *testing.T) {
	c, err := Parse("readback.yaml", []byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("pepper", "pepper", c.Identify.Pepper, "store", c.Store)
	asJSON, errJSON := json.Marshal(c)
	asYAML, errYAML := yaml.Marshal(c)
	if err := errors.Join(errJSON, errYAML); err != nil {
		t.Fatal(err)
	}
	var warned strings.Builder
	for _, w := range c.Warnings() {
		fmt.Fprintln(&warned, w)
	}
	for way, text := range map[string]string{
		"log":      log.String(),
		"JSON":     string(asJSON),
		"YAML":     string(asYAML),
		"%v":       fmt.Sprintf("%v", c),
		"%+v":      fmt.Sprintf("%+v", *c),
		"%#v":      fmt.Sprintf("%#v", *c),
		"%d":       fmt.Sprintf("%d %x %q %s", c.Store.URL, c.Store.URL, c.Store.URL, c.Store.URL),
		"warnings": warned.String(),
	} {
		for _, secret := range []string{"hush", "0123456789abcdef", fmt.Sprintf("%x", "hush")} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows the secret %q:\n%s", way, secret, text)
			}
		}
	}
	if got := c.Identify.Pepper.Reveal(); got != "0123456789abcdef" {
		t.Errorf("Reveal gives %q", got)
	}
}
