package sip

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stressed is how long the two user agents of TestUnderStress are busy with each other at least; at most it is thirty
// seconds until all has happened that is to happen.
const stressed = 2 * time.Second

var mustHappen = []string{"dialled", "re-INVITE", "UPDATE", "INFO", "called re-INVITE", "called UPDATE", "cancelled", "hung up"}

// A tally counts how calls went.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (y *tally) add(what string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.counts == nil {
		y.counts = map[string]int{}
	}
	y.counts[what]++
}

// busyHandler treats calls in turn as handlers do.
func busyHandler(turn *atomic.Int64, y *tally) func(context.Context, *Call) {
	return func(ctx context.Context, c *Call) {
		c.OnInfo(func(string, []byte) bool { return true })
		switch turn.Add(1) % 6 {
		case 0:
			_ = c.Refuse(486, "")
		case 1:
			rings(ctx, c) // until it is cancelled
		case 2:
			if c.Progress(ctx, &negotiator{}) == nil && c.Answer(ctx, &negotiator{}) == nil {
				_ = c.pause(ctx, time.Millisecond)
			}
		case 3:
			if c.Answer(ctx, &negotiator{}) == nil && c.pause(ctx, 10*time.Millisecond) == nil { // the ACK comes first
				y.add(kindOfError("called re-INVITE", c.Reinvite(ctx)))
				<-ctx.Done()
			}
		case 4:
			if c.Ring(ctx) == nil && c.Answer(ctx, &negotiator{}) == nil && c.pause(ctx, 10*time.Millisecond) == nil {
				y.add(kindOfError("called UPDATE", c.Update(ctx)))
				<-ctx.Done()
			}
		default:
			answers(&negotiator{})(ctx, c)
		}
		if errors.Is(context.Cause(ctx), ErrCancelled) {
			y.add("cancelled")
		}
	}
}

func (y *tally) complete() bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return !slices.ContainsFunc(mustHappen, func(what string) bool { return y.counts[what] == 0 })
}

func kindOfError(what string, err error) string {
	if err != nil {
		return what + " failed"
	}
	return what
}

// keepCalling makes calls, changes them, and ends them, in turn, until the time is over.
func keepCalling(ctx context.Context, ua *UserAgent, uri string, y *tally) {
	for turn := 0; ctx.Err() == nil; turn++ {
		patience := []time.Duration{200 * time.Millisecond, 5 * time.Millisecond}[turn%2]
		dialling, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		c, err := ua.Dial(dialling, uri, &negotiator{}, DialOptions{From: "+14155550100"})
		cancel()
		y.add(kindOfError("dialled", err))
		if err != nil {
			continue
		}
		changing, cancel := context.WithTimeout(ctx, 100*time.Millisecond) // no longer than that for glare
		switch turn % 5 {
		case 0:
			y.add(kindOfError("re-INVITE", c.Reinvite(changing)))
		case 1:
			y.add(kindOfError("UPDATE", c.Update(changing)))
		case 2:
			y.add(kindOfError("INFO", c.SendInfo(ctx, "application/dtmf-relay", []byte("Signal=1"))))
		case 3: // the other side's turn
			_ = c.pause(changing, time.Second)
		}
		cancel()
		_ = c.Hangup(context.WithoutCancel(ctx))
		y.add("hung up")
	}
}

// keepReloading changes what can be changed while calls run.
func keepReloading(ctx context.Context, ua *UserAgent, config Config) (err error) {
	for i := 0; ctx.Err() == nil && err == nil; i++ {
		config.Trunks = append([]Trunk(nil), config.Trunks...)
		config.Trunks[0].MaxCalls = 1000 + i%2
		config.Trunks[0].Networks = networks("127.0.0.0/8", "192.0.2.0/24")[:1+i%2]
		err = errors.Join(ua.Reload(config), ua.pauseFor(3*time.Millisecond))
		_, _ = ua.Trunks(), ua.Calls()
	}
	return err
}

func (u *UserAgent) pauseFor(d time.Duration) error { u.pause(d); return nil }

// TestUnderStress has two user agents call each other over UDP, TCP and TLS at once, change, cancel and hang up calls,
// while both are reloaded, and one drains in the midst of it. Nothing is left of it.
func TestUnderStress(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	a := newAuthority(t)
	var y tally
	var panics atomic.Int64
	config := func() Config {
		return Config{
			Listen: []Listen{
				{Network: "udp", Address: "127.0.0.1:0"},
				{Network: "tcp", Address: "127.0.0.1:0"},
				{Network: "tls", Address: "127.0.0.1:0", TLS: a.gateway()},
			},
			Trunks:    []Trunk{{Name: "loopback", Networks: networks("127.0.0.0/8"), Country: "US", CallsPerSecond: 1e6, Burst: 1e6}},
			ClientCAs: a.pool(), RootCAs: a.pool(), Limits: Limits{ConnectionsPerSource: 64}, DrainTime: 300 * time.Millisecond,
			Observe: func(e Event) {
				if e.Kind == Panicked {
					panics.Add(1)
					t.Error(e.Text)
				}
			},
		}
	}
	var turn atomic.Int64
	called, stopCalled := serving(t, config(), busyHandler(&turn, &y))
	caller, stopCaller := serving(t, config(), rings)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var work sync.WaitGroup
	for i, l := range called.listeners {
		uri := fmt.Sprintf("sip:+18887999666@%s;transport=%s", called.Addrs()[i], l.network)
		for range 5 {
			work.Go(func() { keepCalling(ctx, caller, uri, &y) })
		}
	}
	for _, ua := range []*UserAgent{called, caller} {
		work.Go(func() {
			again := *ua.now()
			if err := keepReloading(ctx, ua, again); err != nil {
				t.Error(err)
			}
		})
	}
	for begun := time.Now(); ctx.Err() == nil && (time.Since(begun) < stressed || !y.complete()); {
		called.pause(10 * time.Millisecond)
	}
	if !y.complete() {
		t.Errorf("not all happened: %v", y.counts)
	}
	err := stopCalled() // calls are under way, and go on coming
	stop()
	work.Wait()
	if err := errors.Join(err, stopCaller()); err != nil {
		t.Errorf("Serve: %v", err)
	}
	t.Logf("%d calls: %v", turn.Load(), y.counts)
	for name, ua := range map[string]*UserAgent{"called": called, "caller": caller} {
		for _, left := range leftovers(ua) {
			t.Errorf("%s: %s", name, left)
		}
	}
	waitFor(t, func() bool { return runtime.NumGoroutine() <= goroutines })
}

// serving is a user agent that serves until it is told to stop, which waits for its end.
func serving(t *testing.T, config Config, f func(context.Context, *Call)) (*UserAgent, func() error) {
	t.Helper()
	ua, err := New(config, HandlerFunc(f))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- ua.Serve(ctx) }()
	stop := sync.OnceValue(func() error { cancel(); return <-served })
	t.Cleanup(func() { _ = stop() })
	waitFor(t, ua.Ready)
	return ua, stop
}

// leftovers are the tables that are not empty.
func leftovers(u *UserAgent) (list []string) {
	u.reloading.Lock()
	loans, posts := len(u.loans), len(u.posts)
	u.reloading.Unlock()
	u.mu.Lock()
	defer u.mu.Unlock()
	d := u.door.now.Load()
	using := 0
	for _, t := range slices.Concat(d.past, d.trunks) {
		using += t.using + t.active
	}
	for what, n := range map[string]int{
		"server transactions": len(u.servers), "completed transactions": len(u.completed), "ended transactions": len(u.ended),
		"merge keys": len(u.merges), "client transactions": len(u.clients), "dialogs": len(u.dialogs), "calls": len(u.all) + u.active,
		"parked CANCELs": len(u.parked), "idlers": len(u.idlers), "calls of trunks": using,
		"connections": len(u.conns.all), "sources": len(u.conns.bySource), "routes": len(u.conns.routes), "openings": len(u.conns.opening),
		"handshakes": u.conns.shaking + u.conns.strangers, "unknown connections": u.conns.unknown, "loans": loans, "duties": posts,
	} {
		if n != 0 {
			list = append(list, fmt.Sprintf("%d %s are left", n, what))
		}
	}
	return list
}
