package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"readback/media"
)

// loadReport is what a load test found, as programs read it.
type loadReport struct {
	URI       string         `json:"uri"`
	Codec     string         `json:"codec"`
	Calls     int            `json:"calls"`
	Rate      float64        `json:"rate"`
	DurationS float64        `json:"duration_s"`
	ElapsedS  float64        `json:"elapsed_s"`
	Placed    int            `json:"placed"`
	PlacedS   float64        `json:"placed_within_s"`
	Answered  int            `json:"answered"`
	Most      int            `json:"most_at_once"`
	Refused   []refusalCount `json:"refused"`
	Failed    []reasonCount  `json:"failed"`
	Early     []reasonCount  `json:"ended_early"`
	Setup     timesReport    `json:"setup_ms"`
	Keys      keysReport     `json:"keys"`
	Reaction  timesReport    `json:"reaction_ms"`
	Pacing    timesReport    `json:"pacing_ms"`
	Gaps      int64          `json:"gaps"`
	Restarts  int64          `json:"restarts"`
	Heard     heardSound     `json:"heard"`
	Sent      sentSound      `json:"sent"`
	Caller    callerReport   `json:"caller"`
}

type refusalCount struct {
	Status int    `json:"status"`
	Reason string `json:"reason"`
	Calls  int    `json:"calls"`
}

type reasonCount struct {
	Reason string `json:"reason"`
	Calls  int    `json:"calls"`
}

// timesReport are times in milliseconds.
type timesReport struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

func timesOf(h *media.Histogram) timesReport {
	return timesReport{Count: h.Count(), P50: inMS(h.Quantile(0.5)), P99: inMS(h.Quantile(0.99)), P999: inMS(h.Quantile(0.999)), Max: inMS(h.Max())}
}

func inMS(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// keysReport says how often keys were pressed, and in how many calls the other side takes none.
type keysReport struct {
	Pressed      int `json:"pressed"`
	CallsWithout int `json:"calls_without_events"`
}

// heardSound is what came, and sentSound what we sent: of that, the other side said what it lost.
type heardSound struct {
	Packets int64 `json:"packets"`
	Lost    int64 `json:"lost"`
}

type sentSound struct {
	Packets       int64 `json:"packets"`
	Untaken       int64 `json:"not_taken_by_kernel"`
	ReportedCalls int   `json:"reported_calls"`
	Reported      int64 `json:"reported_packets"`
	Lost          int64 `json:"lost"`
}

// callerReport is how the calling side itself got on, in its worst second.
type callerReport struct {
	IO      string  `json:"io"`
	Busy    float64 `json:"busy"`
	LateP99 float64 `json:"late_p99_ms"`
	LateMax float64 `json:"late_max_ms"`
	Late    float64 `json:"late_share"` // of the time
	Trusted bool    `json:"trusted"`
}

// report is what was found; the test is over.
func (l *loadTest) report() *loadReport {
	t := &l.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &loadReport{
		URI: l.plan.URI, Codec: strings.ToUpper(l.plan.Codec), Calls: l.plan.Calls, Rate: l.plan.Rate, DurationS: l.plan.Duration.Seconds(),
		ElapsedS: t.ended.Sub(t.began).Seconds(), Placed: t.placed, PlacedS: t.lastAt.Sub(t.firstAt).Seconds(),
		Answered: t.answered, Most: t.most,
		Refused: []refusalCount{}, Failed: reasons(t.failed), Early: reasons(t.early),
		Setup: timesOf(&l.setup), Keys: keysReport{t.pressed, t.withoutKeys}, Reaction: timesOf(&l.reaction.Histogram),
		Pacing: timesOf(&l.pacing.Deviation), Gaps: l.pacing.Gaps(), Restarts: l.pacing.Restarts(),
		Heard: heardSound{t.received, t.lost}, Sent: sentSound{t.sent, t.unsent, t.told, t.toldSent, t.toldLost},
		Caller: callerReport{
			IO: l.phone.media.IO(), Busy: l.health.busy, LateP99: inMS(l.health.late), LateMax: inMS(l.health.latest),
			Late: float64(l.health.bad) / float64(max(l.health.looks, 1)), Trusted: l.health.trusted(),
		},
	}
	for status, calls := range t.refused {
		r.Refused = append(r.Refused, refusalCount{status.Status, status.Reason, calls})
	}
	slices.SortFunc(r.Refused, func(a, b refusalCount) int { return cmp.Or(b.Calls-a.Calls, a.Status-b.Status) })
	return r
}

// reasons are the most frequent first.
func reasons(counts map[string]int) []reasonCount {
	sorted := []reasonCount{}
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		sorted = append(sorted, reasonCount{cmp.Or(reason, "other reasons"), counts[reason]})
	}
	slices.SortStableFunc(sorted, func(a, b reasonCount) int { return b.Calls - a.Calls })
	return sorted
}
