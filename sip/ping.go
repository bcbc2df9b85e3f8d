package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// missesMax is how many pings in a row a target may leave unanswered before it is down.
const missesMax = 3

// pingsOf says which pings these are.
type pingsOf struct {
	trunk, address string
	every          time.Duration
}

// Pinging asks the targets of a trunk's address by OPTIONS whether they are there (RFC 3261 section 11).
type pinging struct {
	ua *UserAgent
	pingsOf
}

func (p *pinging) run(stop <-chan struct{}) {
	ctx, cancel := p.ua.until(stop)
	defer cancel()
	for wait := time.Duration(0); p.ua.idleFor(wait, stop); wait = p.every - rand.N(p.every/10+1) {
		p.round(ctx)
	}
}

// round asks each target once.
func (p *pinging) round(ctx context.Context) {
	t := p.ua.trunkNamed(p.trunk)
	hop, err := parseTarget(p.address)
	if t == nil || err != nil {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, min(p.every, 64*sipgo.T1), ErrTimeout)
	defer cancel()
	targets, err := p.ua.targets(ctx, hop)
	if err != nil {
		p.ua.observe(Event{Kind: Note, Trunk: p.trunk, Rule: "ping", Text: cut(err.Error())})
		return
	}
	targets = t.Quirks.by(targets)
	t.health.only(targets)
	var asking sync.WaitGroup
	for _, to := range targets {
		asking.Go(func() {
			sent := time.Now()
			err := p.ask(ctx, t, to, hop)
			if context.Cause(ctx) == nil || errors.Is(context.Cause(ctx), ErrTimeout) { // and not stopped
				p.ua.heardOf(t, to, err, time.Since(sent))
			}
		})
	}
	asking.Wait()
}

// ask sends one OPTIONS. Nil means that the target is there: whatever it answers, but that it has no time.
func (p *pinging) ask(ctx context.Context, t *trunk, to Target, hop sipgo.Uri) error {
	if !t.reaches(to.Network, to.Address.Addr()) {
		return ErrNoTrunk
	}
	f, err := p.ua.flowTo(t, to, hop.Host)
	if err != nil {
		return err
	}
	host, _ := p.ua.advertised(f)
	us := sipgo.Uri{Scheme: hop.Scheme, User: "readback", Host: host}
	req := p.ua.newRequest(sipgo.OPTIONS, hop, f, &dialog{
		callID: sipgo.GenerateTagN(24) + "@" + host,
		local:  party{"", us, sipgo.HeaderParams{{K: "tag", V: newTag()}}},
		remote: party{address: hop},
	}, 1)
	req.AppendHeader(p.ua.contact(f, hop.Scheme == "sips"))
	req.AppendHeader(header("Accept", acceptInvite))
	tx, err := p.ua.send(req, f)
	if err != nil {
		return err
	}
	res, err := tx.final(ctx)
	if err == nil && (res.StatusCode == 408 || res.StatusCode == 503) {
		err = statusError(res)
	}
	return err
}

// Health is what the pings of a trunk tell.
type health struct {
	mu      sync.Mutex
	targets map[Target]*pulse
}

// A pulse is how a target is.
type pulse struct {
	state  TargetState
	since  time.Time
	misses int
	reason string        // of the last miss
	took   time.Duration // the last answer
}

// only forgets the targets that the trunk's address no longer leads to.
func (h *health) only(targets []Target) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for to := range h.targets {
		if !slices.Contains(targets, to) {
			delete(h.targets, to)
		}
	}
}

// heardOf notes the answer of a target, or why there was none, and tells when it goes up or down.
func (u *UserAgent) heardOf(t *trunk, to Target, err error, took time.Duration) {
	if state, changed := t.health.note(to, err, took); changed {
		kind, text := TrunkUp, fmt.Sprintf("%s %s answers", to.Network, to.Address)
		if state == TargetDown {
			kind, text = TrunkDown, cut(fmt.Sprintf("%s %s: %v", to.Network, to.Address, err))
		}
		u.observe(Event{Kind: kind, Trunk: t.Name, Peer: to.Address, Text: text})
	}
}

func (h *health) note(to Target, err error, took time.Duration) (state TargetState, changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.targets[to]
	if p == nil {
		p = &pulse{state: TargetUnknown, since: time.Now()}
		if h.targets == nil {
			h.targets = map[Target]*pulse{}
		}
		h.targets[to] = p
	}
	before := p.state
	if err == nil {
		p.state, p.misses, p.took = TargetUp, 0, took
	} else {
		p.reason = cut(err.Error())
		if p.misses++; p.misses >= missesMax {
			p.state = TargetDown
		}
	}
	if p.state != before {
		p.since = time.Now()
	}
	return p.state, p.state != before
}

// prefer puts the targets that are down behind the others.
func (h *health) prefer(targets []Target) []Target {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.SortStableFunc(targets, func(a, b Target) int { return h.rank(a) - h.rank(b) })
	return targets
}

func (h *health) rank(to Target) int {
	if p := h.targets[to]; p != nil && p.state == TargetDown {
		return 1
	}
	return 0
}
