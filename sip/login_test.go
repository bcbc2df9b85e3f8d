package sip

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/icholy/digest"
)

const secret = "open sesame"

func withCredentials(t *Trunk) { t.Username, t.Password, t.Realm = "readback", secret, "example.com" }

// challengedBy is a challenge of a realm.
func challengedBy(realm, nonce, more string) string {
	return fmt.Sprintf(`Digest realm="%s", nonce="%s"%s`, realm, nonce, more)
}

// proves checks the credentials in a header of a request against a challenge.
func proves(t *testing.T, m, name, challenge, method string, count int) {
	t.Helper()
	got, err := digest.ParseCredentials(field(m, name))
	if err != nil {
		t.Fatalf("%s %q: %v", name, field(m, name), err)
	}
	chal, err := digest.ParseChallenge(challenge)
	if err != nil {
		t.Fatal(err)
	}
	for i := range chal.QOP {
		chal.QOP[i] = strings.TrimSpace(chal.QOP[i])
	}
	want, err := digest.Digest(chal, digest.Options{
		Method: method, URI: strings.Fields(m)[1], Username: "readback", Password: secret, Count: count, Cnonce: got.Cnonce,
		GetBody: bodyReader(bodyOf(m)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != want.String() {
		t.Errorf("%s %s, want %s", name, got, want)
	}
}

func TestChallengesAreAnswered_RFC3261_22(t *testing.T) {
	for name, tt := range map[string]struct {
		status, from, to, more string
	}{
		"401 MD5 of old":   {"401 Unauthorized", "WWW-Authenticate", "Authorization", ""},
		"401 MD5, auth":    {"401 Unauthorized", "WWW-Authenticate", "Authorization", `, algorithm=MD5, qop="auth, auth-int", opaque="x"`},
		"407 SHA-256":      {"407 Proxy Authentication Required", "Proxy-Authenticate", "Proxy-Authorization", `, algorithm=SHA-256, qop="auth"`},
		"407 of the body":  {"407 Proxy Authentication Required", "Proxy-Authenticate", "Proxy-Authorization", `, algorithm=SHA-256, qop="auth-int"`},
		"401 behind a 407": {"401 Unauthorized", "WWW-Authenticate", "Authorization", `, qop="auth"`},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				calls, errs := r.dialNumber(DialOptions{})
				req := p.expect("INVITE ")
				if name == "401 behind a 407" {
					first := challengedBy("example.com", "n0", `, qop="auth"`)
					p.send(respond(req, "407 Proxy Authentication Required", "Proxy-Authenticate: "+first))
					p.expect("ACK ")
					req = p.expect("INVITE ")
					proves(t, req, "Proxy-Authorization", first, "INVITE", 1)
				}
				chal := challengedBy("example.com", "n1", tt.more)
				p.send(respond(req, tt.status, tt.from+": "+challengedBy("elsewhere.example", "n", ""),
					tt.from+": "+challengedBy("example.com", "n", ", algorithm=WHIRLPOOL"), tt.from+": "+chal))
				p.expect("ACK ")
				again := p.expect("INVITE ")
				proves(t, again, tt.to, chal, "INVITE", 1)
				if field(again, "Call-ID") != field(req, "Call-ID") || branch(again) == branch(req) || field(again, "CSeq") == field(req, "CSeq") {
					t.Errorf("the INVITE with credentials is %q", again)
				}
				p.send(from("one", again, "200 OK", "theirs"))
				if ack := p.expect("ACK "); field(ack, tt.to) != field(again, tt.to) {
					t.Errorf("the ACK has the credentials %q, want the INVITE's", field(ack, tt.to))
				}
				c := <-calls
				if err := <-errs; err != nil {
					t.Fatal(err)
				}
				done := make(chan error, 1)
				go func() { done <- c.Hangup(r.t.Context()) }()
				p.send(respond(p.expect("BYE "), tt.status, tt.from+": "+chal))
				bye := p.expect("BYE ")
				proves(t, bye, tt.to, chal, "BYE", 1)
				p.send(respond(bye, "200 OK"))
				if err := <-done; err != nil {
					t.Error(err)
				}
			}, byName(withCredentials))
		})
	}
}

func TestChallengesThatAreNotAnswered_RFC3261_22(t *testing.T) {
	for name, tt := range map[string]struct {
		trunk      func(*Trunk)
		challenges []string
		invites    int
	}{
		"no credentials":            {func(*Trunk) {}, []string{challengedBy("example.com", "1", "")}, 1},
		"another realm":             {withCredentials, []string{challengedBy("elsewhere.example", "1", "")}, 1},
		"no digest":                 {withCredentials, []string{`Basic realm="example.com"`}, 1},
		"an unknown algorithm":      {withCredentials, []string{challengedBy("example.com", "1", ", algorithm=WHIRLPOOL")}, 1},
		"wrong password":            {withCredentials, []string{challengedBy("example.com", "1", ""), challengedBy("example.com", "2", "")}, 2},
		"stale, then wrong":         {withCredentials, []string{challengedBy("example.com", "1", ""), challengedBy("example.com", "2", ", stale=true"), challengedBy("example.com", "3", "")}, 3},
		"stale for ever":            {withCredentials, []string{challengedBy("example.com", "1", ""), challengedBy("example.com", "2", ", stale=true"), challengedBy("example.com", "3", ", stale=true")}, 3},
		"stale before any password": {withCredentials, []string{challengedBy("example.com", "1", ", stale=true"), challengedBy("example.com", "2", "")}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				_, errs := r.dialNumber(DialOptions{})
				for _, chal := range tt.challenges {
					p.send(respond(p.expect("INVITE "), "401 Unauthorized", "WWW-Authenticate: "+chal))
					p.expect("ACK ")
				}
				if err := <-errs; !hasStatus(err, 401) {
					t.Errorf("Dial: %v", err)
				}
				if len(tt.challenges) != tt.invites {
					t.Fatal("the test expects something else than it does")
				}
				r.nothingLeft()
			}, byName(tt.trunk))
		})
	}
}

func TestPasswordsNeverShow(t *testing.T) {
	trunk := Trunk{Name: "carrier", Username: "readback", Password: secret}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("trunk", "password", trunk.Password, "trunk", trunk)
	slog.New(slog.NewTextHandler(&log, nil)).Info("trunk", "password", trunk.Password, "trunk", trunk)
	encoded, err := json.Marshal(trunk)
	if err != nil {
		t.Fatal(err)
	}
	shown := log.String() + string(encoded) + fmt.Sprint(trunk, &trunk, trunk.Password) +
		fmt.Sprintf("%v %+v %#v %s %q %x %d", trunk, trunk, trunk, trunk.Password, trunk.Password, trunk.Password, trunk.Password)
	if strings.Contains(shown, secret) || strings.Contains(shown, fmt.Sprintf("%x", secret)) {
		t.Errorf("the password is shown: %s", shown)
	}
	if !strings.Contains(shown, hidden) {
		t.Errorf("there is no sign of it: %s", shown)
	}
}

func bodyReader(body string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
}
