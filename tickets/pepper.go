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
	secretBytes = 32
	maxSecret   = 1024
)

// LoadPepper reads the secret that goes into every PIN hash from its file, and makes the file (32 random bytes,
// mode 0600) when there is none. Keep it apart from the database, and keep a copy: without it no stored PIN can be
// checked again.
func LoadPepper(path string) ([]byte, error) {
	return loadSecret(path, "PIN pepper", "restore the file the PINs were hashed with")
}

// LoadSurveyKey reads the secret that signs the links of surveys in the same way. Without it the links that were sent are void.
func LoadSurveyKey(path string) ([]byte, error) {
	return loadSecret(path, "survey key", "restore the file the links were signed with, or remove it")
}

// loadSecret reads a secret, and makes it at the first use.
func loadSecret(path, what, mend string) ([]byte, error) {
	secret, err := readSecret(path, what, mend)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	fresh := make([]byte, secretBytes)
	_, _ = rand.Read(fresh) // never fails
	if err := writeNew(path, fresh); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make %s: %w", what, err)
	}
	return readSecret(path, what, mend) // another process may have been first
}

func readSecret(path, what, mend string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	defer func() { _ = file.Close() }()
	secret, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	if len(secret) < secretBytes || len(secret) > maxSecret {
		return nil, fmt.Errorf("%s %s: %w: it has %d bytes, it needs %d to %d; %s", what, path, ErrInvalid, len(secret), secretBytes, maxSecret, mend)
	}
	return secret, nil
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
