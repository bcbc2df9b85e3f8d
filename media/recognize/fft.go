package recognize

import (
	"math"
	"math/bits"
)

// fft is a Fourier transform of a fixed size, a power of two.
type fft struct {
	size   int
	order  []int
	stages [][]complex64 // factors of each stage, in the order of use
}

func newFFT(size int) *fft {
	f := &fft{size: size, order: make([]int, size)}
	shift := 64 - bits.Len(uint(size)) + 1
	for i := range f.order {
		f.order[i] = int(bits.Reverse64(uint64(i)) >> shift)
	}
	for half := 1; half < size; half *= 2 {
		stage := make([]complex64, half)
		for i := range stage {
			sin, cos := math.Sincos(-math.Pi * float64(i) / float64(half))
			stage[i] = complex(float32(cos), float32(sin))
		}
		f.stages = append(f.stages, stage)
	}
	return f
}

// transform replaces x by its spectrum.
func (f *fft) transform(x []complex64) {
	x = x[:f.size]
	for i, j := range f.order {
		if i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for i := 0; i+1 < len(x); i += 2 { // the first stage, whose factor is 1
		x[i], x[i+1] = x[i]+x[i+1], x[i]-x[i+1]
	}
	for _, stage := range f.stages[1:] {
		half := len(stage)
		for start := 0; start < len(x); start += 2 * half {
			butterflies(x[start:start+half], x[start+half:start+2*half], stage)
		}
	}
}

func butterflies(a, b, factors []complex64) {
	a, b = a[:len(factors)], b[:len(factors)]
	for i, t := range factors {
		re := real(b[i])*real(t) - imag(b[i])*imag(t)
		im := real(b[i])*imag(t) + imag(b[i])*real(t)
		p := a[i]
		b[i] = complex(real(p)-re, imag(p)-im)
		a[i] = complex(real(p)+re, imag(p)+im)
	}
}

// inverse is transform's inverse but for a factor of size.
func (f *fft) inverse(x []complex64) {
	f.transform(x)
	for i, j := 1, f.size-1; i < j; i, j = i+1, j-1 {
		x[i], x[j] = x[j], x[i]
	}
}
