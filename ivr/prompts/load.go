package prompts

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed *.yaml */manifest.json */*.flac
var shipped embed.FS

// Embedded returns the texts and packs that are built into the program.
func Embedded() (*Set, error) {
	return load(shipped)
}

// load reads the locale files and manifests at the root of dir; sounds stay where they are until they are opened.
func load(dir fs.FS) (*Set, error) {
	files, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("prompts: find locale files: %w", err)
	}
	set := &Set{locales: map[string]*pack{}}
	layers := map[string]string{}
	for _, file := range files {
		locale := strings.TrimSuffix(file, ".yaml")
		p, layer, err := loadPack(dir, locale)
		if err != nil {
			return nil, fmt.Errorf("prompts: locale %s: %w", locale, err)
		}
		set.locales[locale] = p
		if layer != "" {
			layers[locale] = layer
		}
	}
	for locale, layer := range layers {
		below, ok := set.locales[layer]
		if _, nested := layers[layer]; !ok || nested {
			return nil, fmt.Errorf("prompts: %s.yaml: layer: %q is not a whole locale; name one that has all prompts", locale, layer)
		}
		set.locales[locale].below = below
	}
	return set, nil
}

// layerKey is the entry of a locale file that is no prompt: the locale whose prompts stand where this file has none.
const layerKey = "layer"

func loadPack(dir fs.FS, locale string) (p *pack, layer string, err error) {
	data, err := fs.ReadFile(dir, locale+".yaml")
	if err != nil {
		return nil, "", err
	}
	texts := map[string]string{}
	if err := yaml.Unmarshal(data, &texts); err != nil {
		return nil, "", fmt.Errorf("read %s.yaml: %w", locale, err)
	}
	layer = texts[layerKey]
	delete(texts, layerKey)

	data, err = fs.ReadFile(dir, path.Join(locale, "manifest.json"))
	if err != nil {
		return nil, "", err
	}
	manifest := map[string]Sound{}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, "", fmt.Errorf("read %s/manifest.json: %w", locale, err)
	}
	sounds, err := fs.Sub(dir, locale)
	if err != nil {
		return nil, "", err
	}
	return &pack{texts: texts, manifest: manifest, sounds: sounds}, layer, nil
}
