package tickets

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// A Cost is how much work a PIN hash is. The zero value is 19 MiB and two passes (OWASP's second choice for
// argon2id), on one lane.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
}

var standardCost = Cost{Memory: 19 * 1024, Passes: 2}

// The most work a stored hash may ask for: a row that was tampered with must not stall the desk.
const (
	maxMemory = 256 * 1024 // KiB
	maxPasses = 16
)

const (
	saltBytes   = 16
	digestBytes = 32
)

// A Hasher turns PINs into what may be stored, argon2id of HMAC-SHA256(pepper, PIN), and checks them. It runs
// at most one hash a core at once, so that a flood of wrong PINs cannot take all the memory. Make it with NewHasher.
type Hasher struct {
	pepper []byte
	cost   Cost
	slots  chan struct{}
}

// NewHasher needs the pepper of LoadPepper: without it a stolen database could be tried against all PINs there are.
func NewHasher(pepper []byte, cost Cost) (*Hasher, error) {
	if len(pepper) == 0 {
		return nil, fmt.Errorf("PIN pepper: %w: it is empty, load it from its file", ErrInvalid)
	}
	if cost == (Cost{}) {
		cost = standardCost
	}
	if !cost.sane() {
		return nil, fmt.Errorf("PIN hash cost %+v: %w: use 8 to %d KiB and 1 to %d passes", cost, ErrInvalid, maxMemory, maxPasses)
	}
	return &Hasher{pepper: pepper, cost: cost, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}, nil
}

func (c Cost) sane() bool {
	return c.Memory >= 8 && c.Memory <= maxMemory && c.Passes >= 1 && c.Passes <= maxPasses
}

// Hash returns the stored form of a PIN, "$argon2id$v=19$m=19456,t=2,p=1$salt$digest". It waits for a free core
// as long as ctx allows.
func (h *Hasher) Hash(ctx context.Context, pin PIN) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	digest, err := h.digest(ctx, pin, salt, h.cost)
	if err != nil {
		return "", err
	}
	return encodeHash(h.cost, salt, digest), nil
}

// Verify reports whether the PIN is the one of the stored hash. It does the same work for a hash that is empty or
// broken, which no PIN fits, so that nobody can tell by the clock. It fails only when ctx ends first.
func (h *Hasher) Verify(ctx context.Context, pin PIN, stored string) (bool, error) {
	cost, salt, want, ok := decodeHash(stored)
	if !ok {
		cost, salt, want = h.cost, make([]byte, saltBytes), make([]byte, digestBytes)
	}
	got, err := h.digest(ctx, pin, salt, cost)
	if err != nil {
		return false, err
	}
	same := subtle.ConstantTimeCompare(got, want) == 1
	return same && ok && pin != PIN{}, nil
}

func (h *Hasher) digest(ctx context.Context, pin PIN, salt []byte, cost Cost) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a core to hash a PIN: %w", context.Cause(ctx))
	}
	mac := hmac.New(sha256.New, h.pepper)
	mac.Write([]byte(pin.digits))
	return argon2.IDKey(mac.Sum(nil), salt, cost.Passes, cost.Memory, 1, digestBytes), nil
}

func encodeHash(cost Cost, salt, digest []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s",
		argon2.Version, cost.Memory, cost.Passes, b64.EncodeToString(salt), b64.EncodeToString(digest))
}

func decodeHash(stored string) (cost Cost, salt, digest []byte, ok bool) {
	parts := strings.Split(stored, "$")
	if len(stored) > 200 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return Cost{}, nil, nil, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &cost.Memory, &cost.Passes); n != 2 || err != nil || !cost.sane() {
		return Cost{}, nil, nil, false
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	digest, digestErr := base64.RawStdEncoding.DecodeString(parts[5])
	ok = saltErr == nil && digestErr == nil && len(salt) >= 8 && len(digest) == digestBytes
	return cost, salt, digest, ok
}
