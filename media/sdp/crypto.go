package sdp

import (
	"fmt"
	"slices"
	"strconv"

	"readback/media/srtp"
)

// Policy is whether sound is encrypted.
type Policy uint8

// The policies; in the clear only is the default.
const (
	// ClearOnly takes RTP/AVP and no keys.
	ClearOnly Policy = iota
	// SecureIfOffered takes what the peer likes, with keys where it gives some, also under RTP/AVP (RFC 8643). Our own
	// first offer is in the clear.
	SecureIfOffered
	// SecureOnly takes nothing without keys, and offers RTP/SAVP.
	SecureOnly
)

// String says what a policy asks of a stream.
func (p Policy) String() string {
	return [...]string{"RTP/AVP audio", "RTP/AVP or RTP/SAVP audio", "audio with a=crypto"}[p]
}

// Crypto is what was agreed on for SRTP; zero is none.
type Crypto struct {
	Ours   srtp.Key // what we send is protected under it
	Theirs srtp.Key // what we receive
}

// Suite is that of both keys; srtp.None in the clear.
func (c Crypto) Suite() srtp.Suite { return c.Ours.Suite() }

// Equal reports whether both keys are the same.
func (c Crypto) Equal(other Crypto) bool {
	return c.Ours.Equal(other.Ours) && c.Theirs.Equal(other.Theirs)
}

// answer is what we agree to when a peer gives a key. Ours changes with the peer's and only then: who has a new key may
// be another party, which knows nothing of how far we have counted under ours (RFC 4568 section 7.1.4).
func (c Crypto) answer(theirs srtp.Key) Crypto {
	switch {
	case theirs.Suite() == srtp.None:
		return Crypto{}
	case theirs.Equal(c.Theirs):
		return c
	}
	return Crypto{Ours: srtp.NewKey(theirs.Suite()), Theirs: theirs}
}

// choose picks the line to take of a stream's, the first (RFC 4568 section 5.1.2), or none in the clear. False when the
// policy lets the stream be taken in neither way.
func (p Policy) choose(s stream) (line cryptoLine, ok bool) {
	switch {
	case p == ClearOnly:
		return cryptoLine{}, !s.secure
	case len(s.crypto) > 0:
		return s.crypto[0], true
	}
	return cryptoLine{}, !s.secure && p == SecureIfOffered
}

// offerKeys are the lines of our offer: all suites, that of the call so far with its key.
func (e *Endpoint) offerKeys() []cryptoLine {
	var lines []cryptoLine
	for i, suite := range srtp.Suites() {
		lines = append(lines, cryptoLine{tag: strconv.Itoa(i + 1), name: suite.String(), key: e.key(suite)})
	}
	return lines
}

// key is the one of ours to offer for a suite, the same until the keys change.
func (e *Endpoint) key(suite srtp.Suite) srtp.Key {
	if suite == e.crypto.Suite() {
		return e.crypto.Ours
	}
	if e.keys == nil {
		e.keys = map[srtp.Suite]srtp.Key{}
	}
	if e.keys[suite].Suite() == srtp.None {
		e.keys[suite] = srtp.NewKey(suite)
	}
	return e.keys[suite]
}

// accept finds the key by which the peer took one of our lines: its suite tells which. A peer that sends our own key back
// has taken none.
func (e *Endpoint) accept(s stream) (Crypto, error) {
	for _, l := range s.crypto {
		i := slices.IndexFunc(e.offered, func(o cryptoLine) bool { return o.key.Suite() == l.key.Suite() })
		if i >= 0 && !l.key.Equal(e.offered[i].key) {
			return Crypto{Ours: e.offered[i].key, Theirs: l.key}, nil
		}
	}
	if s.secure || e.Policy == SecureOnly {
		return Crypto{}, fmt.Errorf("%w: the answer takes none of our keys", ErrUnacceptable)
	}
	return Crypto{}, nil
}
