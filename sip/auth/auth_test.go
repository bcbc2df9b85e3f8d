package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icholy/digest"
)

const (
	realm = "sip.example.com"
	uri   = "sip:+18887999666@192.0.2.1"
)

var source = netip.MustParseAddr("233.252.0.1")

// answer is a client's answer to a challenge.
func answer(t *testing.T, challenge, password string, count int) Answer {
	t.Helper()
	c, err := digest.ParseChallenge(challenge)
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := digest.Digest(c, digest.Options{Method: "INVITE", URI: uri, Count: count, Username: "alice", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Parse(credentials.String())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestExamples_RFC7616_3_9_1(t *testing.T) {
	for algorithm, response := range map[string]string{
		MD5:    "8ca523f5e9506fed4657c9700eebdbec",
		SHA256: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		a, err := Parse(`Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=` + algorithm +
			`, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="` + response + `"`)
		if err != nil {
			t.Fatal(err)
		}
		user := NewUser("Mufasa", "http-auth@example.org", "Circle of Life")
		if got := a.expected(user.ha1(algorithm), "GET"); got != response {
			t.Errorf("%s: response %s, want %s", algorithm, got, response)
		}
	}
}

func TestChallengesOfferTheBestFirst_RFC8760_2_3(t *testing.T) {
	list := New(realm).Challenges(nil, source, true)
	if len(list) != 2 || !strings.Contains(list[0], "algorithm=SHA-256") || !strings.Contains(list[1], "algorithm=MD5") {
		t.Fatalf("challenges %q", list)
	}
	for _, c := range list {
		for _, want := range []string{`realm="` + realm + `"`, "stale=true", `qop="auth"`} {
			if !strings.Contains(c, want) {
				t.Errorf("challenge %s, want %s in it", c, want)
			}
		}
	}
}

func TestChallengesOfferWhatIsSaid_RFC8760_2_3(t *testing.T) {
	list := New(realm).Challenges(Algorithms{MD5}, source, false)
	if len(list) != 1 || !strings.Contains(list[0], "algorithm=MD5") {
		t.Errorf("challenges %q, want MD5 alone", list)
	}
	for _, tt := range []struct {
		offer Algorithms
		ok    bool
	}{{nil, true}, {Algorithms{MD5}, true}, {Algorithms{MD5, SHA256}, true}, {Algorithms{MD5, MD5}, false}, {Algorithms{"sha-256"}, false}, {Algorithms{""}, false}} {
		if err := tt.offer.Check(); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.offer, err)
		}
	}
}

func TestAnswers_RFC7616_3_4_6(t *testing.T) {
	alice := NewUser("alice", realm, "secret")
	for name, tt := range map[string]struct {
		algorithm int // of the two offered
		password  string
		change    func(*Answer)
		offer     Algorithms // at the answer
		user      User
		source    netip.Addr
		later     time.Duration
		want      error
	}{
		"SHA-256":              {},
		"MD5":                  {algorithm: 1},
		"wrong password":       {password: "guess", want: ErrWrong},
		"unknown user":         {user: User{Name: "nobody"}, want: ErrWrong},
		"another's password":   {user: NewUser("bob", realm, "secret"), want: ErrWrong},
		"another realm":        {change: func(a *Answer) { a.Realm = "elsewhere" }, want: ErrWrong},
		"another request":      {change: func(a *Answer) { a.URI = "sip:+442038905445@192.0.2.1" }, want: ErrWrong},
		"another algorithm":    {change: func(a *Answer) { a.Algorithm = "SHA-512" }, want: ErrWrong},
		"SHA-256, not offered": {offer: Algorithms{MD5}, want: ErrWrong},
		"MD5, not offered":     {algorithm: 1, offer: Algorithms{SHA256}, want: ErrWrong},
		"by default MD5":       {algorithm: 1, offer: Algorithms{MD5}, change: func(a *Answer) { a.Algorithm = "" }},
		"no MD5 by default":    {algorithm: 1, offer: Algorithms{SHA256}, change: func(a *Answer) { a.Algorithm = "" }, want: ErrWrong},
		"in small letters":     {offer: Algorithms{SHA256}, change: func(a *Answer) { a.Algorithm = "sha-256" }},
		"another source":       {source: netip.MustParseAddr("233.252.0.2"), want: ErrStale},
		"the last moment":      {later: Life},
		"a moment later":       {later: Life + 1, want: ErrStale},
		"old and wrong":        {later: 2 * Life, password: "guess", want: ErrWrong},
		"IPv4 within IPv6":     {source: netip.MustParseAddr("::ffff:233.252.0.1")},
		"truncated response":   {change: func(a *Answer) { a.Response = a.Response[:8] }, want: ErrWrong},
		"empty response":       {change: func(a *Answer) { a.Response = "" }, want: ErrWrong},
		"no user, no secret":   {user: User{Name: "alice"}, want: ErrWrong},
		"another nc":           {change: func(a *Answer) { a.nc = "00000002" }, want: ErrWrong},
		"a changed client id":  {change: func(a *Answer) { a.cnonce = "x" }, want: ErrWrong},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := New(realm)
				if tt.password == "" {
					tt.password = "secret"
				}
				if tt.user.Name == "" {
					tt.user = alice
				}
				if !tt.source.IsValid() {
					tt.source = source
				}
				a := answer(t, v.Challenges(nil, source, false)[tt.algorithm], tt.password, 1)
				if tt.change != nil {
					tt.change(&a)
				}
				time.Sleep(tt.later)
				if err := v.Check(a, tt.offer, tt.source, "INVITE", uri, tt.user); !errors.Is(err, tt.want) {
					t.Errorf("Check: %v, want %v", err, tt.want)
				}
			})
		})
	}
}

func TestReplayIsRefused_RFC7616_5_5(t *testing.T) {
	v, alice := New(realm), NewUser("alice", realm, "secret")
	c := v.Challenges(nil, source, false)[0]
	check := func(a Answer) error { return v.Check(a, nil, source, "INVITE", uri, alice) }
	first, second, forged := answer(t, c, "secret", 1), answer(t, c, "secret", 2), answer(t, c, "guess", 9)
	for i, step := range []struct {
		answer Answer
		want   error
	}{{first, nil}, {first, ErrStale}, {forged, ErrWrong}, {second, nil}, {first, ErrStale}, {second, ErrStale}} {
		if err := check(step.answer); !errors.Is(err, step.want) {
			t.Errorf("step %d: %v, want %v", i, err, step.want)
		}
	}
	if err := New(realm).Check(first, nil, source, "INVITE", uri, alice); !errors.Is(err, ErrStale) {
		t.Errorf("after a restart: %v, want %v", err, ErrStale)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, alice := New(realm), NewUser("alice", realm, "secret")
		once := func() error {
			return v.Check(answer(t, v.Challenges(nil, source, false)[1], "secret", 1), nil, source, "INVITE", uri, alice)
		}
		for range 2 * remembered {
			v.Challenges(nil, source, false)
		}
		if len(v.used) != 0 {
			t.Errorf("challenges leave %d entries behind", len(v.used))
		}
		for range remembered {
			if err := once(); err != nil {
				t.Fatal(err)
			}
		}
		if err := once(); !errors.Is(err, ErrStale) || len(v.used) != remembered {
			t.Errorf("one more: %v with %d kept, want %v and %d", err, len(v.used), ErrStale, remembered)
		}
		time.Sleep(Life + time.Second)
		if err := once(); err != nil || len(v.used) != 1 {
			t.Errorf("later: %v with %d kept, want 1", err, len(v.used))
		}
	})
}

func TestUsersShowNoSecret(t *testing.T) {
	u := NewUser("alice", realm, "secret")
	for _, text := range []string{fmt.Sprint(u), fmt.Sprintf("%+v", u), fmt.Sprintf("%#v", u), slog.AnyValue(u).Resolve().String()} {
		if text != "alice" {
			t.Errorf("shown as %q", text)
		}
	}
}

func TestWhatIsNoAnswer(t *testing.T) {
	for _, header := range []string{
		"", "Basic YTpi", "Digest", `Digest username="a"`, `Digest username="a", qop=auth, nc=1`, `Digest username="a", qop=auth, cnonce="x", nc=0`,
		`Digest username="a", qop=auth-int, cnonce="x", nc=1`, `Digest username="a", qop=auth, cnonce="x", nc=-1`,
		`Digest username="a", qop=auth, cnonce="x", nc=1, userhash=true`, `Digest username="a", qop=auth, cnonce="x", nc=1, opaque="` + strings.Repeat("x", maxAnswer) + `"`,
	} {
		if a, err := Parse(header); err == nil {
			t.Errorf("%.80q is read as %+v", header, a)
		}
	}
}

// FuzzParse: what is read as an answer is bounded, and never right by itself.
func FuzzParse(f *testing.F) {
	v, alice := New(realm), NewUser("alice", realm, "secret")
	f.Add(`Digest username="alice", realm="sip.example.com", nonce="x", uri="sip:a@b", response="y", algorithm=MD5, cnonce="c", qop=auth, nc=00000001`)
	f.Add(`Digest username=alice,realm="a\"b",nc=7fffffff,qop="auth",cnonce=""`)
	f.Fuzz(func(t *testing.T, header string) {
		a, err := Parse(header)
		if err != nil {
			return
		}
		if a.count == 0 || a.cnonce == "" || len(a.Username) > maxAnswer {
			t.Errorf("read as %+v", a)
		}
		if v.Check(a, nil, source, "INVITE", a.URI, alice) == nil {
			t.Errorf("%q is taken for a right answer", header)
		}
	})
}
