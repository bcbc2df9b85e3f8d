package media

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestHistogramBucketsAreNarrow(t *testing.T) {
	for _, d := range []time.Duration{
		0, time.Microsecond, 10 * time.Microsecond, 639 * time.Microsecond, 640 * time.Microsecond, 641 * time.Microsecond,
		time.Millisecond, 1279 * time.Microsecond, 1280 * time.Microsecond, 20 * time.Millisecond, time.Second, 20 * time.Second,
	} {
		i := bucketOf(d)
		end, begin := bucketEnd(i), time.Duration(0)
		if i > 0 {
			begin = bucketEnd(i - 1)
		}
		if d < begin || d >= end {
			t.Errorf("%v is counted from %v to %v", d, begin, end)
		}
		if width := end - begin; width > max(bucketUnit, d/20) {
			t.Errorf("%v is in a bucket as wide as %v", d, width)
		}
	}
}

func TestHistogramOfAnything(t *testing.T) {
	for _, d := range []time.Duration{-time.Hour, time.Hour, 1<<63 - 1} {
		var h Histogram
		h.Observe(d)
		if want := max(d, 0); h.Count() != 1 || h.Quantile(1) != want || h.Max() != want {
			t.Errorf("one of %v: %d counted, all of them within %v, the longest %v", d, h.Count(), h.Quantile(1), h.Max())
		}
	}
	if empty := new(Histogram); empty.Quantile(0.5) != 0 {
		t.Errorf("the median of nothing is %v", empty.Quantile(0.5))
	}
}

func TestHistogramQuantilesOfManyGoroutines(t *testing.T) {
	var h Histogram
	var all []time.Duration
	var group sync.WaitGroup
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 1))
		var some []time.Duration
		for range 5000 {
			some = append(some, time.Duration(random.ExpFloat64()*float64(3*time.Millisecond)))
		}
		all = append(all, some...)
		group.Go(func() {
			for _, d := range some {
				h.Observe(d)
			}
		})
	}
	group.Wait()
	slices.Sort(all)
	if h.Count() != int64(len(all)) || h.Max() != all[len(all)-1] {
		t.Errorf("%d up to %v; want %d up to %v", h.Count(), h.Max(), len(all), all[len(all)-1])
	}
	for _, q := range []float64{0, 0.5, 0.99, 0.999, 1} {
		want := all[max(int(q*float64(len(all)))-1, 0)]
		if got := h.Quantile(q); got < want || got > want+max(bucketUnit, want/20) {
			t.Errorf("quantile %v is %v; want %v", q, got, want)
		}
	}
}

func BenchmarkHistogram(b *testing.B) {
	var h Histogram
	b.ReportAllocs()
	for d := time.Duration(0); b.Loop(); d += 997 * time.Nanosecond {
		h.Observe(d & (1<<24 - 1))
	}
}
