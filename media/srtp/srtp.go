// Package srtp keeps RTP and RTCP from being read or changed on their way (RFC 3711, RFC 6188, RFC 7714), with keys
// that somebody else has agreed on (RFC 4568).
//
// An [Outbound] protects what is sent under a [Key], an [Inbound] opens what is received under another. Both work in
// place and without allocations. Neither is for several goroutines at once.
package srtp

import (
	"errors"
	"strings"

	pion "github.com/pion/srtp/v3"
)

// ErrKey says that a key is no base64 or not as long as its suite wants.
var ErrKey = errors.New("not a key of its crypto suite")

const (
	// Overhead is the most that protection adds to a packet, in bytes: the tag of AES-GCM.
	Overhead = 16
	// ReportOverhead is the same for RTCP: the tag, and the index.
	ReportOverhead = 20
)

// Suite is a crypto suite: a cipher and how packets are authenticated.
type Suite uint8

// The suites, the strongest first; None is no suite.
const (
	None Suite = iota
	AESGCM256
	AESCM256SHA80
	AESGCM128
	AESCM128SHA80
	AESCM256SHA32
	AESCM128SHA32
)

// suites are their names in session descriptions, the names that were in use before RFC 6188, and the sizes of key and
// salt in bytes.
var suites = [...]struct {
	name, before string
	key, salt    int
	profile      pion.ProtectionProfile
}{
	None:          {name: "none"},
	AESGCM256:     {"AEAD_AES_256_GCM", "", 32, 12, pion.ProtectionProfileAeadAes256Gcm},
	AESCM256SHA80: {"AES_256_CM_HMAC_SHA1_80", "AES_CM_256_HMAC_SHA1_80", 32, 14, pion.ProtectionProfileAes256CmHmacSha1_80},
	AESGCM128:     {"AEAD_AES_128_GCM", "", 16, 12, pion.ProtectionProfileAeadAes128Gcm},
	AESCM128SHA80: {"AES_CM_128_HMAC_SHA1_80", "", 16, 14, pion.ProtectionProfileAes128CmHmacSha1_80},
	AESCM256SHA32: {"AES_256_CM_HMAC_SHA1_32", "AES_CM_256_HMAC_SHA1_32", 32, 14, pion.ProtectionProfileAes256CmHmacSha1_32},
	AESCM128SHA32: {"AES_CM_128_HMAC_SHA1_32", "", 16, 14, pion.ProtectionProfileAes128CmHmacSha1_32},
}

// Suites are all of them, in the order in which we offer them.
func Suites() []Suite {
	return []Suite{AESGCM256, AESCM256SHA80, AESGCM128, AESCM128SHA80, AESCM256SHA32, AESCM128SHA32}
}

// SuiteNamed finds a suite by its name; None for others.
func SuiteNamed(name string) Suite {
	for _, s := range Suites() {
		if strings.EqualFold(name, suites[s].name) || name != "" && strings.EqualFold(name, suites[s].before) {
			return s
		}
	}
	return None
}

// String is the suite's name in session descriptions (RFC 4568 section 6.2, RFC 6188 section 4, RFC 7714 section 14.2).
func (s Suite) String() string { return suites[s].name }

// size is how long key and salt are together.
func (s Suite) size() int { return suites[s].key + suites[s].salt }
