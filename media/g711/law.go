package g711

import "math/bits"

// muExpand is table 2a of G.711, scaled from 14 to 16 bits.
func muExpand(code byte) int16 {
	code = ^code
	magnitude := (int(code&0x0F)<<3+0x84)<<(code>>4&7) - 0x84
	if code&0x80 != 0 {
		return int16(-magnitude)
	}
	return int16(magnitude)
}

// muCompress is the inverse: the sign and the segment and step of the magnitude, with the 14 bits that count.
func muCompress(sample int16) byte {
	linear, sign := int(sample), byte(0x80)
	if linear < 0 {
		linear, sign = -linear-1, 0
	}
	linear = min(linear>>2+33, 0x1FFF)
	segment := bits.Len(uint(linear)) - 6
	step := byte(linear>>(segment+1)) & 0x0F
	return sign | byte(7-segment)<<4 | (0x0F - step)
}

// aExpand is table 1a of G.711, scaled from 13 to 16 bits.
func aExpand(code byte) int16 {
	code ^= 0x55
	magnitude := int(code&0x0F)<<4 + 8
	if segment := code >> 4 & 7; segment > 0 {
		magnitude = (magnitude + 0x100) << (segment - 1)
	}
	if code&0x80 != 0 {
		return int16(magnitude)
	}
	return int16(-magnitude)
}

// aCompress is the inverse, with the 13 bits that count. A-law has no zero: the smallest negative sample has the
// smallest negative code.
func aCompress(sample int16) byte {
	linear, sign := int(sample), byte(0x80)
	if linear < 0 {
		linear, sign = -linear-1, 0
	}
	linear >>= 4
	code := byte(linear)
	if linear > 15 {
		segment := bits.Len(uint(linear)) - 4
		code = byte(segment)<<4 | byte(linear>>(segment-1))&0x0F
	}
	return (sign | code) ^ 0x55
}
