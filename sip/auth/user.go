package auth

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"
)

// A User is someone with a password; kept is only its hash with name and realm (HA1). A zero User has none.
type User struct {
	Name        string
	sha256, md5 string
}

// NewUser hashes a password.
func NewUser(name, realm, password string) User {
	return User{name, hash(SHA256, name, realm, password), hash(MD5, name, realm, password)}
}

// String is the name alone.
func (u User) String() string { return u.Name }

// GoString is the name alone.
func (u User) GoString() string { return u.Name }

// LogValue is the name alone.
func (u User) LogValue() slog.Value { return slog.StringValue(u.Name) }

// ha1 is the hash for an algorithm; empty for one that is not known.
func (u User) ha1(algorithm string) string {
	switch strings.ToUpper(algorithm) {
	case SHA256:
		return u.sha256
	case MD5, "":
		return u.md5
	}
	return ""
}

// hash is H(a:b:…) of RFC 7616 section 3.4, in hex.
func hash(algorithm string, parts ...string) string {
	text := []byte(strings.Join(parts, ":"))
	if strings.EqualFold(algorithm, SHA256) {
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum(text)
	return hex.EncodeToString(sum[:])
}
