package srtp_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"readback/media/srtp"
)

// A reference is SRTP written down from the RFCs with nothing but the standard library, to hold ours against. It is
// itself held against the RFCs' vectors.
type reference struct {
	key, salt []byte // of the session
	auth      []byte
}

// The labels of key derivation (RFC 3711 section 4.3.2).
const (
	forPackets = 0
	forReports = 3
)

func newReference(key, salt []byte, label byte) reference {
	return reference{
		key:  derive(key, salt, label, len(key)),
		auth: derive(key, salt, label+1, 20),
		salt: derive(key, salt, label+2, len(salt)),
	}
}

// derive is RFC 3711 section 4.3.3, without a key derivation rate.
func derive(key, salt []byte, label byte, n int) []byte {
	iv := make([]byte, 16)
	copy(iv, salt)
	iv[7] ^= label
	return keystream(key, iv, n)
}

func keystream(key, iv []byte, n int) []byte {
	out := make([]byte, n)
	cipher.NewCTR(block(key), iv).XORKeyStream(out, out)
	return out
}

func block(key []byte) cipher.Block {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return b
}

// counter is the IV of AES-CM (RFC 3711 section 4.1.1).
func (r reference) counter(ssrc uint32, index uint64) []byte {
	iv := make([]byte, 16)
	copy(iv, r.salt)
	put := make([]byte, 16)
	binary.BigEndian.PutUint32(put[4:], ssrc)
	binary.BigEndian.PutUint64(put[6:], binary.BigEndian.Uint64(put[6:])|index)
	for i := range iv {
		iv[i] ^= put[i]
	}
	return iv
}

// nonce is that of AES-GCM (RFC 7714 sections 8.1 and 9.1).
func (r reference) nonce(ssrc uint32, index uint64) []byte {
	iv := make([]byte, 12)
	binary.BigEndian.PutUint64(iv[4:], index)
	binary.BigEndian.PutUint32(iv[2:], ssrc)
	for i := range iv {
		iv[i] ^= r.salt[i]
	}
	return iv
}

func (r reference) gcm(nonce, plain, clear []byte) []byte {
	g, err := cipher.NewGCM(block(r.key))
	if err != nil {
		panic(err)
	}
	return g.Seal(nil, nonce, plain, clear)
}

func (r reference) tag(n int, parts ...[]byte) []byte {
	h := hmac.New(sha1.New, r.auth)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)[:n]
}

// protect is an RTP packet without extension or sources, protected.
func (r reference) protect(suite srtp.Suite, p []byte, rollovers uint32) []byte {
	ssrc, index := binary.BigEndian.Uint32(p[8:]), uint64(rollovers)<<16|uint64(binary.BigEndian.Uint16(p[2:]))
	out := append([]byte{}, p[:12]...)
	if strings.Contains(suite.String(), "GCM") {
		return append(out, r.gcm(r.nonce(ssrc, index), p[12:], p[:12])...)
	}
	coded := make([]byte, len(p)-12)
	cipher.NewCTR(block(r.key), r.counter(ssrc, index)).XORKeyStream(coded, p[12:])
	out = append(out, coded...)
	n := 10
	if strings.HasSuffix(suite.String(), "_32") {
		n = 4
	}
	return append(out, r.tag(n, out, binary.BigEndian.AppendUint32(nil, rollovers))...)
}

// protectReport is an RTCP packet, protected.
func (r reference) protectReport(suite srtp.Suite, p []byte, index uint32) []byte {
	ssrc, word := binary.BigEndian.Uint32(p[4:]), binary.BigEndian.AppendUint32(nil, 1<<31|index)
	out := append([]byte{}, p[:8]...)
	if strings.Contains(suite.String(), "GCM") {
		out = append(out, r.gcm(r.nonce(ssrc, uint64(index)), p[8:], append(p[:8:8], word...))...)
		return append(out, word...)
	}
	coded := make([]byte, len(p)-8)
	cipher.NewCTR(block(r.key), r.counter(ssrc, uint64(index))).XORKeyStream(coded, p[8:])
	out = append(append(out, coded...), word...)
	return append(out, r.tag(10, out)...)
}

func unhex(text string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		panic(err)
	}
	return b
}

func wantBytes(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if !bytes.Equal(got, unhex(want)) {
		t.Errorf("%s is\n%x, want\n%x", what, got, unhex(want))
	}
}

func TestCounterMode_RFC3711_B2_RFC6188_7_1(t *testing.T) {
	r := reference{salt: unhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD")}
	iv := r.counter(0, 0)
	wantBytes(t, "the keystream of AES-128", keystream(unhex("2B7E151628AED2A6ABF7158809CF4F3C"), iv, 48),
		"E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0")
	wantBytes(t, "the keystream of AES-256", keystream(unhex("57f82fe3613fd170a85ec93c40b1f092 2ec4cb0dc025b58272147cc438944a98"), iv, 48),
		"92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac 63c4868b7096d88421b563b8c94c9a31")
}

func TestKeyDerivation_RFC3711_B3_RFC6188_7_2(t *testing.T) {
	tests := map[string]struct{ key, salt, wantKey, wantSalt, wantAuth string }{
		"AES-128": {
			"E1F97A0D3E018BE0D64FA32C06DE4139", "0EC675AD498AFEEBB6960B3AABE6",
			"C61E7A93744F39EE10734AFE3FF7A087", "30CBBC08863D8C85D49DB34A9AE1", "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
		},
		"AES-256": {
			"f0f04914b513f2763a1b1fa130f10e29 98f6f6e43e4309d1e622a0e332b9f1b6", "3b04803de51ee7c96423ab5b78d2",
			"5ba1064e30ec51613cad926c5a28ef73 1ec7fb397f70a960653caf06554cd8c4", "fa31791685ca444a9e07c6c64e93",
			"fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
		},
	}
	for name, test := range tests {
		r := newReference(unhex(test.key), unhex(test.salt), forPackets)
		wantBytes(t, name+": the key", r.key, test.wantKey)
		wantBytes(t, name+": the salt", r.salt, test.wantSalt)
		wantBytes(t, name+": the key of authentication", r.auth, test.wantAuth)
	}
}

func TestGCM_RFC7714_Sections16And17(t *testing.T) {
	const (
		salt   = "517569642070726f2071756f"
		packet = `8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573`
		report = `81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef`
	)
	r := reference{key: unhex("000102030405060708090a0b0c0d0e0f"), salt: unhex(salt)}
	wantBytes(t, "SRTP, 128", r.protect(srtp.AESGCM128, unhex(packet), 0), `8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c
		9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`)
	wantBytes(t, "SRTCP, 128", r.protectReport(srtp.AESGCM128, unhex(report), 0x5d4), `81c8000d 4d617273 63e94885 dcdab67c
		a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872
		45d9eade 800005d4`)
	r.key = unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	wantBytes(t, "SRTP, 256", r.protect(srtp.AESGCM256, unhex(packet), 0), `8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa
		332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`)
	wantBytes(t, "SRTCP, 256", r.protectReport(srtp.AESGCM256, unhex(report), 0x5d4), `81c8000d 4d617273 d50ae4d1 f5ce5d30
		4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c
		b26ac3be 800005d4`)
}

// material is the master key and salt of a key.
func material(t *testing.T, key srtp.Key) (master, salt []byte) {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(key.Encode())
	if err != nil {
		t.Fatal(err)
	}
	n := len(b) &^ 15 // of 28, 30, 44 and 46
	return b[:n], b[n:]
}

func TestProtectionIsThatOfTheReference(t *testing.T) {
	for _, suite := range srtp.Suites() {
		t.Run(suite.String(), func(t *testing.T) {
			key := srtp.NewKey(suite)
			master, salt := material(t, key)
			out, in := outbound(t, key), inbound(t, key)
			sound, reports := newReference(master, salt, forPackets), newReference(master, salt, forReports)
			for i, sequence := range []uint16{32767, 32768, 65535, 0, 1, 30000, 60000, 59999, 3} {
				p := packet(sequence)
				want := sound.protect(suite, p, []uint32{0, 0, 0, 1, 1, 1, 1, 1, 2}[i])
				n, err := out.Protect(p[:cap(p)], len(p))
				if err != nil || !bytes.Equal(p[:n], want) {
					t.Fatalf("packet %d: %v, protected\n%x, want\n%x", sequence, err, p[:n], want)
				}
				if got, ok := in.Unprotect(want, want); !ok || !bytes.Equal(got, packet(sequence)) {
					t.Errorf("packet %d: opened %v\n%x", sequence, ok, got)
				}
			}
			if n := out.Rollovers(0xCAFEBABE); n != 2 {
				t.Errorf("%d rollovers, want 2", n)
			}
			for index := range uint32(3) {
				p := report()
				want := reports.protectReport(suite, p, index+1)
				n, err := out.ProtectReport(p[:cap(p)], len(p))
				if err != nil || !bytes.Equal(p[:n], want) {
					t.Fatalf("report %d: %v, protected\n%x, want\n%x", index, err, p[:n], want)
				}
				if got, ok := in.UnprotectReport(want, want); !ok || !bytes.Equal(got, report()) {
					t.Errorf("report %d: opened %v\n%x", index, ok, got)
				}
			}
		})
	}
}

// report is an empty receiver report with a description, with room behind it.
func report() []byte {
	return append(make([]byte, 0, 100), unhex("80c90001 cafebabe 81ca0004 cafebabe 01086361 66656261 62650000")...)
}
