package media_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"readback/media"
	"readback/media/wav"
)

// recordTo names the file that a child process records to, until it is killed.
const recordTo = "READBACK_TEST_RECORD_TO"

// A program that is killed leaves a recording that plays, with all but the last second.
func TestRecordingsSurviveACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "voice.wav")
	child := exec.Command(os.Args[0], "-test.run=^TestRecordUntilKilled$")
	child.Env = append(os.Environ(), recordTo+"="+path)
	var said bytes.Buffer
	child.Stdout, child.Stderr = &said, &said
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	begun := waitForBytes(t, path, 44)
	waitForBytes(t, path, 44+3*16000)
	recorded := time.Since(begun)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	onDisk := lasting(t, path)
	if header := readable(t, path); onDisk-header > time.Second || header == 0 {
		t.Errorf("the header tells of %v, %v are there (%s)", header, onDisk, &said)
	}
	if _, err := wav.Repair(path); err != nil {
		t.Fatal(err)
	}
	after := readable(t, path)
	if after != onDisk || recorded-after > time.Second {
		t.Errorf("%v can be read of %v on disk, after %v of recording", after, onDisk, recorded)
	}
	soxReads(t, path, after)
}

// waitForBytes waits until a file has so many, and tells when it had.
func waitForBytes(t *testing.T, path string, size int64) time.Time {
	t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(time.Millisecond) {
		if info, err := os.Stat(path); err == nil && info.Size() >= size {
			return time.Now()
		}
	}
	t.Fatalf("no %d bytes in %s", size, path)
	return time.Time{}
}

// lasting is how much sound a file holds, by its size.
func lasting(t *testing.T, path string) time.Duration {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration((info.Size()-44)/2) * time.Second / 8000
}

// readable is how much can be read.
func readable(t *testing.T, path string) time.Duration {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pcm, rate, err := wav.Read(bytes.NewReader(b))
	if err != nil || rate != 8000 {
		t.Fatalf("%d Hz, %v", rate, err)
	}
	return time.Duration(len(pcm)) * time.Second / 8000
}

// soxReads asks another program, where it is installed.
func soxReads(t *testing.T, path string, want time.Duration) {
	t.Helper()
	sox, err := exec.LookPath("sox")
	if err != nil {
		t.Log("no sox to read it as well")
		return
	}
	out, err := exec.Command(sox, "--i", "-D", path).CombinedOutput()
	got, bad := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil || bad != nil || (time.Duration(got*float64(time.Second))-want).Abs() > time.Millisecond {
		t.Errorf("sox says %q, %v; want %v", out, err, want)
	}
	if out, err := exec.Command(sox, path, "-n", "stat").CombinedOutput(); err != nil || bytes.Contains(out, []byte("WARN")) {
		t.Errorf("sox says %s, %v", out, err)
	}
}

// TestRecordUntilKilled is the child process of the test above.
func TestRecordUntilKilled(t *testing.T) {
	path := os.Getenv(recordTo)
	if path == "" {
		t.Skip("for " + recordTo + " only")
	}
	e, err := media.New(media.Config{Address: netip.MustParseAddr("127.0.0.1"), PortMin: 35000, PortMax: 39999})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	narrow := media.Options{Codecs: []string{"PCMU"}}
	c := &call{phone: open(t, e, narrow), gate: open(t, e, narrow)}
	c.connect(t)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() { _ = c.phone.Play(ctx, media.NewClip(babble(time.Minute, -20))) }()
	r, err := c.gate.Record(ctx, f, media.RecordLimit{})
	t.Errorf("nobody killed this process: %+v, %v", r, err)
}
