package wav_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"readback/media/wav"
)

// file is a WAV file of so many samples, with other sizes in its header.
func file(t *testing.T, rate, samples int, riff, data uint32) []byte {
	t.Helper()
	f := create(t)
	w, err := wav.NewWriter(f, rate)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, samples)
	for i := range pcm {
		pcm[i] = int16(i)
	}
	if err := errors.Join(w.Write(pcm), w.Commit(), f.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(b[4:], riff)
	binary.LittleEndian.PutUint32(b[40:], data)
	return b
}

func create(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "a.wav"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestRepair(t *testing.T) {
	whole := file(t, 16000, 5000, 36+10000, 10000)
	tests := map[string]struct {
		file     []byte
		repaired bool
		samples  int
		err      error
	}{
		"a finished file":         {file: whole, samples: 5000},
		"an empty recording":      {file: file(t, 8000, 0, 36, 0)},
		"nothing but its start":   {file: file(t, 8000, 5000, 36, 0), repaired: true, samples: 5000},
		"half of it in header":    {file: file(t, 8000, 5000, 36+5000, 5000), repaired: true, samples: 5000},
		"half a sample":           {file: whole[:len(whole)-1], repaired: true, samples: 4999},
		"of unknown length":       {file: file(t, 8000, 5000, 1<<32-1, 1<<32-1), repaired: true, samples: 5000},
		"cut off":                 {file: whole[:60], repaired: true, samples: 8},
		"nothing":                 {file: nil, err: wav.ErrFormat},
		"half a header":           {file: whole[:30], err: wav.ErrFormat},
		"a header but its length": {file: whole[:42], err: wav.ErrFormat},
		"something else":          {file: []byte(strings.Repeat("hello ", 20)), err: wav.ErrFormat},
		"nothing but chunks":      {file: append(whole[:12:12], make([]byte, 100_000)...), err: wav.ErrFormat},
		"two channels":            {file: append(append(whole[:22:22], 2), whole[23:]...), err: wav.ErrFormat},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.wav")
			if err := os.WriteFile(path, test.file, 0o600); err != nil {
				t.Fatal(err)
			}
			repaired, err := wav.Repair(path)
			if repaired != test.repaired || !errors.Is(err, test.err) {
				t.Fatalf("repaired %v, %v; want %v, %v", repaired, err, test.repaired, test.err)
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if test.err != nil {
				if !bytes.Equal(after, test.file) {
					t.Error("what is no WAV file was changed")
				}
				return
			}
			pcm, _, err := wav.Read(bytes.NewReader(after))
			if err != nil || len(pcm) != test.samples || len(after) != 44+2*test.samples {
				t.Errorf("%d samples in %d bytes, %v; want %d samples", len(pcm), len(after), err, test.samples)
			}
			if again, err := wav.Repair(path); again || err != nil {
				t.Errorf("repaired again: %v, %v", again, err)
			}
		})
	}
}

// A file with chunks behind its samples, as editors write them, is whole.
func TestRepairLeavesOtherChunks(t *testing.T) {
	const chunk = "LIST\x04\x00\x00\x00INFO"
	b := append(file(t, 8000, 10, 36+20+uint32(len(chunk)), 20), chunk...)
	path := filepath.Join(t.TempDir(), "a.wav")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if repaired, err := wav.Repair(path); repaired || err != nil {
		t.Errorf("repaired %v, %v", repaired, err)
	}
	pcm, _, err := wav.Read(bytes.NewReader(b))
	if err != nil || !slices.Equal(pcm, []int16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("read %v, %v", pcm, err)
	}
}

func TestRepairWhatIsNoFile(t *testing.T) {
	if _, err := wav.Repair(t.TempDir()); err == nil {
		t.Error("a folder is repaired")
	}
	if _, err := wav.Repair(filepath.Join(t.TempDir(), "none.wav")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v for a file that is not there", err)
	}
}

// Whatever a file holds, Repair either refuses it and leaves it alone, or makes it readable to its end.
func FuzzRepair(f *testing.F) {
	f.Add([]byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00abc"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "a.wav")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := wav.Repair(path)
		after, _ := os.ReadFile(path)
		if err != nil {
			if !bytes.Equal(after, data) {
				t.Errorf("changed, in spite of %v", err)
			}
			return
		}
		if _, _, err := wav.Read(bytes.NewReader(after)); err != nil {
			t.Errorf("after the repair: %v", err)
		}
		if again, err := wav.Repair(path); again || err != nil {
			t.Errorf("repaired again: %v, %v", again, err)
		}
	})
}
