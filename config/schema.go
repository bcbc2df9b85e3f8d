package config

import (
	"bytes"
	_ "embed"
)

//go:embed schema.json
var schemaJSON []byte

// Schema is the JSON Schema (2020-12) of the configuration file, for editors. It is made from the types and comments
// of this package: `go test ./config -run TestSchema -update` writes it anew.
func Schema() []byte { return bytes.Clone(bytes.TrimSpace(schemaJSON)) }
