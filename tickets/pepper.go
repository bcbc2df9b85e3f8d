package tickets

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	pepperBytes = 32
	maxPepper   = 1024
)

// LoadPepper reads the secret that goes into every PIN hash from its file, and makes the file (32 random bytes,
// mode 0600) when there is none. Keep it apart from the database, and keep a copy: without it no stored PIN can be
// checked again.
func LoadPepper(path string) ([]byte, error) {
	pepper, err := readPepper(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return pepper, err
	}
	fresh := make([]byte, pepperBytes)
	_, _ = rand.Read(fresh) // never fails
	if err := writeNew(path, fresh); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make PIN pepper: %w", err)
	}
	return readPepper(path) // another process may have been first
}

func readPepper(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read PIN pepper: %w", err)
	}
	defer func() { _ = file.Close() }()
	pepper, err := io.ReadAll(io.LimitReader(file, maxPepper+1))
	if err != nil {
		return nil, fmt.Errorf("read PIN pepper: %w", err)
	}
	if len(pepper) < pepperBytes || len(pepper) > maxPepper {
		return nil, fmt.Errorf("PIN pepper %s: %w: it has %d bytes, it needs %d to %d; restore the file the PINs were hashed with",
			path, ErrInvalid, len(pepper), pepperBytes, maxPepper)
	}
	return pepper, nil
}

// writeNew makes a file that appears whole or not at all, and fails with fs.ErrExist when there is one.
func writeNew(path string, data []byte) error {
	draft, err := writeDraft(path, data)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft) }()
	if err := os.Link(draft, path); err != nil {
		return err
	}
	return syncDir(path)
}
