// Package media is sound in and out of calls: offer and answer, RTP, prompts, keys, recording, quality.
//
// An [Engine] owns the ports and the workers; a [Session] is one call's share of it. A session is given the peer's
// session description ([Session.Answer]), and from then on sends a packet every 10 to 60 ms: silence, or the
// [Clip]s of [Session.Play]. Beside it [Session.ReadKey] hands out the keys that are pressed and [Session.Record] writes
// what is said. [Bridge] joins two sessions for as long as wanted.
//
// A worker is one goroutine on a thread of its own with absolute deadlines. It ticks every 5 ms; each session lives in
// one of four slots, in which the worker sends its next packet; its socket is read half way between. A packet costs no
// goroutine, timer, map or allocation.
package media

import "errors"

var (
	// ErrNoPorts says that every RTP port is in use or in quarantine.
	ErrNoPorts = errors.New("no free RTP port; widen rtp.ports")
	// ErrUnacceptable says that a session description has nothing for us: 488 Not Acceptable Here.
	ErrUnacceptable = errors.New("session description not acceptable")
	// ErrClosed says that the session or the engine is closed.
	ErrClosed = errors.New("media session closed")
	// ErrBusy says that a second Play, Record or SendKeys was tried beside a running one.
	ErrBusy = errors.New("already playing or recording")
	// ErrNoEvents says that nothing was agreed on with the peer yet, so keys cannot be sent.
	ErrNoEvents = errors.New("no media session is agreed on yet, so keys cannot be sent")
)
