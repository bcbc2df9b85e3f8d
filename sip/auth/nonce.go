package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"time"
)

// A nonce is the time it was made, random bytes, and the HMAC of both with the source and the realm.
const (
	stampSize = 8
	saltSize  = 8
	macSize   = 16
	nonceSize = stampSize + saltSize + macSize
)

// nonce makes a nonce for a source; nothing is kept of it.
func (v *Verifier) nonce(source netip.Addr) string {
	var b [nonceSize]byte
	binary.BigEndian.PutUint64(b[:], uint64(time.Now().UnixNano()))
	_, _ = v.random.Read(b[stampSize : stampSize+saltSize]) // crypto/rand never fails
	copy(b[stampSize+saltSize:], v.mac(b[:stampSize+saltSize], source))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// made says when a nonce of ours was made for a source; false for every other.
func (v *Verifier) made(nonce string, source netip.Addr) (time.Time, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || len(b) != nonceSize {
		return time.Time{}, false
	}
	if subtle.ConstantTimeCompare(b[stampSize+saltSize:], v.mac(b[:stampSize+saltSize], source)) != 1 {
		return time.Time{}, false
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(b))), true
}

func (v *Verifier) mac(stamp []byte, source netip.Addr) []byte {
	h := hmac.New(sha256.New, v.key[:])
	h.Write(stamp)
	h.Write(source.Unmap().AsSlice())
	h.Write([]byte(v.Realm))
	return h.Sum(nil)[:macSize]
}
