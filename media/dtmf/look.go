package dtmf

import "math"

const (
	// Limits of ITU-T Q.24, with room on the side of the networks that ask for more. Tolerance is beyond the 1.5 % and 2 Hz
	// that are accepted; 3.5 % are not.
	tolerance = 0.022
	// quietest is the level of a tone below which it is none: -31 dBm0. Those of -25 dBm0 are accepted.
	quietest = -31
	// twist is by how much one tone may be above the other, as ratio of powers: 12 dB.
	twist = 16
	// pure is the share of the sound that the two tones have, also where the window is only filled in part; and plain is
	// what they have in one look at least, when noise is 10 dB below them. Notes of music have overtones.
	pure, plain = 0.75, 0.88
	// fade is how far the power of a tone may be from that of its first look, as ratio.
	fade = 2.5
)

// look is what a window of sound is like.
type look struct {
	parts  [8]complex64
	energy float32
	known  float32 // sum of the weights of what is not lost
}

// least is the sum of weights with which a window says anything: a third of the whole.
const least = window / 2 / 3.

// see looks at the window that ends with the newest of a ring of blocks.
func (l *look) see(ring *[window]measured, newest int) {
	*l = look{}
	for k := range window {
		if m := &ring[(newest+1+k)%window]; !m.lost {
			l.known += filters.hann[k]
			l.energy += filters.hann[k] * m.energy
		}
	}
	if l.known < least || l.energy < hush*block*l.known {
		return
	}
	for i := range l.parts {
		var re, im float32
		for k := range window {
			z, w := ring[(newest+1+k)%window].parts[i], filters.weights[i][k]
			re += real(z)*real(w) - imag(z)*imag(w)
			im += real(z)*imag(w) + imag(z)*real(w)
		}
		l.parts[i] = complex(re, im)
	}
}

// blind reports whether too much of the window is lost to say anything.
func (l *look) blind() bool { return l.known < least }

// power is the mean square of a tone.
func (l *look) power(i int) float32 {
	if l.blind() {
		return 0
	}
	return 2 * abs2(l.parts[i]) / (block * block * l.known * l.known)
}

// tones reports which two tones the window is made of, where the one before had them too, and their share of the sound;
// 0 when it is not.
func (l *look) tones(before *look) (low, high int, share float32) {
	low, high = loudest(l.parts[:4]), 4+loudest(l.parts[4:])
	a, b, all := l.power(low), l.power(high), l.energy/(block*l.known)
	if a < quietestPower/2 || b < quietestPower/2 || a+b < pure/2*all {
		return 0, 0, 0
	}
	x, y := l.drift(before, low), l.drift(before, high)
	if x > filters.slack[low] || y > filters.slack[high] {
		return 0, 0, 0
	}
	a, b = a*loss(x), b*loss(y)
	switch {
	case a < quietestPower || b < quietestPower:
	case a > twist*b || b > twist*a:
	case a+b < pure*all:
	default:
		return low, high, (a + b) / all
	}
	return 0, 0, 0
}

// drift is how far a tone is from its frequency, in radians a hop, by its turn since the look before.
func (l *look) drift(before *look, i int) float32 {
	z := l.parts[i] * conj(before.parts[i]) * filters.turns[i]
	return float32(math.Abs(math.Atan2(float64(imag(z)), float64(real(z)))))
}

// loss is by what the window makes the power of a tone too small that is so far from its frequency. It is 1, 1.4 and 4
// where the tone is 0, 1/2 and 1 turn off in the length of the window.
func loss(drift float32) float32 {
	const turns = window / hop / (2 * math.Pi)
	x := drift * turns * drift * turns
	return 1 + 1.06*x + 1.94*x*x
}

var quietestPower = float32(math.Pow(amplitude(quietest), 2) / 2)

func loudest(parts []complex64) int {
	best := 0
	for i := range parts {
		if abs2(parts[i]) > abs2(parts[best]) {
			best = i
		}
	}
	return best
}

func conj(z complex64) complex64 { return complex(real(z), -imag(z)) }
