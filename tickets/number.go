package tickets

import (
	"fmt"
	"strconv"
)

// A Number names a ticket: eight digits, the first 1 to 9, the last a Damm check digit. It is spoken and
// written in two groups of four.
type Number string

// MaxSerials is how many tickets can be numbered: seven free digits, the first of them not 0.
const MaxSerials = 9_000_000

const (
	numberDigits = 8
	firstBody    = 1_000_000
	// stride spreads serials that follow each other over the whole range: about MaxSerials divided by the golden
	// ratio, and without a factor in common with it, so that the mapping loses none.
	stride = 5_562_307
)

// NumberOf maps a serial, 0 to 8,999,999, to its number. The mapping is a bijection: the first seven digits are
// 1,000,000 + serial x 5,562,307 modulo 9,000,000, the eighth is their check digit. Numbers given out one after
// the other therefore differ in most digits, and one that is misheard is not a neighbour's ticket. They are not secret.
// It fails with ErrNoNumbers beyond the last serial.
func NumberOf(serial int64) (Number, error) {
	if serial < 0 || serial >= MaxSerials {
		return "", fmt.Errorf("serial %d is not in 0 to %d: %w", serial, MaxSerials-1, ErrNoNumbers)
	}
	body := strconv.FormatInt(firstBody+serial*stride%MaxSerials, 10)
	return Number(body + string(damm(body))), nil
}

// ParseNumber takes eight digits, with or without one space or hyphen between the groups. It fails with
// ErrInvalid when the check digit does not fit: a digit was misheard or two were swapped.
func ParseNumber(s string) (Number, error) {
	if len(s) == numberDigits+1 && (s[4] == ' ' || s[4] == '-') {
		s = s[:4] + s[5:]
	}
	if len(s) != numberDigits || !allDigits(s) || s[0] == '0' {
		return "", fmt.Errorf("ticket number %.20q: %w: write eight digits, like 4821 5906", s, ErrInvalid)
	}
	if damm(s) != '0' {
		return "", fmt.Errorf("ticket number %q: %w: its check digit does not fit, look for a wrong or swapped digit", s, ErrInvalid)
	}
	return Number(s), nil
}

// Groups are the two halves, as a number is spoken: "4821", "5906". Both are empty for a Number that was not
// made by NumberOf or ParseNumber.
func (n Number) Groups() [2]string {
	if len(n) != numberDigits {
		return [2]string{}
	}
	return [2]string{string(n[:4]), string(n[4:])}
}
