package recordings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"readback/tickets"
)

// A Directory keeps recordings as files of mode 0600 in a directory, which must be there. It knows those by the names of recordings,
// .wav and .wav.age: everything else in it is somebody else's.
type Directory string

var _ tickets.Recordings = Directory("")

// Put implements tickets.Recordings: the file is written under another name, synced and renamed.
func (d Directory) Put(ctx context.Context, name string, from io.ReadSeeker) error {
	if err := checkName(name); err != nil {
		return err
	}
	file, err := os.CreateTemp(string(d), "."+name+".*")
	if err != nil {
		return fmt.Errorf("keep recording %s: %w", name, err)
	}
	_, err = io.Copy(file, reader{ctx, io.LimitReader(from, MaxSize)})
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), d.path(name))
	}
	if err != nil {
		return fmt.Errorf("keep recording %s: %w", name, errors.Join(err, os.Remove(file.Name())))
	}
	return d.sync()
}

// sync makes the names in the directory durable.
func (d Directory) sync() error {
	dir, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Open implements tickets.Recordings.
func (d Directory) Open(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := d.open(name)
	if err != nil {
		return nil, err // not a nil file in an interface
	}
	return file, nil
}

func (d Directory) open(name string) (*os.File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	file, err := os.Open(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("recording %s: %w", name, tickets.ErrNotFound)
	}
	return file, err
}

// Delete implements tickets.Recordings.
func (d Directory) Delete(_ context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := os.Remove(d.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// List implements tickets.Recordings.
func (d Directory) List(ctx context.Context, before time.Time, visit func(string, time.Time) error) error {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return fmt.Errorf("list recordings: %w", err)
	}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !isRecording(entry.Name()) || !entry.Type().IsRegular() {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("list recordings: %w", err)
		}
		if !info.ModTime().Before(before) {
			continue
		}
		if err := visit(entry.Name(), info.ModTime()); err != nil {
			return err
		}
	}
	return nil
}

func isRecording(name string) bool {
	return checkName(name) == nil && strings.HasSuffix(strings.TrimSuffix(name, Suffix), ".wav")
}

func (d Directory) path(name string) string { return filepath.Join(string(d), name) }

// reader ends with its context.
type reader struct {
	ctx  context.Context
	from io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.from.Read(p)
}
