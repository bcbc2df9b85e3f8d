package notify

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/emersion/go-smtp"
)

// loginServer asks for name and password, one after the other.
type loginServer struct {
	check func(user, password string) error
	user  string
	step  int
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

// scramServer is the server's side of RFC 5802 section 3 with SHA-256 (RFC 7677): it knows the password's keys only.
type scramServer struct {
	check               func(user, password string) error
	user, first, answer string
	step                int
}

const scramSalt, scramRounds = "W22ZaJ0SNY7soEsUEjb6gQ==", 4096

func (s *scramServer) Next(response []byte) ([]byte, bool, error) {
	s.step++
	switch {
	case s.step == 1 && len(response) == 0:
		s.step = 0
		return []byte{}, false, nil
	case s.step == 1:
		s.first = strings.TrimPrefix(string(response), "n,,")
		fields := scramFields(s.first)
		s.user = fields["n"]
		s.answer = fmt.Sprintf("r=%sserver,s=%s,i=%d", fields["r"], scramSalt, scramRounds)
		return []byte(s.answer), false, nil
	case s.step == 2:
		return s.prove(string(response))
	}
	return nil, true, nil
}

func (s *scramServer) prove(last string) ([]byte, bool, error) {
	bare, _, _ := strings.Cut(last, ",p=")
	proof, err := base64.StdEncoding.DecodeString(scramFields(last)["p"])
	if err != nil || len(proof) != sha256.Size {
		return nil, false, smtp.ErrAuthFailed
	}
	salt, err := base64.StdEncoding.DecodeString(scramSalt)
	if err != nil {
		return nil, false, err
	}
	salted, err := pbkdf2.Key(sha256.New, relayPassword, salt, scramRounds, sha256.Size)
	if err != nil {
		return nil, false, err
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	said := strings.Join([]string{s.first, s.answer, bare}, ",")
	key := mac(stored[:], said)
	for i := range key {
		key[i] ^= proof[i]
	}
	if sha256.Sum256(key) != stored || s.check(s.user, relayPassword) != nil {
		return nil, false, smtp.ErrAuthFailed
	}
	return []byte("v=" + base64.StdEncoding.EncodeToString(mac(mac(salted, "Server Key"), said))), false, nil
}

func scramFields(message string) map[string]string {
	fields := map[string]string{}
	for field := range strings.SplitSeq(message, ",") {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	return fields
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
