package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"readback/media"
	"readback/testdata/s3server"
)

// TestARecordingComesBackFromTheBucket has the bucket away when a caller speaks, and the gateway killed before it is back. The
// recording gets there, encrypted, once; it can be fetched until its account is erased.
func TestARecordingComesBackFromTheBucket(t *testing.T) {
	t.Parallel() // mostly it waits
	bucket := s3server.Start(t)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(key, []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startGateway(t, fmt.Sprintf("recording: {bucket: {url: \"http://%s\", name: %s, access_key: %s, secret_key: %q}, encrypt: {recipients: [%s], identity: %q}}\n",
		bucket.Address, s3server.Bucket, s3server.AccessKey, s3server.SecretKey, identity.Recipient(), key))
	bucket.Kill()
	number := string(p.describe(t, "22 tone:speak #1", "callback-right"))
	p.await("the bucket to be missed", func() bool { return strings.Contains(p.get("readyz"), "recordings") })
	if waits := names(t, filepath.Join(p.dir, "data/recordings")); len(waits) != 1 {
		t.Fatalf("%q waits for the bucket; want one recording", waits)
	}
	if text := p.get("metrics"); !strings.Contains(text, "readback_recordings_waiting 1") {
		t.Error("the metrics do not count the recording that waits")
	}

	p.kill()
	bucket.Run()
	p.start()
	var kept []string
	p.await("the recording to be moved", func() bool {
		kept = names(t, bucket.Objects)
		return len(kept) == 1 && len(names(t, filepath.Join(p.dir, "data/recordings"))) == 0
	})
	object, err := os.ReadFile(filepath.Join(bucket.Objects, kept[0]))
	if err != nil || !bytes.HasPrefix(object, []byte("age-encryption.org/v1")) || !strings.HasSuffix(kept[0], ".wav.age") {
		t.Errorf("the bucket has %s, %d bytes (%v); want it encrypted", kept[0], len(object), err)
	}
	sound := filepath.Join(p.dir, "fetched.wav")
	p.run("tickets", "recording", "-c", p.config, number, "-o", sound)
	file, err := os.Open(sound)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if pcm, rate, err := media.DecodePCM(file); err != nil || len(pcm) < 2*rate {
		t.Errorf("what was fetched has %d samples at %d Hz, %v; want two seconds and more", len(pcm), rate, err)
	}
	if said := p.fails("tickets", "recording", "-c", p.config, number, "--note", "1", "-o", sound); !strings.Contains(said, "has no note 1; readback tickets show "+number+" lists what there is") {
		t.Errorf("asked for a note that is not there, it says %q", said)
	}

	p.run("accounts", "erase", "-c", p.config, demoAccount, "--by", "ann", "--yes")
	if left := names(t, bucket.Objects); len(left) != 0 {
		t.Errorf("after the erasure the bucket has %q", left)
	}
	if said := p.fails("tickets", "recording", "-c", p.config, number, "-o", sound); !strings.Contains(said, "was erased with its account's other texts on ") {
		t.Errorf("after the erasure, fetching says %q", said)
	}
	if strings.Contains(p.log.String(), s3server.SecretKey) {
		t.Error("the key is in the log")
	}
}

// names are the files of a folder; none when there is no such folder.
func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") {
			all = append(all, entry.Name())
		}
	}
	return all
}
