package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"readback/config"
)

// signallingConfig is what the measurements of signalling run with: their limits are in there.
const signallingConfig = "../../testdata/limit/signalling.yaml"

// BenchmarkSignallingRate sets up and tears down 1000 calls a second, SIPp beside the gateway on the same machine: what
// a call costs the gateway, with its ports, its record in the store and all, and how long its caller waits for the 200.
func BenchmarkSignallingRate(b *testing.B) {
	const perSecond, calls = 1000, 20_000
	p := startConfigured(b, fastBinary, readFile(b, signallingConfig))
	p.shortCalls(b, 100, 500) // the first calls find prompts that are not decoded yet
	for b.Loop() {
		before := p.cpu()
		s := p.shortCalls(b, perSecond, calls)
		b.ReportMetric(milliseconds(p.cpu()-before)/calls, "cpu-ms/call")
		b.ReportMetric(float64(calls)/s.took.Seconds(), "calls/s")
		b.ReportMetric(s.p99, "setup-p99-ms")
		b.ReportMetric(float64(s.repeated), "retransmissions")
	}
}

// BenchmarkSignallingMemory takes 100,000 short calls in a row, and looks at what is left of them when the last
// transaction must have ended (32 s, RFC 3261 timers J and L).
func BenchmarkSignallingMemory(b *testing.B) {
	const perSecond, calls, most = 1000, 100_000, 5.0 // MB that may be left
	s, address := startServer(b)
	sippCalls(b, address, 100, 500)
	for b.Loop() {
		before := heapInUse()
		watch, stop := context.WithCancel(b.Context())
		peak := make(chan uint64, 1)
		go func() { peak <- highest(watch) }()
		sippCalls(b, address, perSecond, calls)
		stop()
		time.Sleep(40 * time.Second) // what is measured is what is left after them
		b.ReportMetric(float64(<-peak)/1e6, "peak-MB")
		left := (float64(heapInUse()) - float64(before)) / 1e6
		b.ReportMetric(left, "left-MB")
		if left > most {
			b.Errorf("%.1f MB are left of %d calls, want at most %.0f", left, calls, most)
		}
	}
	if open := s.gateway.media.Sessions(); open != 0 {
		b.Errorf("%d sessions are open", open)
	}
}

// BenchmarkSignallingFlood has 200 calls with sound, and then the same while strangers send 10,000 INVITEs a second: the
// packets of the calls leave as evenly, and memory stays.
func BenchmarkSignallingFlood(b *testing.B) {
	const perSecond, lasting = 10_000, 10 * time.Second
	limit := buildLimit(b)
	for b.Loop() {
		p := startConfigured(b, fastBinary, readFile(b, signallingConfig)+fmt.Sprintf("prompts: {directories: {en-US: %s}}\n", longPrompts(b)))
		s := standOn(b, limit, p, 200)
		quiet := s.peer(lasting)()
		before := p.memory()
		peer := s.peer(lasting)
		sent := flood(b, p.sip.String(), perSecond, lasting-time.Second)
		busy := peer()
		b.ReportMetric(quiet.Jitter.P999/1000, "quiet-p99.9-ms")
		b.ReportMetric(busy.Jitter.P999/1000, "flood-p99.9-ms")
		b.ReportMetric(quiet.Gaps, "quiet-gaps-40ms")
		b.ReportMetric(busy.Gaps, "flood-gaps-40ms")
		b.ReportMetric(float64(p.memory()-before)/1e6, "grown-MB")
		b.ReportMetric(float64(sent)/(lasting-time.Second).Seconds(), "strangers/s")
		p.wantMetrics(fmt.Sprintf("readback_strangers_total %s", strconv.FormatFloat(float64(sent), 'g', -1, 64)))
	}
}

// flood sends INVITEs at a pace from a hundred networks that belong to no trunk.
func flood(b *testing.B, to string, perSecond int, lasting time.Duration) (sent int) {
	var conns []net.Conn
	for i := range 100 {
		dialer := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 66, byte(i), 1)}}
		conn, err := dialer.DialContext(b.Context(), "udp", to)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(lasting); time.Now().Before(end); <-ticker.C {
		for range perSecond / 100 {
			conn := conns[sent%len(conns)]
			fmt.Fprintf(conn, "INVITE sip:+18887999666@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\n"+
				"From: <sip:a@%[2]s>;tag=%[3]d\r\nTo: <sip:+18887999666@%[1]s>\r\nCall-ID: flood-%[3]d\r\nCSeq: 1 INVITE\r\n"+
				"Contact: <sip:a@%[2]s>\r\nContent-Length: 0\r\n\r\n", to, conn.LocalAddr(), sent)
			sent++
		}
	}
	return sent
}

// startServer is a gateway inside this process, whose heap can be looked at, and its UDP address.
func startServer(b *testing.B) (*server, string) {
	b.Helper()
	c, err := config.Parse(filepath.Join(b.TempDir(), "readback.yaml"), []byte(readFile(b, signallingConfig)))
	if err != nil {
		b.Fatal(err)
	}
	collectSeldom()
	s, err := newServer(b.Context(), c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), parts{noHTTP: true})
	if err != nil {
		b.Fatal(err)
	}
	s.gateway.now.Load().warm(b.Context(), s.log) // prompts that are decoded later would count as what calls left
	ctx, stop := context.WithCancel(b.Context())
	served := make(chan error, 1)
	go func() { served <- s.serve(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := errors.Join(<-served, s.close()); err != nil {
			b.Error(err)
		}
	})
	return s, s.agent.Addrs()[0].String()
}

// heapInUse is the live heap, garbage collected.
func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// highest is the most heap that there was in use until ctx ended, garbage included.
func highest(ctx context.Context) (peak uint64) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapInuse)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return peak
		}
	}
}

// A sippRun is what SIPp counted of a run whose calls all succeeded.
type sippRun struct {
	took     time.Duration
	p99      float64 // ms from INVITE to 200
	repeated int     // requests that SIPp had to send again
}

func (p *process) shortCalls(b *testing.B, perSecond, calls int) sippRun {
	b.Helper()
	return sippCalls(b, p.sip.String(), perSecond, calls)
}

// sippCalls has SIPp make the shortest calls there are, at a pace.
func sippCalls(b *testing.B, to string, perSecond, calls int) sippRun {
	b.Helper()
	sipp := tool(b, "sipp", "sip-tester")
	dir := b.TempDir() // SIPp writes its figures beside the scenario
	scenario := filepath.Join(dir, "short-call.xml")
	if err := os.WriteFile(scenario, []byte(readFile(b, "../../testdata/interop/sipp/short-call.xml")), 0o600); err != nil {
		b.Fatal(err)
	}
	began, errorFile := time.Now(), filepath.Join(dir, "errors.log")
	out, err := within(b, 5*time.Minute, dir, sipp, to, "-sf", scenario, "-s", "+18887999666", "-i", "127.0.0.1", "-nostdin",
		"-r", strconv.Itoa(perSecond), "-m", strconv.Itoa(calls), "-l", strconv.Itoa(5*perSecond), "-timeout", "240", "-timeout_error",
		"-trace_rtt", "-rtt_freq", "100", "-buff_size", "4000000", "-trace_err", "-error_file", errorFile)
	if err != nil {
		said, _ := os.ReadFile(errorFile) // the messages that SIPp did not expect are here, and the first one is why
		b.Fatalf("%v\n%.6000s\n%s", err, said, lastLines(out, 40))
	}
	return sippRun{took: time.Since(began), p99: percentile99(b, dir), repeated: repeatedRequests(b, out)}
}

// requestSent is a line of SIPp's table about a request: how many were sent, and again.
var requestSent = regexp.MustCompile(`(?m)^\s*(INVITE|BYE) -+>\s+\d+\s+(\d+)`)

// repeatedRequests adds up what SIPp sent again, by its last table.
func repeatedRequests(b *testing.B, out string) (n int) {
	b.Helper()
	found := requestSent.FindAllStringSubmatch(out[max(0, strings.LastIndex(out, "Messages  Retrans")):], -1)
	if len(found) != 2 {
		b.Fatalf("SIPp's table is not understood:\n%s", lastLines(out, 40))
	}
	for _, line := range found {
		again, _ := strconv.Atoi(line[2])
		n += again
	}
	return n
}

// percentile99 is of the response times in the file that SIPp's -trace_rtt leaves.
func percentile99(b *testing.B, dir string) float64 {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_rtt.csv"))
	if err != nil || len(files) != 1 {
		b.Fatalf("%d files of response times: %v", len(files), err)
	}
	var times []float64
	for _, line := range strings.Split(readFile(b, files[0]), "\n")[1:] {
		fields := strings.Split(line, ";")
		if len(fields) < 2 {
			continue
		}
		ms, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			b.Fatal(err)
		}
		times = append(times, ms)
	}
	slices.Sort(times)
	return times[len(times)*99/100]
}

func readFile(b *testing.B, name string) string {
	b.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}
