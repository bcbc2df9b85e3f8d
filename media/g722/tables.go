package g722

// decisions are the decision values of the lower quantizer, Q6 of table 14; beyond them none is reached.
var decisions = [32]int32{
	0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714,
	786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919, 1 << 16, 1 << 16,
}

// The values of codes, in 2^-12 of the quantizer's step times 8: QQ6, QQ4 and QQ2 by code, with their signs.
var (
	low6 = [64]int32{
		-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
		-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
		24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
		4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
	}
	low4  = [16]int32{0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0}
	high2 = [4]int32{-7408, -1616, 7408, 1616}
)

// By how much a code moves the logarithm of the step, WL and WH by code, and where it ends.
var (
	low4Log  = [16]int32{-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60}
	high2Log = [4]int32{798, -214, 798, -214}
)

const (
	lowLimit  = 18432
	highLimit = 22528
)

// steps are the quantizer's steps by the upper bits of their logarithm: SCALEL and SCALEH.
type steps [highLimit>>6 + 1]int32

var (
	lowSteps  = scale(8)
	highSteps = scale(10)
)

func (s *steps) at(log int32) int32 { return s[log>>6] }

// scale fills the steps: 32 to an octave, the mantissas being ILB of table 20, shift the octaves below that table.
func scale(shift int) (s steps) {
	mantissas := [32]int32{
		2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
		2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
	}
	for i := range s {
		s[i] = mantissas[i%32] << (i / 32) >> shift << 2
	}
	return s
}
