package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"golang.org/x/time/rate"
	"readback/config"

	"readback/sip"
	"readback/tickets"
)

// A tracing is traces at work on a fake clock, with a folder of their own.
type tracing struct {
	*traces
	t      *testing.T
	folder string
	stop   func()

	mu   sync.Mutex
	lost map[string]int
}

func inTracing(t *testing.T, test func(*tracing)) {
	synctest.Test(t, func(t *testing.T) {
		r := &tracing{t: t, folder: t.TempDir(), lost: map[string]int{}}
		log, err := openTracelog(r.folder, config.Default().Calls, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		r.traces = newTraces(log, func(why string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lost[why]++
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.run(ctx)
		}()
		r.stop = func() { stop(); <-done }
		defer r.stop()
		test(r)
	})
}

// message is one of a call, from the carrier or to it.
func (r *tracing) message(kind sip.Kind, callID, method string, status int, cseq uint32) {
	line := method + " sip:x SIP/2.0"
	if status > 0 {
		line = fmt.Sprintf("SIP/2.0 %d", status)
	}
	r.observe(sip.Event{Kind: kind, At: time.Now(), Trunk: "carrier", CallID: callID, Method: method, Status: status, CSeq: cseq, Line: line, Message: []byte(line)})
}

func (r *tracing) refuse(callID, key string) {
	r.end(tickets.CallRecord{CallKey: key, SIPCallID: callID, Trunk: "carrier", Disposition: tickets.DispositionRefused, Started: time.Now(), Ended: time.Now()})
}

// held is what is in memory.
func (r *tracing) held() (calls, keys, bytes int) {
	r.traces.mu.Lock()
	defer r.traces.mu.Unlock()
	return len(r.byCall), len(r.byKey), r.bytes
}

// stored are the calls on disk and how many messages each has.
func (r *tracing) stored() map[string]int {
	r.t.Helper()
	found := map[string]int{}
	err := readSegments(r.folder, []string{""}, time.Time{}, func(e traceEntry) bool {
		found[e.CallKey] = len(e.Messages)
		return true
	})
	if err != nil {
		r.t.Error(err)
	}
	return found
}

func TestARefusedCallIsStoredWithItsACK(t *testing.T) {
	inTracing(t, func(r *tracing) {
		r.message(sip.Received, "a", "INVITE", 0, 1)
		r.message(sip.Sent, "a", "INVITE", 404, 1)
		r.refuse("a", "KEY")
		if found := r.find("KE"); len(found) != 1 || len(found[0].Messages) != 2 {
			t.Errorf("before it is stored: %+v", found)
		}
		time.Sleep(time.Second)
		r.message(sip.Received, "a", "ACK", 0, 1)
		time.Sleep(2 * traceLinger)
		synctest.Wait()
		if got := r.stored(); len(got) != 1 || got["KEY"] != 3 {
			t.Errorf("stored %v, want KEY with 3 messages", got)
		}
		if calls, keys, bytes := r.held(); calls != 0 || keys != 0 || bytes != 0 {
			t.Errorf("in memory are still %d calls, %d keys, %d bytes", calls, keys, bytes)
		}
	})
}

func TestAnotherTryWithTheSameCallIDIsAnotherCall(t *testing.T) {
	inTracing(t, func(r *tracing) {
		for i, key := range []string{"ONE", "TWO"} {
			r.message(sip.Received, "a", "INVITE", 0, uint32(i+1))
			r.message(sip.Received, "a", "INVITE", 0, uint32(i+1)) // a retransmission is none
			r.message(sip.Sent, "a", "INVITE", 503, uint32(i+1))
			r.refuse("a", key)
		}
		time.Sleep(2 * traceLinger)
		synctest.Wait()
		if got := r.stored(); got["ONE"] != 3 || got["TWO"] != 3 {
			t.Errorf("stored %v, want three messages each", got)
		}
	})
}

func TestAServedCallIsLiveUntilItEnds(t *testing.T) {
	inTracing(t, func(r *tracing) {
		record := tickets.CallRecord{CallKey: "KEY", SIPCallID: "a", Trunk: "carrier", Started: time.Now()}
		r.message(sip.Received, "a", "INVITE", 0, 1)
		r.serve(record)
		if live := r.live(); len(live) != 1 || live[0].State != stateRinging {
			t.Errorf("before the answer: %+v", live)
		}
		r.answered("KEY", time.Now())
		r.note("KEY", ladderStep{At: time.Now(), What: "said", Text: "welcome"})
		if live := r.live(); len(live) != 1 || live[0].State != stateTalking || live[0].Step != "welcome" {
			t.Errorf("in the call: %+v", live)
		}
		if !r.served(sip.Event{Kind: sip.Refused, Trunk: "carrier", CallID: "a", Method: "INVITE", Rule: "glare"}) {
			t.Error("a refused re-INVITE is taken for a refused call")
		}
		if r.served(sip.Event{Kind: sip.Refused, Trunk: "rival", CallID: "a", Method: "INVITE", Rule: "glare"}) {
			t.Error("the Call-ID of another trunk's call is taken for that call")
		}
		r.observe(sip.Event{Kind: sip.Received, Trunk: "carrier", CallID: "a", Method: "BYE", Reason: "Q.850;cause=41", Transport: "tcp"})
		if _, reason := r.signalled("KEY"); reason != "Q.850;cause=41" {
			t.Errorf("the reason is %q", reason)
		}
		record.Ended, record.Disposition = time.Now(), tickets.DispositionAbandoned
		r.end(record)
		if live := r.live(); len(live) != 0 {
			t.Errorf("after the end: %+v", live)
		}
		r.stop()
		if got := r.stored(); got["KEY"] != 2 {
			t.Errorf("stored at once when the gateway closes: %v, want KEY with 2 messages", got)
		}
	})
}

func TestNobodysInvitesAreForgotten(t *testing.T) {
	inTracing(t, func(r *tracing) {
		for i := range 1000 {
			r.message(sip.Received, fmt.Sprint("call-", i), "INVITE", 0, 1)
			r.message(sip.Received, fmt.Sprint("ping-", i), "OPTIONS", 0, 1)
			time.Sleep(time.Second)
		}
		if calls, _, _ := r.held(); calls > 40 || r.young.Len() > 40 {
			t.Errorf("%d INVITEs of the last 1000 s are remembered, %d in order; want those of 32 s", calls, r.young.Len())
		}
	})
}

// What nobody comes for must not keep calls in memory that have been served since, nor their number from being followed.
func TestServedCallsLeaveMemoryOnceTheyAreStored(t *testing.T) {
	inTracing(t, func(r *tracing) {
		r.message(sip.Received, "nobody's", "INVITE", 0, 1)
		var followed []weak.Pointer[trace]
		for i := range 50 {
			record := tickets.CallRecord{CallKey: fmt.Sprint("KEY", i), SIPCallID: fmt.Sprint("call-", i), Trunk: "carrier", Started: time.Now()}
			r.message(sip.Received, record.SIPCallID, "INVITE", 0, 1)
			r.serve(record)
			followed = append(followed, weak.Make(r.byKey[record.CallKey]))
			record.Ended, record.Disposition = time.Now(), tickets.DispositionCompleted
			r.end(record)
		}
		time.Sleep(2 * traceLinger)
		synctest.Wait()
		runtime.GC()
		for i, call := range followed {
			if call.Value() != nil {
				t.Errorf("call %d is in memory, though it is stored", i)
			}
		}
		if calls, _, _ := r.held(); calls != 1 {
			t.Errorf("%d calls are followed, want the one that nobody came for", calls)
		}
	})
}

func TestAFloodIsStoredWithinTheRateAndRefusedCallsFirst(t *testing.T) {
	inTracing(t, func(r *tracing) {
		for i := range 1000 {
			callID := fmt.Sprint("good-", i)
			r.message(sip.Received, callID, "INVITE", 0, 1)
			r.end(tickets.CallRecord{CallKey: callID, SIPCallID: callID, Trunk: "carrier", Disposition: tickets.DispositionCompleted, Ended: time.Now()})
		}
		for i := range 1000 {
			callID := fmt.Sprint("bad-", i)
			r.message(sip.Received, callID, "INVITE", 0, 1)
			r.refuse(callID, callID)
		}
		if calls, _, _ := r.held(); calls > tracesPerSecond {
			t.Errorf("%d calls are in memory", calls)
		}
		time.Sleep(2 * traceLinger)
		synctest.Wait()
		var good, bad int
		for key := range r.stored() {
			if key[0] == 'g' {
				good++
			} else {
				bad++
			}
		}
		if good+bad != tracesPerSecond || bad < tracesPerSecond/2-1 {
			t.Errorf("stored %d calls that went well and %d that did not; want %d in all, half of them refused", good, bad, tracesPerSecond)
		}
		if got := r.lost["rate"]; got != 2000-tracesPerSecond {
			t.Errorf("%d are counted as lost, want %d", got, 2000-tracesPerSecond)
		}
	})
}

func TestMessagesWithoutTextWhenMemoryIsShort(t *testing.T) {
	inTracing(t, func(r *tracing) {
		r.bytes = traceMemory + 1
		r.message(sip.Received, "a", "INVITE", 0, 1)
		r.refuse("a", "KEY")
		if found := r.find("KEY"); len(found) != 1 || len(found[0].Messages) != 1 || found[0].Messages[0].Text != "" || found[0].Messages[0].Line == "" {
			t.Errorf("got %+v, want the line of the message alone", found)
		}
	})
}

// BenchmarkTraceOfACall is what following and storing a call of ten messages costs, capture aside.
func BenchmarkTraceOfACall(b *testing.B) {
	log, err := openTracelog(b.TempDir(), config.Default().Calls, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer log.close()
	t := newTraces(log, func(string) {})
	t.limit.SetLimit(rate.Inf)
	text := bytes.Repeat([]byte("Via: x\n"), 100)
	b.ReportAllocs()
	for b.Loop() {
		now := time.Now()
		event := sip.Event{Kind: sip.Received, At: now, Trunk: "carrier", CallID: "a", Method: "INVITE", Line: "INVITE sip:+18887999666@192.0.2.1 SIP/2.0", Message: text}
		record := tickets.CallRecord{CallKey: "KEY", SIPCallID: "a", Trunk: "carrier", Disposition: tickets.DispositionCompleted, Started: now, Ended: now}
		t.observe(event)
		t.serve(record)
		for range 9 {
			t.observe(event)
		}
		t.end(record)
		t.store(now.Add(traceLinger))
	}
}
