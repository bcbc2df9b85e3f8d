package tickets

import (
	"encoding"
	"fmt"
)

// A Priority is how bad a problem is: P1 urgent to P4 low. The zero value means that none was chosen.
type Priority int

// The four priorities.
const (
	P1 Priority = iota + 1 // urgent: the service is down, no workaround
	P2                     // high: important parts badly affected
	P3                     // normal: a problem with a feature
	P4                     // low: a question, a request, help
)

var (
	_ encoding.TextMarshaler   = Priority(0)
	_ encoding.TextUnmarshaler = (*Priority)(nil)
)

// Valid reports whether p is one of P1 to P4.
func (p Priority) Valid() bool { return p >= P1 && p <= P4 }

// String is "P1" to "P4", and "none" for the zero value.
func (p Priority) String() string {
	switch {
	case p.Valid():
		return fmt.Sprintf("P%d", int(p))
	case p == 0:
		return "none"
	}
	return fmt.Sprintf("Priority(%d)", int(p))
}

// MarshalText writes "P1" to "P4", or nothing when none was chosen.
func (p Priority) MarshalText() ([]byte, error) {
	if p == 0 {
		return nil, nil
	}
	if !p.Valid() {
		return nil, fmt.Errorf("priority %d: %w: use P1, P2, P3 or P4", int(p), ErrInvalid)
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (p *Priority) UnmarshalText(text []byte) error {
	switch string(text) {
	case "":
		*p = 0
	case "P1", "P2", "P3", "P4":
		*p = Priority(text[1] - '0')
	default:
		return fmt.Errorf("priority %.20q: %w: use P1, P2, P3 or P4", text, ErrInvalid)
	}
	return nil
}
