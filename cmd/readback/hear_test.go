package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"readback/ivr"
	"readback/media"
	"readback/media/recognize"
	"readback/tickets"
)

// heardNumber is the ticket number that a recording of a call holds, by its sound.
func heardNumber(t *testing.T, recording string) tickets.Number {
	t.Helper()
	file, err := os.Open(recording)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	clip, err := media.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	sounds, err := loadSounds(nil)
	if err != nil {
		t.Fatal(err)
	}
	listener := shortBook(t, sounds).Listen()
	matches := append(listener.Hear(clip.PCM()), listener.End()...)
	report := newReport("")
	for _, match := range matches {
		_, name, _ := strings.Cut(match.Name, "/")
		report.hear(heardPrompt{Name: name})
	}
	number := report.ticketNumber()
	if number == "" {
		t.Errorf("no ticket number in %s; heard %v", recording, report.Heard)
	}
	return number
}

// shortBook is the American prompts that a short call to its ticket number takes: the race detector makes listening
// for all of them slower than they are spoken.
func shortBook(t *testing.T, sounds *sounds) *recognize.Book {
	t.Helper()
	names := []string{"menu-support", "severity-2", "record-notice", "tone", "callback-right", "ticket-registered", "ticket-repeat"}
	for digit := range 10 {
		names = append(names, fmt.Sprintf("digit-%d", digit), fmt.Sprintf("digit-%d-end", digit))
	}
	clips := map[string][]int16{}
	for _, name := range names {
		clip, err := sounds.clip(ivr.Prompt{Locale: "en-US", Name: name})
		if err != nil {
			t.Fatal(err)
		}
		clips["en-US/"+name] = clip.PCM()
	}
	return recognize.NewBook(clips)
}
