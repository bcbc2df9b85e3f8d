package sip

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/icholy/digest"

	sipgo "github.com/emiago/sipgo/sip"
)

// A login answers the challenges to one request of ours (RFC 3261 section 22, RFC 8760). It does so for a trunk
// with credentials and only for the realm that is configured with them: nobody else learns a digest of the
// password. Each of the two kinds of challenge is answered once, and once more when the nonce was stale.
type login struct {
	trunk      *Trunk
	challenges []*challenge
}

// A challenge is one that is answered from now on.
type challenge struct {
	*digest.Challenge
	header string // where the answer goes
	used   int    // how often the nonce was
	again  bool   // it is the second one
}

// takes reads the challenges of a 401 or 407, and reports whether the request is worth another try.
func (l *login) takes(res *sipgo.Response) bool {
	from, to := "WWW-Authenticate", "Authorization"
	switch res.StatusCode {
	case 401:
	case 407:
		from, to = "Proxy-Authenticate", "Proxy-Authorization"
	default:
		return false
	}
	i := slices.IndexFunc(l.challenges, func(c *challenge) bool { return c.header == to })
	for _, h := range res.GetHeaders(from) { // in the order of the server's preference
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || !l.answers(c) {
			continue
		}
		switch {
		case i < 0:
			l.challenges = append(l.challenges, &challenge{Challenge: c, header: to})
			return true
		case c.Stale && !l.challenges[i].again:
			l.challenges[i] = &challenge{Challenge: c, header: to, again: true}
			return true
		}
		return false
	}
	return false
}

func (l *login) answers(c *digest.Challenge) bool {
	for i, qop := range c.QOP {
		c.QOP[i] = strings.TrimSpace(qop)
	}
	return l.trunk.Username != "" && c.Realm == l.trunk.Realm && digest.CanDigest(c)
}

// sign adds the answers to a request that is ready to go.
func (l *login) sign(req *sipgo.Request) error {
	for _, c := range l.challenges {
		c.used++
		credentials, err := digest.Digest(c.Challenge, digest.Options{
			Method: string(req.Method), URI: req.Recipient.String(), Count: c.used,
			Username: l.trunk.Username, Password: string(l.trunk.Password),
			GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(req.Body())), nil },
		})
		if err != nil {
			return err
		}
		req.AppendHeader(header(c.header, credentials.String()))
	}
	return nil
}

// ask sends the request that build makes, again with credentials when they are asked for, and gives the final
// response.
func (c *Call) ask(ctx context.Context, build func() (*sipgo.Request, *flow, error)) (*sipgo.Response, error) {
	return c.askWith(ctx, build, func(*clientTx) {})
}

// askWith is ask after prepare, as sendWith is.
func (c *Call) askWith(ctx context.Context, build func() (*sipgo.Request, *flow, error), prepare func(*clientTx)) (*sipgo.Response, error) {
	return c.ua.askWith(ctx, c.Trunk, build, prepare)
}

func (u *UserAgent) askWith(ctx context.Context, t *Trunk, build func() (*sipgo.Request, *flow, error), prepare func(*clientTx)) (*sipgo.Response, error) {
	l := login{trunk: t}
	for {
		req, f, err := build()
		if err != nil {
			return nil, err
		}
		if err := l.sign(req); err != nil {
			return nil, err
		}
		tx, err := u.sendWith(req, f, prepare)
		if err != nil {
			return nil, err
		}
		res, err := tx.final(ctx)
		if err != nil || ctx.Err() != nil || !l.takes(res) {
			return res, err
		}
	}
}
