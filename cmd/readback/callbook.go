package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"readback/tickets"
)

// What a call is at.
const (
	stateRinging = "ringing"
	stateTalking = "talking"
	stateEnded   = "ended"
)

// A callLine is one call in a list.
type callLine struct {
	State string `json:"state"`
	Step  string `json:"step,omitempty"` // what the conversation of a live call is at
	tickets.CallRecord
}

// A callDetail is all there is to know of one call.
type callDetail struct {
	callLine
	ladder
	Missing string `json:"missing,omitempty"` // why there is no signalling
}

// A callQuery chooses calls for a list.
type callQuery struct {
	State  string // live, recent or refused
	Trunk  string
	Before time.Time
	Limit  int
}

// A callBook knows the calls: those in progress from memory, the others from the store, their signalling from memory or
// the files of this gateway.
type callBook struct {
	traces *traces // nil beside a gateway that does not run
	store  tickets.Calls
	folder string
	node   string
}

var (
	errNoCall    = errors.New("there is no such call")
	errManyCalls = errors.New("more than one call is meant")
)

func (b *callBook) list(ctx context.Context, q callQuery) ([]callLine, error) {
	if q.State == "live" {
		return b.live(q), nil
	}
	page := tickets.CallPage{Trunk: q.Trunk, Before: q.Before, Limit: q.Limit}
	if q.State == "refused" {
		page.Disposition = tickets.DispositionRefused
	}
	records, err := b.store.ListCalls(ctx, page)
	lines := make([]callLine, 0, len(records))
	for _, record := range records {
		lines = append(lines, callLine{State: stateEnded, CallRecord: record})
	}
	return lines, err
}

func (b *callBook) live(q callQuery) []callLine {
	lines := []callLine{}
	if b.traces == nil {
		return lines
	}
	for _, line := range b.traces.live() {
		if (q.Trunk == "" || line.Trunk == q.Trunk) && len(lines) < q.Limit {
			lines = append(lines, line)
		}
	}
	return lines
}

// show finds the one call that a reference means: the beginning of its id, its SIP Call-ID or its ticket number.
func (b *callBook) show(ctx context.Context, reference string) (callDetail, error) {
	var found []callDetail
	if b.traces != nil {
		found = b.traces.find(reference)
	}
	records, storeErr := b.store.ListCalls(ctx, tickets.CallPage{Reference: reference, Limit: maxCandidates})
	for _, record := range records {
		if !holds(found, record.CallKey) {
			found = append(found, callDetail{callLine: callLine{State: stateEnded, CallRecord: record}, Missing: notYetRead})
		}
	}
	if storeErr != nil && len(found) == 0 {
		found = b.searched(reference)
	}
	switch {
	case len(found) == 0:
		return callDetail{}, errors.Join(fmt.Errorf("call %q: %w", reference, errNoCall), storeErr)
	case len(found) > 1:
		return callDetail{}, fmt.Errorf("call %q: %w: %s", reference, errManyCalls, candidates(found))
	}
	if found[0].Missing == notYetRead {
		b.read(&found[0])
	}
	return found[0], nil
}

const (
	maxCandidates = 10
	notYetRead    = "not yet read"
)

func holds(found []callDetail, key string) bool {
	for _, d := range found {
		if d.CallKey == key {
			return true
		}
	}
	return false
}

func candidates(found []callDetail) string {
	var ids []string
	for _, d := range found[:min(len(found), maxCandidates)] {
		ids = append(ids, fmt.Sprintf("%s (%s, %s)", d.CallKey, stamp(d.Started), cmp.Or(d.Disposition, d.State)))
	}
	return strings.Join(ids, ", ")
}

// searched looks in the files alone, when the store cannot be asked.
func (b *callBook) searched(reference string) (found []callDetail) {
	_ = readSegments(b.folder, []string{strings.ToUpper(reference), reference}, time.Time{}, func(e traceEntry) bool {
		if refersTo(reference, e.Record) {
			found = append(found, callDetail{callLine: callLine{State: stateEnded, CallRecord: e.Record}, ladder: e.ladder})
		}
		return len(found) < maxCandidates
	})
	return found
}

// read adds the signalling of a call that is over.
func (b *callBook) read(d *callDetail) {
	d.Missing = "the signalling of this call was not kept: it is older than what is kept, or too many calls ended at once"
	if d.Node != "" && d.Node != b.node {
		d.Missing = fmt.Sprintf("the signalling of this call is on node %s", d.Node)
		return
	}
	err := readSegments(b.folder, []string{d.CallKey}, d.Ended, func(e traceEntry) bool {
		if e.CallKey != d.CallKey {
			return true
		}
		d.ladder, d.Missing = e.ladder, ""
		return false
	})
	if err != nil && d.Missing != "" {
		d.Missing = "the signalling of this call cannot be read: " + err.Error()
	}
}

// refersTo is the rule of tickets.CallPage.Reference.
func refersTo(reference string, record tickets.CallRecord) bool {
	return strings.HasPrefix(record.CallKey, strings.ToUpper(reference)) || record.SIPCallID == reference ||
		record.Ticket != "" && string(record.Ticket) == reference
}
