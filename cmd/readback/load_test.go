package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkGateway holds 200 calls at once on a gateway in a process of its own: what a call costs to set up at 50 a
// second, as the caller sees it, and in memory.
func BenchmarkGateway(b *testing.B) {
	const calls, perSecond = 200, 50
	p := startProgram(b, fastBinary, "")
	phone := newTestPhone(b)
	b.Cleanup(func() {
		if err := phone.close(); err != nil {
			b.Error(err)
		}
	})
	hold(b, phone, p, calls, perSecond) // the first calls find prompts that are not decoded yet
	before := p.memory()
	var setup []time.Duration
	for b.Loop() {
		took, memory := hold(b, phone, p, calls, perSecond)
		setup = append(setup, took...)
		b.ReportMetric(float64(memory-before)/calls/1000, "kB/call")
	}
	slices.Sort(setup)
	b.ReportMetric(milliseconds(setup[len(setup)/2]), "setup-p50-ms")
	b.ReportMetric(milliseconds(setup[len(setup)*99/100]), "setup-p99-ms")
}

// hold makes calls at a pace, has the gateway's memory measured while all are up, and hangs up.
func hold(b *testing.B, phone *phone, p *process, calls, perSecond int) (setup []time.Duration, memory int64) {
	b.Helper()
	ticker := time.NewTicker(time.Second / time.Duration(perSecond))
	defer ticker.Stop()
	var held []*phoneCall
	for range calls {
		<-ticker.C
		call, took := dialTimed(b, phone, p)
		held, setup = append(held, call), append(setup, took)
	}
	memory = p.memory()
	for _, call := range held {
		if err := call.hangup(b.Context()); err != nil {
			b.Error(err)
		}
		call.close()
	}
	return setup, memory
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

func dialTimed(b *testing.B, phone *phone, p *process) (*phoneCall, time.Duration) {
	b.Helper()
	session, err := phone.lift()
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
	defer cancel()
	began := time.Now()
	call, err := phone.dial(ctx, session, fmt.Sprintf("sip:+18887999666@%s", p.sip), "+14155550100")
	if err != nil {
		b.Fatalf("%v; log:\n%s", err, p.log)
	}
	return call, time.Since(began)
}

// memory is the resident memory of the gateway in bytes.
func (p *process) memory() int64 {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmRSS:")
	var kB int64
	if _, err := fmt.Sscan(line, &kB); err != nil {
		p.t.Fatal(err)
	}
	return kB << 10
}
