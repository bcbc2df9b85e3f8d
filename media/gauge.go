package media

import (
	"sync/atomic"
	"time"
)

// measured is how often a gauge is published, in ticks: each second.
const measured = int64(time.Second / tickTime)

// lateness are the upper bounds of the gauge's buckets; the last is open.
var lateness = [...]time.Duration{
	500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 20 * time.Millisecond, behind,
}

// gauge measures a worker: written by its goroutine, read by any.
type gauge struct {
	sessions atomic.Int64
	realTime atomic.Bool
	busyPPM  atomic.Int64
	late99   atomic.Int64
	lateMax  atomic.Int64

	ticks   int64
	busy    time.Duration
	worst   time.Duration
	buckets [len(lateness) + 1]int64
}

func (g *gauge) read() Load {
	return Load{
		Sessions: int(g.sessions.Load()),
		RealTime: g.realTime.Load(),
		Busy:     float64(g.busyPPM.Load()) / 1e6,
		Late99:   time.Duration(g.late99.Load()),
		LateMax:  time.Duration(g.lateMax.Load()),
	}
}

func (g *gauge) tick(late, busy time.Duration) {
	g.busy += busy
	g.worst = max(g.worst, late)
	i := 0
	for i < len(lateness) && late > lateness[i] {
		i++
	}
	g.buckets[i]++
	if g.ticks++; g.ticks == measured {
		g.publish()
	}
}

func (g *gauge) publish() {
	g.busyPPM.Store(int64(g.busy) * 1e6 / (g.ticks * int64(tickTime)))
	g.late99.Store(int64(g.percentile99()))
	g.lateMax.Store(int64(g.worst))
	g.restart()
}

// rest is the end of work: what the last second was like tells nothing of the next.
func (g *gauge) rest() {
	g.busyPPM.Store(0)
	g.late99.Store(0)
	g.lateMax.Store(0)
	g.restart()
}

func (g *gauge) restart() {
	g.ticks, g.busy, g.worst = 0, 0, 0
	g.buckets = [len(lateness) + 1]int64{}
}

func (g *gauge) percentile99() time.Duration {
	var seen int64
	for i, n := range g.buckets {
		if seen += n; seen*100 >= g.ticks*99 && i < len(lateness) {
			return min(lateness[i], g.worst)
		}
	}
	return g.worst
}
