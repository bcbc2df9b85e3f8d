package tickets

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// A Head is where the chain of a ticket stood.
type Head struct {
	Ticket Number `json:"ticket"`
	Length int    `json:"length"` // events
	Head   Digest `json:"head"`
}

// A HeadList is the heads of all tickets that were opened or changed on a day, signed by a node. Lists are chained too, so that
// a missing one shows; a day without changes has an empty one. Its digest is SHA-256 over fields as of Link:
//
//	"readback heads 1"
//	the day, like 2026-11-25 (UTC)
//	the node that signs
//	the identity of the store
//	the digest of the list of the day before, 64 hexadecimal digits; empty for the first list of a store
//	for each ticket, in the order of the numbers, three fields:
//	    its number, eight digits
//	    how many events its chain has, decimal
//	    its head, 64 hexadecimal digits
//
// The signature is Ed25519 (RFC 8032) over the 32 bytes of the digest.
type HeadList struct {
	Day       string  `json:"day"`
	Node      string  `json:"node"`
	Store     string  `json:"store"`
	Previous  *Digest `json:"previous"` // null for the first
	Heads     []Head  `json:"heads"`
	Key       []byte  `json:"key"` // 32 bytes, of the node
	Signature []byte  `json:"signature"`
}

// Digest is what is signed.
func (l HeadList) Digest() Digest {
	previous := ""
	if l.Previous != nil {
		previous = l.Previous.String()
	}
	sum := sha256.New()
	_, _ = sum.Write(fields(nil, "readback heads 1", l.Day, l.Node, l.Store, previous)) // never fails
	for _, h := range l.Heads {
		_, _ = sum.Write(fields(nil, string(h.Ticket), strconv.Itoa(h.Length), h.Head.String()))
	}
	return Digest(sum.Sum(nil))
}

// Sign signs the list.
func (l *HeadList) Sign(key ed25519.PrivateKey) {
	digest := l.Digest()
	l.Key = key.Public().(ed25519.PublicKey)
	l.Signature = ed25519.Sign(key, digest[:])
}

// Signed reports whether the signature is that of its key.
func (l HeadList) Signed() bool {
	digest := l.Digest()
	return len(l.Key) == ed25519.PublicKeySize && ed25519.Verify(l.Key, digest[:], l.Signature)
}

// ParseHeadList reads a list as it is kept.
func ParseHeadList(data []byte) (HeadList, error) {
	var l HeadList
	if err := json.Unmarshal(data, &l); err != nil {
		return l, fmt.Errorf("a list of heads: %w: %w", ErrInvalid, err)
	}
	if _, err := time.Parse(time.DateOnly, l.Day); err != nil {
		return l, fmt.Errorf("a list of heads: %w: its day is %.20q", ErrInvalid, l.Day)
	}
	if again := l.Bytes(); !bytes.Equal(again, data) {
		return l, fmt.Errorf("a list of heads: %w: it is not written as lists are", ErrInvalid)
	}
	return l, nil
}

// Bytes is the list as it is kept: a line of JSON.
func (l HeadList) Bytes() []byte {
	data, _ := json.Marshal(l) // of texts and numbers: it cannot fail
	return append(data, '\n')
}
