package prompts

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestLoadRefuses(t *testing.T) {
	whole := fstest.MapFS{
		"en-GB.yaml": {Data: []byte("pin: Your PIN, please.")}, "en-GB/manifest.json": {Data: []byte("{}")},
		"en-AU.yaml": {Data: []byte("layer: en-GB")}, "en-AU/manifest.json": {Data: []byte("{}")},
	}
	if _, err := load(whole); err != nil {
		t.Fatalf("a good directory is refused: %v", err)
	}
	tests := map[string]struct {
		file, data string // put in place; no data takes the file away
		want       string
	}{
		"a prompt twice":        {"en-GB.yaml", "pin: one\npin: two", "en-GB.yaml"},
		"a list for a text":     {"en-GB.yaml", "pin: [one, two]", "en-GB.yaml"},
		"no manifest":           {"en-GB/manifest.json", "", "manifest.json"},
		"a broken manifest":     {"en-GB/manifest.json", "{", "en-GB/manifest.json"},
		"a layer over nothing":  {"en-AU.yaml", "layer: en-NZ", `"en-NZ" is not a whole locale`},
		"a layer over itself":   {"en-AU.yaml", "layer: en-AU", `"en-AU" is not a whole locale`},
		"a layer over a layer":  {"en-GB.yaml", "layer: en-AU", "is not a whole locale"},
		"a file that is no map": {"en-AU.yaml", "just words", "en-AU.yaml"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := fstest.MapFS{}
			for file, content := range whole {
				dir[file] = content
			}
			dir[test.file] = &fstest.MapFile{Data: []byte(test.data)}
			if test.data == "" {
				delete(dir, test.file)
			}
			if _, err := load(dir); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("load() = %v, want an error that says %q", err, test.want)
			}
		})
	}
}
