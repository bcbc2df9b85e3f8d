package ivr

import (
	"time"

	"readback/tickets"
)

// A Call is what is known of a call before the first word.
type Call struct {
	Key       string // unique per call; a ticket is opened once for it
	Caller    tickets.Caller
	Called    string // E.164
	Number    Number
	Extension string    // that came with the called number (";ext=2"), skips the menu
	Received  time.Time // when the INVITE came: the response window begins
}

// A Number is how a called number is answered.
type Number struct {
	Locale    string         // "en-US"
	Languages map[Key]string // other locales, by the key of the menu that chooses them
	Region    string         // ISO 3166 code that typed telephone numbers are read in, "US"
}

// Numbering knows the telephone numbers of the world.
type Numbering interface {
	// Parse makes a number typed by somebody in the region E.164; false when there is no such number.
	Parse(typed, region string) (e164 string, ok bool)
	// Groups is the number as somebody in the region reads it out, digits in groups.
	Groups(e164, region string) []string
}
