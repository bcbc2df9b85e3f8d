// Package g711 is the codec of ITU-T G.711: one byte a sample at 8 kHz, in the two laws of the telephone network.
package g711

// Silence is the byte that decodes to no sound.
const (
	SilenceMu = 0xFF
	SilenceA  = 0xD5
)

var (
	muDecode = table(muExpand)
	aDecode  = table(aExpand)
)

// DecodeMu turns mu-law bytes into 16-bit samples. dst holds at least len(src) samples.
func DecodeMu(dst []int16, src []byte) { decode(dst, src, &muDecode) }

// DecodeA turns A-law bytes into 16-bit samples. dst holds at least len(src) samples.
func DecodeA(dst []int16, src []byte) { decode(dst, src, &aDecode) }

// EncodeMu turns 16-bit samples into mu-law bytes. dst holds at least len(src) bytes.
func EncodeMu(dst []byte, src []int16) {
	for i, s := range src {
		dst[i] = muCompress(s)
	}
}

// EncodeA turns 16-bit samples into A-law bytes. dst holds at least len(src) bytes.
func EncodeA(dst []byte, src []int16) {
	for i, s := range src {
		dst[i] = aCompress(s)
	}
}

func decode(dst []int16, src []byte, table *[256]int16) {
	for i, b := range src {
		dst[i] = table[b]
	}
}

func table(expand func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = expand(byte(i))
	}
	return t
}
