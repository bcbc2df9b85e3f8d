package auth

import (
	"errors"
	"fmt"
	"strings"

	"github.com/icholy/digest"
)

// maxAnswer bounds an Authorization header, in bytes.
const maxAnswer = 2048

// An Answer is what an Authorization header says.
type Answer struct {
	Username, Realm, Nonce, URI, Response, Algorithm string

	cnonce, nc string
	count      uint64 // nc as a number
}

var errAnswer = errors.New("auth: the Authorization header is no digest with qop=auth")

// Parse reads an Authorization header. Only what the challenges ask for is an answer: qop=auth, with cnonce and nc
// (RFC 7616 section 3.4).
func Parse(header string) (Answer, error) {
	header = strings.TrimSpace(header)
	if len(header) > maxAnswer {
		return Answer{}, fmt.Errorf("%w: it has %d bytes", errAnswer, len(header))
	}
	c, err := digest.ParseCredentials(header)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", errAnswer, err)
	}
	if !strings.EqualFold(c.QOP, "auth") || c.Cnonce == "" || c.Nc <= 0 || c.Userhash || c.Username == "" {
		return Answer{}, errAnswer
	}
	return Answer{
		Username: c.Username, Realm: c.Realm, Nonce: c.Nonce, URI: c.URI, Response: c.Response, Algorithm: c.Algorithm,
		cnonce: c.Cnonce, nc: fmt.Sprintf("%08x", c.Nc), count: uint64(c.Nc),
	}, nil
}

// expected is the response that a user with this HA1 gives (RFC 7616 section 3.4.1).
func (a *Answer) expected(ha1, method string) string {
	return hash(a.Algorithm, ha1, a.Nonce, a.nc, a.cnonce, "auth", hash(a.Algorithm, method, a.URI))
}

// challenge is a WWW-Authenticate header.
func challenge(realm, nonce, algorithm string, stale bool) string {
	c := digest.Challenge{Realm: realm, Nonce: nonce, Algorithm: algorithm, QOP: []string{"auth"}, Stale: stale}
	return c.String()
}
