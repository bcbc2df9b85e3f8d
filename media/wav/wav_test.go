package wav_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"readback/media/wav"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "a.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := []int16{0, 1, -1, 32767, -32768}
	w, err := wav.NewWriter(f, 8000)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(want[:2]), w.Sync(), w.Write(want[2:]), w.Sync()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	got, rate, err := wav.Read(bytes.NewReader(data))
	if err != nil || rate != 8000 || !slices.Equal(got, want) {
		t.Errorf("read %v at %d Hz, %v; want %v at 8000 Hz", got, rate, err, want)
	}
	got, _, err = wav.Read(bytes.NewReader(data[:len(data)-3]))
	if err != nil || !slices.Equal(got, want[:3]) {
		t.Errorf("a file cut short gives %v, %v; want %v", got, err, want[:3])
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		pcm, rate, err := wav.Read(bytes.NewReader(data))
		if err == nil && rate <= 0 {
			t.Errorf("%d samples at %d Hz without an error", len(pcm), rate)
		}
	})
}
