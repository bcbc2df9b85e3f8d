// Package config reads the configuration file of a gateway: one YAML file, laid over defaults that are embedded in
// the program and written to be read as documentation (default.yaml).
//
// How a file is laid over the defaults: a key that the file leaves out keeps its default; maps merge key by key; a
// list that the file gives replaces the default list as a whole. An unknown key is an error. A value can come from
// the environment or from a file, by ${env:NAME} or ${file:PATH} inside any text value; $${ writes a plain ${.
// Paths in a file are relative to the file's directory.
//
// Reading finds every problem, not only the first, each with its file, line, column and what mends it.
package config

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"

	_ "time/tzdata" // a time zone's name means the same on every machine
)

// maxFile is the size in bytes of the largest configuration file that is read.
const maxFile = 1 << 20

//go:embed default.yaml
var defaultYAML []byte

// builtIn is the name by which problems call the embedded defaults.
const builtIn = "built-in default.yaml"

// Config is a whole configuration. Default, Load and Parse make one; its zero value is not usable.
type Config struct {
	// The name of this gateway in tickets, logs and the number blocks it leases. Several gateways that share a database need different names.
	Node string `yaml:"node" jsonschema:"pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$,maxLength=63" fix:"use letters, digits, dot, dash and underscore"`
	// The directory for everything the gateway keeps on disk: the SQLite database, recordings, number blocks, the control socket.
	Data string `yaml:"data" jsonschema:"minLength=1"`
	// Signalling: where calls come in.
	SIP SIP `yaml:"sip"`
	// Sound: addresses, ports and patience of the media engine.
	RTP RTP `yaml:"rtp"`
	// The one HTTP listener: health, metrics, API.
	HTTP HTTP `yaml:"http"`
	// Who may send calls here. Sources outside every trunk get no answer at all.
	Trunks []Trunk `yaml:"trunks" jsonschema:"maxItems=1000"`
	// The telephone numbers that are answered. Any other number is refused with 404.
	Numbers []Number `yaml:"numbers" jsonschema:"maxItems=10000"`
	// Links for plans that are not served by phone, and how long callers are waited for.
	Menu Menu `yaml:"menu"`
	// Plans, response windows and what unverified callers get.
	Policy Policy `yaml:"policy"`
	// How callers prove which account they belong to.
	Identify Identify `yaml:"identify"`
	// Own recordings of the prompts.
	Prompts Prompts `yaml:"prompts"`
	// What is kept of calls: their records, and what was said in signalling.
	Calls Calls `yaml:"calls"`
	// Recording of what the caller says.
	Recording Recording `yaml:"recording"`
	// The database of accounts and tickets.
	Store Store `yaml:"store"`
	// How customers and other programs are told what happened.
	Notify Notify `yaml:"notify"`
	// How engineers are woken.
	Paging Paging `yaml:"paging"`
	// The agents whom callers may be put through to.
	Agents Agents `yaml:"agents"`
	// What is logged, and how.
	Observe Observe `yaml:"observe"`

	places places // where each value was written
}

// Default returns the embedded defaults, a fresh copy at each call.
func Default() *Config {
	c := &Config{places: places{}}
	r := newReader(builtIn, c)
	r.read(defaultYAML)
	r.validate()
	if err := r.problems.err(); err != nil {
		panic(err) // the embedded file is part of the program: a test reads it
	}
	return c
}

// Load reads the file at path over the defaults. An error that is a Problems names everything wrong with what the
// file says; any other error means that the file could not be read.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(path, data)
}

// Parse reads data over the defaults. The name stands in the problems, and its directory is what paths in the file
// are relative to. The error, when not nil, is a Problems.
func Parse(name string, data []byte) (*Config, error) {
	c := Default()
	r := newReader(name, c)
	r.read(data)
	r.validate()
	if err := r.problems.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Problem describes something wrong with the value at path, for checks that need more than this package knows: "no
// such prompts in the pack". It says where the value was written.
func (c *Config) Problem(path, message, fix string) Problem {
	at := c.places.find(path)
	if path == "" {
		return Problem{File: at.file, Message: message, Fix: fix}
	}
	return Problem{File: at.file, Line: at.line, Column: at.column, Path: path, Message: message, Fix: fix}
}

// within makes a path that the file gave relative to that file's directory.
func within(file, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}
