package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"readback/media"
)

const (
	// answerTime is how long a call may ring.
	answerTime = time.Minute
	// goodbyeTime is how long the other side may take to answer our BYE.
	goodbyeTime = 5 * time.Second
	// byesAtOnce bounds the BYEs under way, so that an end of all calls is not a flood.
	byesAtOnce = 100
	// quietBeforeKey is how long the other side has been quiet when its prompt is taken to be over: longer than the pauses
	// in a prompt.
	quietBeforeKey = 600 * time.Millisecond
	// keyPatience is how long that is waited for. Then the next keys are pressed all the same.
	keyPatience = 15 * time.Second
)

// A loadTest keeps calls up at a gateway and measures them.
type loadTest struct {
	plan   loadCommand
	words  []string // keys
	phone  *phone
	speech *media.Clip

	setup    media.Histogram
	reaction media.Reaction
	pacing   media.Pacing
	tally    loadTally
	health   loadHealth
}

// run places the calls and returns when the last one is over. When ctx ends, all are hung up.
func (l *loadTest) run(ctx context.Context) {
	defer l.tally.clock()()
	room, byes := make(chan struct{}, l.plan.Calls), make(chan struct{}, byesAtOnce)
	var calls sync.WaitGroup
	defer calls.Wait()
	pace := newPacer(l.plan.Rate)
	defer pace.stop()
	for range l.plan.Total {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return
		}
		if !pace.wait(ctx) {
			return
		}
		l.tally.place()
		calls.Go(func() {
			l.call(ctx, byes)
			<-room
		})
	}
}

// call makes one call, from INVITE to BYE.
func (l *loadTest) call(ctx context.Context, byes chan struct{}) {
	session, err := l.phone.lift()
	if err != nil {
		l.tally.fail(err)
		return
	}
	ringing, cancel := context.WithTimeoutCause(ctx, answerTime, errors.New("nobody answered in "+answerTime.String()))
	call, err := l.phone.dial(ringing, session, l.plan.URI, l.plan.From)
	cancel()
	if err != nil {
		if ctx.Err() == nil {
			l.tally.fail(err)
		}
		return
	}
	l.setup.Observe(call.setup)
	l.tally.answer()
	l.converse(ctx, call)
	var early error
	if ctx.Err() == nil {
		early = context.Cause(call.call.Context())
	}
	byes <- struct{}{}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbyeTime)
	_ = call.hangup(bye) // of a call that is over
	cancel()
	<-byes
	call.close()
	l.tally.end(early, call.whoHungUp, session.Stats())
}

// converse speaks and presses keys for the length of a call, or until the other side hangs up.
func (l *loadTest) converse(ctx context.Context, call *phoneCall) {
	ctx, cancel := context.WithTimeout(ctx, l.plan.Duration)
	defer cancel()
	stop := context.AfterFunc(call.call.Context(), cancel)
	defer stop()
	var voice sync.WaitGroup
	defer voice.Wait()
	voice.Go(func() {
		for call.speak(ctx, l.speech) == nil {
		}
	})
	l.pressKeys(ctx, call)
	<-ctx.Done()
}

// pressKeys presses a word at a time, whenever the other side has said something and is quiet again.
func (l *loadTest) pressKeys(ctx context.Context, call *phoneCall) {
	for n := 0; len(l.words) > 0 && ctx.Err() == nil; n++ {
		patience, cancel := context.WithTimeout(ctx, keyPatience)
		err := call.session.Hush(patience, quietBeforeKey)
		cancel()
		if ctx.Err() != nil || errors.Is(err, media.ErrClosed) {
			return
		}
		err = call.press(ctx, l.words[n%len(l.words)])
		if errors.Is(err, media.ErrNoEvents) {
			l.tally.keyless()
			return
		}
		if err == nil {
			l.tally.press()
		}
	}
}

// A pacer spaces calls evenly. Who comes late is not followed by a burst.
type pacer struct {
	interval time.Duration
	next     time.Time
	timer    *time.Timer
}

func newPacer(rate float64) *pacer {
	return &pacer{interval: time.Duration(float64(time.Second) / rate), next: time.Now(), timer: time.NewTimer(0)}
}

// wait returns when the next call is due, false when ctx ends first.
func (p *pacer) wait(ctx context.Context) bool {
	const slack = 50 * time.Millisecond
	now := time.Now()
	if p.next.Before(now.Add(-slack)) {
		p.next = now
	}
	p.timer.Reset(p.next.Sub(now))
	p.next = p.next.Add(p.interval)
	select {
	case <-p.timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func (p *pacer) stop() { p.timer.Stop() }
