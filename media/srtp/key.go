package srtp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
)

// Key is a master key and its salt. Only Encode shows it: it is kept in a function because fmt looks behind everything
// else, whatever the verb and however deep in a struct. The zero value is no key.
type Key struct {
	suite    Suite
	material func() []byte // key, then salt
}

// NewKey makes a key at random.
func NewKey(suite Suite) Key {
	material := make([]byte, suite.size())
	_, _ = rand.Read(material) // it never fails
	return newKey(suite, material)
}

// ParseKey reads a key as a session description has it (RFC 4568 section 6.1): ErrKey. The error does not show it.
func ParseKey(suite Suite, text string) (Key, error) {
	material, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return Key{}, fmt.Errorf("%w: not base64", ErrKey)
	}
	if len(material) != suite.size() || suite == None {
		return Key{}, fmt.Errorf("%w: %d bytes, %s wants %d", ErrKey, len(material), suite, suite.size())
	}
	return newKey(suite, material), nil
}

func newKey(suite Suite, material []byte) Key {
	return Key{suite, func() []byte { return material }}
}

// Encode is the key as a session description has it.
func (k Key) Encode() string { return base64.StdEncoding.EncodeToString(k.bytes()) }

// Suite is the one that the key is for; None of no key.
func (k Key) Suite() Suite { return k.suite }

// Equal reports whether two keys are the same, of the same suite.
func (k Key) Equal(other Key) bool {
	return k.suite == other.suite && subtle.ConstantTimeCompare(k.bytes(), other.bytes()) == 1
}

func (k Key) bytes() []byte {
	if k.suite == None {
		return nil
	}
	return k.material()
}

// String hides the key.
func (k Key) String() string {
	if k.suite == None {
		return "no key"
	}
	return "[key]"
}

// LogValue keeps a key out of every log, whoever logs it.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
