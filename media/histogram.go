package media

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// The buckets of a Histogram: linear ones of bucketUnit, and above 640 µs octaves of 32 each, so that a bucket is no
// wider than 10 µs or 3.2 % of what is in it. The last holds everything from 21 s.
const (
	bucketUnit    = 10 * time.Microsecond
	linearBuckets = 64
	octaveBuckets = linearBuckets / 2
	octaves       = 15
)

// Histogram counts times. Any number of goroutines may use it; nobody waits and nothing is allocated. The zero value is
// empty. Do not copy it.
type Histogram struct {
	buckets [linearBuckets + octaves*octaveBuckets]atomic.Int64
	most    atomic.Int64
}

// Observe counts a time; one below zero counts as zero.
func (h *Histogram) Observe(d time.Duration) {
	d = max(d, 0)
	h.buckets[bucketOf(d)].Add(1)
	for most := h.most.Load(); int64(d) > most && !h.most.CompareAndSwap(most, int64(d)); {
		most = h.most.Load()
	}
}

// Count is how many were observed.
func (h *Histogram) Count() int64 {
	var n int64
	for i := range h.buckets {
		n += h.buckets[i].Load()
	}
	return n
}

// Max is the longest.
func (h *Histogram) Max() time.Duration { return time.Duration(h.most.Load()) }

// Quantile is the time that a share q, 0 to 1, of all did not exceed: the upper bound of its bucket, 0 without any.
func (h *Histogram) Quantile(q float64) time.Duration {
	count := h.Count()
	if count == 0 {
		return 0
	}
	rank, seen := max(q*float64(count), 1), int64(0)
	for i := range h.buckets {
		if seen += h.buckets[i].Load(); float64(seen) >= rank {
			return min(bucketEnd(i), h.Max())
		}
	}
	return h.Max()
}

func bucketOf(d time.Duration) int {
	n := uint64(d / bucketUnit)
	if n < linearBuckets {
		return int(n)
	}
	octave := bits.Len64(n) - bits.Len64(linearBuckets) + 1
	i := linearBuckets + (octave-1)*octaveBuckets + int(n>>octave) - octaveBuckets
	return min(i, linearBuckets+octaves*octaveBuckets-1)
}

// bucketEnd is where a bucket ends; the last has no end.
func bucketEnd(i int) time.Duration {
	switch {
	case i < linearBuckets:
		return time.Duration(i+1) * bucketUnit
	case i == linearBuckets+octaves*octaveBuckets-1:
		return 1<<63 - 1
	}
	octave, place := (i-linearBuckets)/octaveBuckets+1, (i-linearBuckets)%octaveBuckets
	return time.Duration(octaveBuckets+place+1) << octave * bucketUnit
}
