package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is the release; development builds say so.
const version = "0.4.0"

type versionCommand struct {
	JSON bool `help:"Print JSON."`
}

func (c *versionCommand) Run(console *console) error {
	facts := struct {
		Version string `json:"version"`
		Commit  string `json:"commit,omitempty"`
		Go      string `json:"go"`
	}{Version: version, Go: runtime.Version()}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				facts.Commit = setting.Value
			}
		}
	}
	if c.JSON {
		return printJSON(console.out, facts)
	}
	_, err := fmt.Fprintln(console.out, "readback", facts.Version, facts.Commit, facts.Go)
	return err
}
