package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"readback/ivr"
	"readback/media/wav"
	"readback/tickets"
	"readback/tickets/sqlite"
)

// quietWAV is a file of so many seconds at 8 kHz.
func quietWAV(t *testing.T, seconds int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "quiet.wav")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := wav.NewWriter(file, 8000)
	if err == nil {
		err = w.Write(make([]int16, 8000*seconds))
	}
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRecordingsOfIncidents(t *testing.T) {
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"a minute":       {quietWAV(t, 60), ""},
		"longer":         {quietWAV(t, 61), "it lasts 1m1s, make it no longer than 1m0s"},
		"no sound":       {[]byte("RIFF"), "not a mono FLAC or 16-bit WAV file"},
		"nothing at all": {nil, "not a mono FLAC or 16-bit WAV file"},
	} {
		if _, err := decodeAnnouncement(test.data); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestAnnouncementsAreTheDesksAndFew(t *testing.T) {
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	desk := &tickets.Desk{Store: store}
	incident := declare(t, desk, quietWAV(t, 2))
	var ready announcements
	find := ready.of(desk)
	_, digest, _ := incident.Said("en-US")
	clip, err := find(digest)
	if err != nil || clip.Duration() != 2*time.Second {
		t.Fatalf("got a clip of %v, %v, want 2 s", clip.Duration(), err)
	}
	if again, err := find(digest); again != clip || err != nil {
		t.Errorf("it is decoded again, %v", err)
	}
	if _, err := find("of another incident"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown recording: got %v, want fs.ErrNotExist", err)
	}
	for i := range maxDecoded {
		ready.clips[fmt.Sprint(i)] = clip
		if len(ready.clips) == maxDecoded {
			break
		}
	}
	newer := declare(t, desk, quietWAV(t, 3))
	_, digest, _ = newer.Said("en-US")
	if _, err := find(digest); err != nil || len(ready.clips) > maxDecoded {
		t.Errorf("%d recordings are kept ready, %v, want %d at most", len(ready.clips), err, maxDecoded)
	}
}

// declare has a desk announce an incident with a recording.
func declare(t *testing.T, desk *tickets.Desk, data []byte) tickets.Incident {
	t.Helper()
	incident, err := desk.Declare(t.Context(), "", tickets.IncidentChange{By: "ann", WAV: map[string][]byte{"en-US": data}})
	if err == nil {
		err = desk.ReadIncidents(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return incident
}

// A recording that is replaced while its announcement begins must not end the call.
func TestARecordingThatIsGoneIsAPause(t *testing.T) {
	sounds, err := loadSounds(nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{sounds: sounds, own: new(announcements).of(&tickets.Desk{})}
	clip, err := l.clip(t.Context(), ivr.Prompt{Locale: "en-US", Name: ivr.SoundOfIncident + "gone"})
	if err != nil || clip.Duration() > time.Second {
		t.Errorf("got a clip of %v, %v, want a pause", clip.Duration(), err)
	}
}
