package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"readback/media/wav"
)

const (
	// draft marks a recording that is not whole yet.
	draft = ".draft"
	// noSound is the size of a recording without any: a WAV header.
	noSound = 44
)

// mendRecordings keeps what callers had said when the gateway of before was killed: the recordings that it left in a
// folder become whole files under a name of their own, since no ticket knows of them. Nobody may be recording there.
func mendRecordings(folder string, log *slog.Logger) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".wav"+draft) {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		kept, err := mendRecording(path)
		switch {
		case err != nil:
			log.Warn("a recording that was cut off cannot be mended; it is left as it is", "file", path, "error", err)
		case kept != "":
			log.Warn("a recording that was cut off when the gateway was killed is kept", "file", kept)
		}
	}
	return nil
}

// mendRecording returns where a draft is kept; nowhere, if there is no sound in it.
func mendRecording(path string) (kept string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() <= noSound {
		return "", os.Remove(path)
	}
	if _, err := wav.Repair(path); err != nil {
		return "", err
	}
	kept = strings.TrimSuffix(path, ".wav"+draft) + "-unfinished.wav"
	return kept, os.Rename(path, kept)
}
