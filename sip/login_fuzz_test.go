package sip

import (
	"strings"
	"testing"

	sipgo "github.com/emiago/sipgo/sip"
)

// FuzzChallengesToUs: whatever a peer asks for, only the trunk's own realm is answered, and the password is in no answer.
func FuzzChallengesToUs(f *testing.F) {
	for _, c := range []string{
		`Digest realm="carrier.example.com", nonce="n", algorithm=MD5, qop="auth"`, `Digest realm="other", nonce="n"`,
		`Digest realm=carrier.example.com,nonce=n,qop="auth-int,auth",stale=TRUE,algorithm=SHA-512-256-sess`, `Basic realm="x"`, "Digest", `Digest realm="`,
	} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := login{trunk: &Trunk{Username: "readback", Password: "hunter2-hunter2", Realm: "carrier.example.com"}}
		res := sipgo.NewResponse(401, "Unauthorized")
		res.AppendHeader(header("WWW-Authenticate", text))
		if !l.takes(res) {
			return
		}
		req := sipgo.NewRequest(sipgo.BYE, sipgo.Uri{Scheme: "sip", Host: "198.51.100.7"})
		if l.sign(req) != nil {
			return
		}
		answer := req.GetHeader("Authorization").Value()
		if !strings.Contains(answer, `realm="carrier.example.com"`) || strings.Contains(answer, "hunter2-hunter2") {
			t.Errorf("%q is answered with %q", text, answer)
		}
	})
}
