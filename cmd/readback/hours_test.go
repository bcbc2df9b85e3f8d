package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/config"
	"readback/tickets/calendar"
)

// A ticket waits for the morning of the country whose number was called.
func TestWorkingHoursAreThoseOfTheNumberCalled(t *testing.T) {
	calendars, err := calendarsOf(config.Default())
	if err != nil {
		t.Fatal(err)
	}
	night := time.Date(2026, time.April, 3, 2, 0, 0, 0, time.UTC) // Good Friday in Sydney and London, a Thursday evening in Los Angeles
	for called, want := range map[string]string{
		"+18887999666":   "2026-04-03T16:00:00Z",
		"+16503976096":   "2026-04-03T16:00:00Z",
		"+611800768027":  "2026-04-06T23:00:00Z", // after Easter, and after clocks went back
		"+448003687314":  "2026-04-07T08:00:00Z",
		"+442038905445":  "2026-04-07T08:00:00Z",
		"+4930123456789": "2026-04-03T02:00:00Z", // no hours are known: nothing waits
	} {
		if got := calendars.Next(called, night).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s: work begins at %s, want %s", called, got, want)
		}
		if got := calendars.Working(called, night); got != (want == "2026-04-03T02:00:00Z") {
			t.Errorf("%s: working at %v: %v", called, night, got)
		}
	}
}

func TestOwnHours(t *testing.T) {
	c, err := config.Parse("readback.yaml", []byte(`
policy:
  hours:
    GB:
      time_zone: Europe/London
      week: {sat: "09:00-12:00,13:00-24:00"}
      holidays: gb-sct
      closed: [2026-07-04]
      open: [2026-12-26]
`))
	if err != nil {
		t.Fatal(err)
	}
	calendars, err := calendarsOf(c)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]bool{
		"2026-06-27T09:00:00+01:00": true,
		"2026-06-27T12:30:00+01:00": false,
		"2026-06-27T23:59:00+01:00": true,
		"2026-06-26T10:00:00+01:00": false, // a Friday
		"2026-07-04T10:00:00+01:00": false,
		"2026-12-26T10:00:00Z":      true,
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendars.Working("+448003687314", moment); got != want {
			t.Errorf("working at %s: %v, want %v", at, got, want)
		}
	}
}

// The configuration offers the holidays that there are.
func TestHolidaysToChooseFrom(t *testing.T) {
	field, ok := reflect.TypeFor[config.Hours]().FieldByName("Holidays")
	if !ok {
		t.Fatal("there are no holidays in the configuration")
	}
	var offered []string
	for choice := range strings.SplitSeq(field.Tag.Get("jsonschema"), ",") {
		offered = append(offered, strings.TrimPrefix(choice, "enum="))
	}
	slices.Sort(offered)
	if got, want := offered, calendar.Sets(); !slices.Equal(got, want) {
		t.Errorf("offered are %v, want %v", got, want)
	}
}
