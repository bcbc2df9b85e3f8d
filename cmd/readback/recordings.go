package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// removeRecordings deletes the recordings of a folder that are older than keep; 0 keeps them for ever.
func removeRecordings(folder string, keep time.Duration, now time.Time) error {
	if keep == 0 {
		return nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var problems []error
	for _, entry := range entries {
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) || entry.IsDir() || filepath.Ext(entry.Name()) != ".wav" {
			continue
		}
		if err == nil && now.Sub(info.ModTime()) > keep {
			err = os.Remove(filepath.Join(folder, entry.Name()))
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
