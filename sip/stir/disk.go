package stir

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	suffix  = ".pem"
	partial = "new-" // starts the name of a file that is being written
)

// label is the first line of a file: where its certificates are from, and how old they are.
type label struct {
	URL     string    `json:"url"`
	Fetched time.Time `json:"fetched"`
	Expires time.Time `json:"expires"`
}

// fileOf names a file after its address, whose own characters are a stranger's.
func fileOf(dir, url string) string {
	sum := sha256.Sum256([]byte(url))
	return filepath.Join(dir, hex.EncodeToString(sum[:])+suffix)
}

// writeEntry puts a whole file in place, or none.
func writeEntry(dir, url string, e *entry) error {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(label{url, e.fetched, e.expires}); err != nil {
		return err
	}
	for _, c := range e.chain {
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(dir, partial+"*")
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), fileOf(dir, url))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// readDir reads the sound files of a directory, as many as there may be.
func readDir(dir string) (map[string]*entry, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	entries := map[string]*entry{}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), partial) { // its writer was killed
			_ = os.Remove(filepath.Join(dir, f.Name()))
			continue
		}
		if len(entries) == maxCached {
			break
		}
		if !strings.HasSuffix(f.Name(), suffix) {
			continue
		}
		path := filepath.Join(dir, f.Name())
		if url, e, err := readEntry(path); err == nil && fileOf(dir, url) == path {
			entries[url] = e
		}
	}
	return entries, nil
}

func readEntry(path string) (string, *entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 2*maxFetch))
	if err != nil {
		return "", nil, err
	}
	var l label
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	if err := json.Unmarshal(line, &l); err != nil {
		return "", nil, err
	}
	chain, err := ParseCertificates(rest)
	return l.URL, &entry{chain, l.Fetched, l.Expires}, err
}
