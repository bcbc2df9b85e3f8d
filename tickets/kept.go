package tickets

import (
	"maps"
	"slices"
	"time"
)

// Kept counts how a promise was kept. The zero value has counted nothing.
type Kept struct {
	Received int // tickets
	Waiting  int // not told yet, and the response window is open: they count in no share
	InTime   int // told inside the window
	Late     int // told after it
	Never    int // not told, and the window is closed
	Alarmed  int // late or never, but agents were alarmed before the window closed

	by     map[string]int
	delays map[time.Duration]int // from receipt to told, in whole seconds, of those told
}

// ByOther are ways that have no name of their own here.
const ByOther = "other"

// Ways are those by which customers are told, in the order of reports.
func Ways() []string { return []string{ByReadback, ByEmail, ByCallback, ByAgent, ByOther} }

func (k *Kept) add(p Promise, now time.Time) {
	k.Received++
	outcome := p.Outcome(now)
	switch outcome {
	case Waiting:
		k.Waiting++
	case InTime:
		k.InTime++
	case Late:
		k.Late++
	case Never:
		k.Never++
	}
	if (outcome == Late || outcome == Never) && p.AlarmedInTime() {
		k.Alarmed++
	}
	if outcome == InTime || outcome == Late {
		k.told(p)
	}
}

func (k *Kept) told(p Promise) {
	if k.by == nil {
		k.by, k.delays = map[string]int{}, map[time.Duration]int{}
	}
	way := p.AcknowledgedBy
	if !slices.Contains(Ways(), way) {
		way = ByOther
	}
	k.by[way]++
	delay := p.Acknowledged.Sub(p.Received) // another gateway's clock may differ
	k.delays[max(0, (delay+time.Second-1).Truncate(time.Second))]++
}

func (k *Kept) merge(other *Kept) {
	k.Received += other.Received
	k.Waiting += other.Waiting
	k.InTime += other.InTime
	k.Late += other.Late
	k.Never += other.Never
	k.Alarmed += other.Alarmed
	if k.by == nil {
		k.by, k.delays = map[string]int{}, map[time.Duration]int{}
	}
	for way, n := range other.by {
		k.by[way] += n
	}
	for delay, n := range other.delays {
		k.delays[delay] += n
	}
}

// Decided is how many promises were kept or broken: all but those that wait.
func (k *Kept) Decided() int { return k.Received - k.Waiting }

// Told is how many customers were told.
func (k *Kept) Told() int { return k.InTime + k.Late }

// By is how many were told by a way.
func (k *Kept) By(way string) int { return k.by[way] }

// InTimeShare is those told in time, of the decided.
func (k *Kept) InTimeShare() Share { return Share{k.InTime, k.Decided()} }

// KeptShare is those to whom the promise was kept, of the decided: told in time, or agents were alarmed before the window closed.
func (k *Kept) KeptShare() Share { return Share{k.InTime + k.Alarmed, k.Decided()} }

// Delay is the time within which so many of a hundred of those told were told: the nearest-rank percentile of whole seconds,
// begun ones counted whole. 100 is the longest. It is false when nobody was told.
func (k *Kept) Delay(percent int) (time.Duration, bool) {
	rank := max(1, (percent*k.Told()+99)/100)
	for _, delay := range slices.Sorted(maps.Keys(k.delays)) {
		if rank -= k.delays[delay]; rank <= 0 {
			return delay, true
		}
	}
	return 0, false
}
