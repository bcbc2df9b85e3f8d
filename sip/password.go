package sip

import (
	"fmt"
	"io"
	"log/slog"
)

// Password is a secret that never prints itself: fmt, slog and encoders all show "[password]".
type Password string

const hidden = "[password]"

// Format shows that there is a password, whatever the verb.
func (Password) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// LogValue keeps it out of every log.
func (Password) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText keeps it out of JSON and its like.
func (Password) MarshalText() ([]byte, error) { return []byte(hidden), nil }
