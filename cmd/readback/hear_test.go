package main

import (
	"os"
	"strings"
	"testing"

	"readback/media"
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
	book, err := sounds.book("en-US")
	if err != nil {
		t.Fatal(err)
	}
	listener := book.Listen()
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
