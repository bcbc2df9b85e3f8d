package media_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"readback/media"
)

// BenchmarkDecode reads ten seconds of prompt from a pack's FLAC.
func BenchmarkDecode(b *testing.B) {
	file := b.TempDir() + "/a.flac"
	if out, err := exec.CommandContext(b.Context(), "sox", "-n", "-r", "16000", "-b", "16", "-c", "1", file, "synth", "10", "pinknoise", "gain", "-20").CombinedOutput(); err != nil {
		b.Fatalf("sox: %v: %s; install it with: apt-get install sox", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := media.Decode(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}
