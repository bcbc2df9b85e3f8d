package g722

// qmfPast is how many samples the mirror filters remember: all but the newest two of 24.
const qmfPast = 22

// qmf is one step of the mirror filters, the same for parting (section 5.2.1) and joining (5.2.2): the sums over the
// odd and the even ones of 24 samples, oldest first. The filter is symmetric: the even ones have the coefficients of the
// odd ones in reverse. They are those of table 11, in 2^-13.
func qmf(line []int32) (odd, even int32) {
	x := (*[24]int32)(line)
	even = 3*x[0] - 11*x[2] + 12*x[4] + 32*x[6] - 210*x[8] + 951*x[10] +
		3876*x[12] - 805*x[14] + 362*x[16] - 156*x[18] + 53*x[20] - 11*x[22]
	odd = 3*x[23] - 11*x[21] + 12*x[19] + 32*x[17] - 210*x[15] + 951*x[13] +
		3876*x[11] - 805*x[9] + 362*x[7] - 156*x[5] + 53*x[3] - 11*x[1]
	return odd, even
}
