package tickets

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SurveyLinks make and read the links by which customers vote without a login: whoever has the link may vote on its ticket.
type SurveyLinks struct {
	Key   []byte // from LoadSurveyKey, the same in all gateways; empty: no links
	Base  string // address of the pages, like https://support.example.com; empty: no links
	Terms SurveyTerms
}

// A token is a version, the ticket's number, when it expires (seconds since 1970), and a MAC over these and its purpose:
// HMAC-SHA256, of which the first half is kept (RFC 2104 section 5), all in base64url without padding (RFC 4648 section 5).
const (
	tokenVersion = 1
	tokenBody    = 1 + 4 + 4
	tokenMAC     = sha256.Size / 2
	tokenPurpose = "readback survey"
)

var tokenText = base64.RawURLEncoding.Strict() // one way to write a token

// Link is the address of a resolved ticket's survey; empty for any other ticket, or when there can be no links. It is the same
// whenever it is made.
func (l SurveyLinks) Link(t Ticket) string {
	if len(l.Key) == 0 || l.Base == "" || t.Resolved.IsZero() {
		return ""
	}
	return strings.TrimRight(l.Base, "/") + "/survey/" + l.Token(t.Number, t.Resolved.Add(l.Terms.orDefault().Expires))
}

// Token lets whoever has it vote on a ticket until it expires, to the second.
func (l SurveyLinks) Token(number Number, expires time.Time) string {
	digits, _ := strconv.ParseUint(string(number), 10, 32)
	body := make([]byte, 0, tokenBody+tokenMAC)
	body = append(body, tokenVersion)
	body = binary.BigEndian.AppendUint32(body, uint32(digits))
	body = binary.BigEndian.AppendUint32(body, uint32(expires.Unix()))
	return tokenText.EncodeToString(append(body, l.mac(body)...))
}

// Read is the ticket that a token is for. It fails with ErrDenied when we did not make it, and with ErrClosed when it has
// expired; then the number is returned all the same.
func (l SurveyLinks) Read(token string, now time.Time) (Number, error) {
	denied := fmt.Errorf("read a survey link: %w", ErrDenied)
	if len(l.Key) == 0 || len(token) != tokenText.EncodedLen(tokenBody+tokenMAC) {
		return "", denied
	}
	all, err := tokenText.DecodeString(token)
	if err != nil {
		return "", denied
	}
	body, mac := all[:tokenBody], all[tokenBody:]
	if !hmac.Equal(mac, l.mac(body)) || body[0] != tokenVersion {
		return "", denied
	}
	number, err := ParseNumber(strconv.FormatUint(uint64(binary.BigEndian.Uint32(body[1:])), 10))
	if err != nil {
		return "", denied
	}
	if expires := time.Unix(int64(binary.BigEndian.Uint32(body[5:])), 0); !now.Before(expires) {
		return number, fmt.Errorf("read a survey link: %w: it expired at %s", ErrClosed, expires.UTC().Format(time.RFC3339))
	}
	return number, nil
}

func (l SurveyLinks) mac(body []byte) []byte {
	m := hmac.New(sha256.New, l.Key)
	m.Write([]byte(tokenPurpose))
	m.Write(body)
	return m.Sum(nil)[:tokenMAC]
}
