package tickets

import (
	"encoding"
	"fmt"
	"io"
	"log/slog"
)

// The length of a PIN in digits.
const (
	MinPIN = 6
	MaxPIN = 12
)

// hidden is all that is ever printed of a PIN.
const hidden = "[PIN]"

// A PIN is the secret of an account, as typed. It prints, logs and marshals as "[PIN]", whoever does it and
// however. The zero value is nobody's PIN: [Desk.Identify] counts it as a wrong one.
type PIN struct{ digits string }

var (
	_ fmt.Stringer           = PIN{}
	_ fmt.GoStringer         = PIN{}
	_ fmt.Formatter          = PIN{}
	_ slog.LogValuer         = PIN{}
	_ encoding.TextMarshaler = PIN{}
)

// NewPIN takes MinPIN to MaxPIN digits. Its error does not repeat them.
func NewPIN(digits string) (PIN, error) {
	if len(digits) < MinPIN || len(digits) > MaxPIN || !allDigits(digits) {
		return PIN{}, fmt.Errorf("PIN: %w: use %d to %d digits", ErrInvalid, MinPIN, MaxPIN)
	}
	return PIN{digits: digits}, nil
}

// String is "[PIN]".
func (PIN) String() string { return hidden }

// GoString is "[PIN]".
func (PIN) GoString() string { return hidden }

// Format prints "[PIN]" for every verb.
func (PIN) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue keeps a PIN out of every log, whoever logs it.
func (PIN) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText is "[PIN]", also in JSON.
func (PIN) MarshalText() ([]byte, error) { return []byte(hidden), nil }

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
