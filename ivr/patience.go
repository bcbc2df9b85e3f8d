package ivr

import (
	"cmp"
	"time"
)

// Patience is how long the script waits for the caller. The zero value is the default of each.
type Patience struct {
	Menu     time.Duration // for a key after a question, 6 s
	First    time.Duration // for the first key of an entry, 5 s
	Between  time.Duration // between two keys of an entry, 3 s
	Account  time.Duration // between two keys of an account number, which has to be looked up, 5 s
	Notice   time.Duration // for a refusal after the announcement of a recording, 1 s
	Speech   time.Duration // the longest recording, 120 s
	Silence  time.Duration // ends a recording, 4 s
	Pause    time.Duration // the longest pause that a caller may ask for, 5 min
	Checking time.Duration // before the caller is told that something takes a moment, 1 s
	Desk     time.Duration // for one request to the desk, also after a hang-up, 10 s
}

func (p Patience) withDefaults() Patience {
	return Patience{
		Menu:     cmp.Or(p.Menu, 6*time.Second),
		First:    cmp.Or(p.First, 5*time.Second),
		Between:  cmp.Or(p.Between, 3*time.Second),
		Account:  cmp.Or(p.Account, 5*time.Second),
		Notice:   cmp.Or(p.Notice, time.Second),
		Speech:   cmp.Or(p.Speech, 2*time.Minute),
		Silence:  cmp.Or(p.Silence, 4*time.Second),
		Pause:    cmp.Or(p.Pause, 5*time.Minute),
		Checking: cmp.Or(p.Checking, time.Second),
		Desk:     cmp.Or(p.Desk, 10*time.Second),
	}
}
