package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"readback/sip"
)

const (
	turns = 5
	turn  = 5 * time.Second
	// clockTicks is how many of them /proc/PID/stat counts in a second.
	clockTicks = 100
)

// BenchmarkLimit sets what a call costs the gateway beside what the same packets cost in C: both are measured in turns,
// five times. testdata/limit has the C and says which design is which.
func BenchmarkLimit(b *testing.B) {
	limit := buildLimit(b)
	for _, way := range []struct {
		io     string
		calls  int
		beside []string
	}{
		{"io_uring", 500, []string{"one", "uring"}},
		{"io_uring", 2000, []string{"one", "uring"}},
		{"io_uring", 4000, nil},
		{"plain", 500, []string{"poll"}},
		{"plain", 2000, []string{"poll"}},
	} {
		b.Run(fmt.Sprintf("%s/calls=%d", way.io, way.calls), func(b *testing.B) {
			for b.Loop() {
				s := startStand(b, limit, fastBinary, way.io, never, way.calls)
				costs, floors := map[string]float64{}, map[string][]float64{}
				var ours []float64
				for range turns {
					ours = append(ours, s.cost())
					for _, design := range way.beside {
						floors[design] = append(floors[design], limit.cost(b, design, way.calls))
					}
				}
				costs["gateway"] = report(b, "gateway", ours)
				for _, design := range way.beside {
					floor := report(b, design, floors[design])
					b.ReportMetric(costs["gateway"]/floor, "x-"+design)
				}
				b.ReportMetric(float64(s.full-s.empty)/float64(way.calls)/1000, "kB/call")
			}
		})
	}
}

// BenchmarkPacing holds 1000 calls, of which every tenth is recorded, and tells how far from their time the packets leave,
// by the kernel's clock, beside how far from its time a bare sleeper wakes.
func BenchmarkPacing(b *testing.B) {
	limit := buildLimit(b)
	for _, io := range []string{"io_uring", "plain"} {
		b.Run(io, func(b *testing.B) {
			for b.Loop() {
				s := startStand(b, limit, fastBinary, io, never, 1000)
				s.record(10)
				const long = 50 * time.Second // the recordings end after a minute of silence
				sleeper := limit.start(b, "sleep", "-t", seconds(long))
				peer := s.peer(long)
				b.Logf("bare sleeper %+v", sleeper())
				p := peer()
				b.Logf("gateway      %+v", p)
				b.ReportMetric(p.Jitter.P999/1000, "p99.9-ms")
				b.ReportMetric(p.Gaps, "gaps-40ms")
			}
		})
	}
}

// BenchmarkOverload offers twice the calls that a gateway on a single processor carries: those that are too many are
// refused, and those in progress keep their sound.
func BenchmarkOverload(b *testing.B) {
	limit := buildLimit(b)
	for b.Loop() {
		s := startStand(b, limit, confined, "io_uring", "{busy: 0.75, late: 10ms}", 500)
		refused := 0
		for refused == 0 {
			peer := s.peer(10 * time.Second)
			refused += s.offer(1000, 250)
			peer()
		}
		carried := len(s.calls)
		peer := s.peer(time.Minute)
		for offered := carried + refused; offered < 2*carried; offered += 100 {
			refused += s.offer(100, 100)
		}
		p := peer()
		b.Logf("%d calls are carried, %d refused; sound of those in progress meanwhile: %+v", len(s.calls), refused, p)
		b.ReportMetric(float64(carried), "carried")
		b.ReportMetric(float64(refused), "refused")
		b.ReportMetric(p.Jitter.P999/1000, "p99.9-ms")
		b.ReportMetric(p.Gaps, "gaps-40ms")
	}
}

// offer dials calls at a pace and tells how many of them were refused.
func (s *stand) offer(calls, perSecond int) (refused int) {
	s.b.Helper()
	ticker := time.NewTicker(time.Second / time.Duration(perSecond))
	defer ticker.Stop()
	for range calls {
		<-ticker.C
		var status *sip.StatusError
		switch err := s.dial(); {
		case errors.As(err, &status) && status.Status == 503:
			refused++
		case err != nil:
			s.b.Fatal(err)
		}
	}
	return refused
}

// confined is the program on one processor, whatever the machine has.
func confined() (string, error) {
	path, err := fastBinary()
	if err != nil {
		return "", err
	}
	script := filepath.Join(filepath.Dir(path), "confined")
	return script, os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\nexec taskset -c 0 %s \"$@\"\n", path), 0o700)
}

// report logs the middle of some figures with the least and the greatest, and returns it.
func report(b *testing.B, name string, figures []float64) float64 {
	slices.Sort(figures)
	median := figures[len(figures)/2]
	b.Logf("%-8s %.3f ms per call and second (%.3f to %.3f)", name, median, figures[0], figures[len(figures)-1])
	b.ReportMetric(median, name+"-ms/call-s")
	return median
}

// limitProgram is testdata/limit/medialimit.c, built.
type limitProgram struct{ path string }

// limitLine is what it prints in the end: of its designs, its peer and its sleeper.
type limitLine struct {
	Cost    float64 `json:"ms_per_call_s"`
	In      float64 `json:"in_pct"`
	Live    int     `json:"live"`
	Lost    int     `json:"lost"`
	Packets float64 `json:"packets"`
	Gaps    float64 `json:"gaps40"`
	Jitter  spread  `json:"jit_us"`
	Late    spread  `json:"late"`
}

type spread struct{ P50, P99, P999, Max float64 }

func buildLimit(b *testing.B) *limitProgram {
	path := filepath.Join(b.TempDir(), "medialimit")
	if out, err := within(b, time.Minute, ".", tool(b, "gcc", "gcc"), "-O2", "-w", "-o", path, "../../testdata/limit/medialimit.c"); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return &limitProgram{path}
}

// start runs it and returns what waits for its line.
func (l *limitProgram) start(b *testing.B, args ...string) func() limitLine {
	b.Helper()
	done := make(chan string, 1)
	go func() {
		out, err := within(b, 2*time.Minute, ".", l.path, args...)
		if err != nil {
			out += err.Error()
		}
		done <- out
	}()
	return func() (line limitLine) {
		out := strings.TrimPrefix(<-done, "READY\n")
		if err := json.Unmarshal([]byte(out), &line); err != nil {
			b.Fatalf("medialimit %v: %v\n%s", args, err, out)
		}
		return line
	}
}

// cost runs a design beside a peer of its own.
func (l *limitProgram) cost(b *testing.B, design string, calls int) float64 {
	ports := "1"
	if design != "one" {
		ports = strconv.Itoa(calls)
	}
	common := []string{"-n", strconv.Itoa(calls), "-k", ports, "-b", "61000", "-P", "7100"}
	server := l.start(b, append([]string{design, "-t", seconds(turn)}, common...)...)
	peer := l.start(b, append([]string{"peer", "-t", seconds(turn + 2*time.Second)}, common...)...)
	line := server()
	peer()
	if line.In < 99.5 {
		b.Logf("%s: only %.1f %% of the packets came", design, line.In)
	}
	return line.Cost
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

// cpu is how long a process has computed.
func (p *process) cpu() time.Duration {
	p.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / clockTicks
}
