package main

import (
	"cmp"
	"container/list"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"readback/sip"
	"readback/tickets"
)

const (
	// tracesPerSecond is how many calls' signalling is stored in a second at most. Calls that went well get half of it, so
	// that those that were refused or failed find room.
	tracesPerSecond = 100
	// tracesMost is how many calls are followed at once, traceMemory how many bytes of messages are kept of them; past
	// that, messages are kept without their text.
	tracesMost  = 20_000
	traceMemory = 64 << 20
	// tracesWaiting is how many calls may wait for a slow disk.
	tracesWaiting = 1000
	// traceLinger is how long the last messages of a call that is over are waited for: ACK, and what is sent again.
	traceLinger = 2 * time.Second
	// traceOrphan is how long an INVITE is remembered of which nobody made a call (RFC 3261: 64*T1).
	traceOrphan = 32 * time.Second
)

// traces follow the calls there are: a ladder for each, from its INVITE until it is stored. One goroutine, run, writes.
type traces struct {
	log     *tracelog // nil keeps nothing
	lost    func(why string)
	watched watchers
	limit   *rate.Limiter
	wake    chan struct{}

	mu     sync.Mutex
	byCall map[traceKey]*trace
	byKey  map[string]*trace // by call key, from when the call has one
	young  *list.List        // of *trace in the order of their INVITEs: nobody has come for them yet
	ended  []*trace          // in the order in which they are due
	bytes  int
}

// A traceKey is what the messages of a call have in common.
type traceKey struct{ trunk, callID string }

// A trace is a call that is followed.
type trace struct {
	ladder
	id     traceKey
	invite uint32 // CSeq
	born   time.Time
	young  *list.Element // nil when the call has a key
	due    time.Time     // when it is stored; zero while the call lives
	record tickets.CallRecord
	step   string     // what the conversation is at
	reason string     // that the other side gave for its end
	legs   []traceKey // calls of ours that belong to it
}

func newTraces(log *tracelog, lost func(why string)) *traces {
	return &traces{
		log: log, lost: lost,
		limit: rate.NewLimiter(tracesPerSecond, tracesPerSecond), wake: make(chan struct{}, 1),
		byCall: map[traceKey]*trace{}, byKey: map[string]*trace{}, young: list.New(),
	}
}

// observe takes the messages. It is called with calls locked, so it must be quick.
func (t *traces) observe(e sip.Event) {
	if e.Kind != sip.Received && e.Kind != sip.Sent {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.traceOf(e)
	if one == nil {
		return
	}
	if t.bytes > traceMemory {
		e.Message = nil
	}
	before := one.bytes
	one.add(messageOf(e))
	t.bytes += one.bytes - before
	if e.Kind == sip.Received && one.id.callID == e.CallID && e.Reason != "" && (e.Method == "BYE" || e.Method == "CANCEL") && e.Status == 0 {
		one.reason = e.Reason
	}
}

// traceOf is the call of a message; an INVITE begins one. It is nil for what belongs to none.
func (t *traces) traceOf(e sip.Event) *trace {
	id := traceKey{e.Trunk, e.CallID}
	one := t.byCall[id]
	begins := e.Kind == sip.Received && e.Status == 0 && (e.Method == "INVITE" || e.Method == "")
	switch again := one != nil && !one.due.IsZero() && e.CSeq > one.invite; {
	case !begins, one != nil && !again:
		return one
	case again: // the same Call-ID for another try
		delete(t.byCall, id)
	}
	return t.begin(id, e.CSeq, e.At)
}

// begin follows one call more; nil when there are too many. The caller holds mu.
func (t *traces) begin(id traceKey, invite uint32, now time.Time) *trace {
	for first := t.young.Front(); first != nil && now.Sub(first.Value.(*trace).born) > traceOrphan; first = t.young.Front() {
		t.forget(first.Value.(*trace))
	}
	if len(t.byCall) >= tracesMost {
		return nil
	}
	one := &trace{id: id, invite: invite, born: now}
	t.byCall[id] = one
	one.young = t.young.PushBack(one)
	return one
}

// become gives a call its key. The caller holds mu.
func (t *traces) become(one *trace, record tickets.CallRecord) {
	one.record = record
	t.byKey[record.CallKey] = one
	t.grown(one)
}

// grown says that somebody has come for a call. The caller holds mu.
func (t *traces) grown(one *trace) {
	if one.young != nil {
		t.young.Remove(one.young)
		one.young = nil
	}
}

// forget takes a call out of the tables. The caller holds mu.
func (t *traces) forget(one *trace) {
	t.grown(one)
	if t.byCall[one.id] == one {
		delete(t.byCall, one.id)
	}
	if t.byKey[one.record.CallKey] == one {
		delete(t.byKey, one.record.CallKey)
	}
	for _, leg := range one.legs {
		delete(t.byCall, leg)
	}
	t.bytes -= one.bytes
}

// serve notes that a call has a handler and a key.
func (t *traces) serve(record tickets.CallRecord) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := traceKey{record.Trunk, record.SIPCallID}
	one := t.byCall[id]
	if one == nil || one.record.CallKey != "" {
		if one = t.begin(id, 0, record.Started); one == nil {
			return
		}
	}
	t.become(one, record)
	t.watched.tell(callEvent{Event: "begins", Call: one.line()})
}

// served reports whether a request belongs to a call with a handler, and if so notes that it was refused.
func (t *traces) served(e sip.Event) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.byCall[traceKey{e.Trunk, e.CallID}]
	if one == nil || one.record.CallKey == "" || !one.due.IsZero() {
		return false
	}
	one.note(ladderStep{At: e.At, What: "refused", Text: e.Method + ": " + e.Rule + ": " + e.Text})
	return true
}

// answered and note tell how a call goes on.
func (t *traces) answered(key string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.byKey[key]; one != nil {
		one.record.Answered = at
	}
}

func (t *traces) note(key string, step ladderStep) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.byKey[key]; one != nil {
		one.step = cmp.Or(step.Text, step.What)
		one.note(step)
	}
}

// join makes the messages of a call of ours part of another call's.
func (t *traces) join(key string, leg traceKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.byKey[key]; one != nil {
		one.legs = append(one.legs, leg)
		t.byCall[leg] = one
	}
}

// signalled is what the messages of a call said of it: how they came, and the reason for its end.
func (t *traces) signalled(key string) (transport, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.byKey[key]
	if one == nil || len(one.Messages) == 0 {
		return "", ""
	}
	return one.Messages[0].Transport, one.reason
}

// end takes the record of a call that is over, served or refused, and has it stored with its ladder if there is room.
func (t *traces) end(record tickets.CallRecord) {
	t.mu.Lock()
	defer t.mu.Unlock()
	event := callEvent{Event: "ends"}
	one := t.byKey[record.CallKey]
	if one == nil { // it was refused before anybody served it
		event.Event = "refused"
		if one = t.byCall[traceKey{record.Trunk, record.SIPCallID}]; one == nil || one.record.CallKey != "" {
			one = &trace{id: traceKey{record.Trunk, record.SIPCallID}, born: record.Started}
		}
	}
	t.become(one, record)
	one.due = record.Ended.Add(traceLinger)
	event.Call = one.line()
	t.watched.tell(event)
	if record.SIPCallID == "" { // nothing else will be known to belong to it
		delete(t.byCall, one.id)
	}
	if !t.wanted(record) {
		t.forget(one)
		return
	}
	t.ended = append(t.ended, one)
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// wanted keeps what is stored within its rate.
func (t *traces) wanted(record tickets.CallRecord) bool {
	ordinary := record.Disposition == tickets.DispositionCompleted || record.Disposition == tickets.DispositionAbandoned
	switch {
	case t.log == nil:
		return false
	case len(t.ended) >= tracesWaiting:
		t.lost("disk")
		return false
	case ordinary && t.limit.Tokens() < tracesPerSecond/2, !t.limit.Allow():
		t.lost("rate")
		return false
	}
	return true
}

// run stores calls until ctx ends, and then those that are over.
func (t *traces) run(ctx context.Context) {
	if t.log == nil {
		return
	}
	defer t.log.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	tidy := time.NewTicker(tidyPeriod)
	defer tidy.Stop()
	for {
		select {
		case <-timer.C:
		case <-t.wake:
		case <-tidy.C:
			t.log.tidy(time.Now())
		case <-ctx.Done():
			t.store(time.Now().Add(traceLinger))
			return
		}
		if wait := t.store(time.Now()); wait > 0 {
			timer.Reset(wait)
		}
	}
}

// store writes the calls that are due and returns how long the next one may wait; 0 when there is none.
func (t *traces) store(now time.Time) time.Duration {
	for {
		t.mu.Lock()
		if len(t.ended) == 0 {
			t.mu.Unlock()
			return 0
		}
		one := t.ended[0]
		if wait := one.due.Sub(now); wait > 0 {
			t.mu.Unlock()
			return wait
		}
		entry := one.entry(now)
		t.ended[0] = nil // what is behind the first one stays in memory
		t.ended = t.ended[1:]
		t.mu.Unlock()
		if err := t.log.write(entry, now); err != nil {
			t.lost("disk")
		}
		t.mu.Lock()
		t.forget(one) // only now: until it is in the file it is found here
		t.mu.Unlock()
	}
}

func (one *trace) entry(now time.Time) traceEntry {
	return traceEntry{CallKey: one.record.CallKey, SIPCallID: one.record.SIPCallID, Stored: now, Record: one.record, ladder: one.copy()}
}

// line is the call as lists show it.
func (one *trace) line() callLine {
	l := callLine{State: stateEnded, CallRecord: one.record}
	if one.due.IsZero() {
		l.State, l.Step = stateRinging, one.step
		if !one.record.Answered.IsZero() {
			l.State = stateTalking
		}
	}
	return l
}

// live are the calls in progress, the latest first.
func (t *traces) live() []callLine {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := []callLine{}
	for _, one := range t.byKey {
		if one.due.IsZero() {
			lines = append(lines, one.line())
		}
	}
	slices.SortFunc(lines, func(a, b callLine) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(a.CallKey, b.CallKey))
	})
	return lines
}

// find are the calls in memory that somebody may mean.
func (t *traces) find(reference string) []callDetail {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []callDetail
	for _, one := range t.byKey {
		if refersTo(reference, one.record) {
			found = append(found, callDetail{callLine: one.line(), ladder: one.copy()})
		}
	}
	return found
}
