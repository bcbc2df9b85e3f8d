// Package g722 is the codec of ITU-T G.722 in its mode 1: wideband sound at 16 kHz in 64 kbit/s, one byte for two samples.
//
// Two mirror filters part the sound at 4 kHz; each half is coded by adaptive differential PCM, the lower in six bits of
// the byte, the higher in the upper two. Names in capitals are the blocks of section 6 of the Recommendation.
//
// Samples are of 16 bits, as RTP and files have them, where the Recommendation speaks of 14: the mirror filters keep
// the lower bits, which costs nothing and rounds less. Decoding is bit for bit that of ITU-T G.191, FFmpeg and SpanDSP
// for whatever bytes come. Encoding is that of ITU-T G.191 for any sound, and of the others for any sound that stays
// within the halves' 15 bits (see [Encoder]).
//
// Sound comes out 22 samples late (1.4 ms), half of it from coding and half from decoding.
//
// Both directions remember the sound before. A decoder that joins a stream in the middle, or whose stream changes from
// one encoder's to another's, is off by what the two remember differently: among clips of speech that were each encoded
// from reset, as loud as the speech itself in the first 100 ms. [AtRest] and [Encoder.Settle] are the way out.
package g722

// chunk is how many bytes are filtered at once, in a buffer on the stack: a packet of 20 ms.
const chunk = 160

// clip16 limits to the range of a 16-bit sample, as every sum of the Recommendation is.
func clip16(x int32) int32 { return max(-32768, min(32767, x)) }

// clip15 is LIMIT: the range of a sample of one half of the sound.
func clip15(x int32) int32 { return max(-16384, min(16383, x)) }
