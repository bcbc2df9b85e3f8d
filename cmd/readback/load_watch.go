package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"readback/media"
)

// watchPace is how often a load test is looked at: its own health, and the progress bar.
const watchPace = 250 * time.Millisecond

// trustedLate is how late the calling side's own ticks may be, 99 of 100 of them in a second, for its figures to be of
// the gateway and not of itself; trustedShare is the share of seconds in which it may be later all the same.
const (
	trustedLate  = 5 * time.Millisecond
	trustedShare = 0.05
)

// loadHealth is how the calling side itself got on: its worst second, and how many were bad.
type loadHealth struct {
	busy         float64
	late, latest time.Duration // the 99th percentile of its ticks, and the latest tick
	looks, bad   int
}

// trusted reports whether the figures are those of the other side.
func (h *loadHealth) trusted() bool { return float64(h.bad) <= trustedShare*float64(h.looks) }

func (h *loadHealth) look(engine *media.Engine) {
	var late time.Duration
	for _, load := range engine.Load() {
		h.busy, h.latest, late = max(h.busy, load.Busy), max(h.latest, load.LateMax), max(late, load.Late99)
	}
	h.late = max(h.late, late)
	h.looks++
	if late > trustedLate {
		h.bad++
	}
}

// watch follows the test until it is told to stop.
func (l *loadTest) watch(console *console) (stop func()) {
	bar := newLoadBar(console, l.plan.Total)
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticker := time.NewTicker(watchPace)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				l.health.look(l.phone.media)
				bar.show(&l.tally)
			case <-done:
				bar.clear()
				return
			}
		}
	})
	return func() {
		close(done)
		watching.Wait()
	}
}

// loadBar shows a load test on a terminal; elsewhere it is silent. Each call is two steps: placed, and over.
type loadBar struct{ bar *progressbar.ProgressBar }

func newLoadBar(console *console, calls int) loadBar {
	file, ok := console.err.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return loadBar{}
	}
	return loadBar{progressbar.NewOptions(2*calls, progressbar.OptionSetWriter(file), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(true), progressbar.OptionSetWidth(30))}
}

func (b loadBar) show(t *loadTally) {
	if b.bar == nil {
		return
	}
	t.mu.Lock()
	up, refused, failed, steps := t.up, sum(t.refused), sum(t.failed), t.placed+t.over
	t.mu.Unlock()
	b.bar.Describe(fmt.Sprintf("%d up, %d refused, %d failed", up, refused, failed))
	_ = b.bar.Set(steps) // a terminal that is gone is nobody's problem
}

func (b loadBar) clear() {
	if b.bar != nil {
		_ = b.bar.Clear()
	}
}

func sum[K comparable](counts map[K]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}
