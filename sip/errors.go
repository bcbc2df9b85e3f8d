package sip

import (
	"errors"
	"fmt"
	"strings"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// What ended a call: the cause of its context (context.Cause of Call.Context).
var (
	// ErrHangup: the other side sent BYE.
	ErrHangup = errors.New("the other side hung up")
	// ErrTransferred: the other side hung up after it was asked to call someone else (Refer). It is an ErrHangup.
	ErrTransferred = fmt.Errorf("the call was transferred: %w", ErrHangup)
	// ErrCancelled: the caller sent CANCEL before the call was answered.
	ErrCancelled = errors.New("the caller gave up before the answer")
	// ErrNoAck: our 200 was never acknowledged (RFC 3261 section 13.3.1.4).
	ErrNoAck = errors.New("the answer was never acknowledged")
	// ErrNoPrack: a reliable provisional answer of ours was never acknowledged (RFC 3262 section 3).
	ErrNoPrack = errors.New("a provisional answer was never acknowledged")
	// ErrGone: the peer does not know the call any more, or answers nothing (RFC 3261 section 12.2.1.2).
	ErrGone = errors.New("the other side is gone")
	// ErrSessionExpired: nothing refreshed the call within its session interval (RFC 4028 section 10).
	ErrSessionExpired = errors.New("the call was not refreshed in time")
	// ErrNoAnswer: nobody answered a call of ours for DialOptions.Patience.
	ErrNoAnswer = errors.New("nobody answered in time")
	// ErrTooLong: the call reached Config.MaxCallTime.
	ErrTooLong = errors.New("the call reached its longest time")
	// ErrDrain: the user agent is closing and the time for running calls is over.
	ErrDrain = errors.New("the gateway is closing")
	// ErrFinished: our side ended the call: Hangup, Refuse, or the handler returned.
	ErrFinished = errors.New("the call was ended on this side")
	// ErrPanic: the handler of this call panicked.
	ErrPanic = errors.New("the handler of the call failed")
)

// Errors of using a Call or a UserAgent.
var (
	// ErrNotAcceptable: the offer or answer was refused by the Negotiator (488, or BYE).
	ErrNotAcceptable = errors.New("no common media")
	// ErrAnswered: the call has its final answer already.
	ErrAnswered = errors.New("the call is answered already")
	// ErrNotAnswered: the call has no dialog yet.
	ErrNotAnswered = errors.New("the call is not answered yet")
	// ErrTransferring: another transfer of the call is under way.
	ErrTransferring = errors.New("the call is being transferred already")
	// ErrClosed: the user agent is closed, or was not started.
	ErrClosed = errors.New("the user agent is closed")
	// ErrNoTrunk: the address belongs to no trunk, so nothing is sent there.
	ErrNoTrunk = errors.New("the address is in no trunk's networks")
	// ErrConnection: the connection to the peer broke, and no other could take its place.
	ErrConnection = errors.New("the connection to the peer broke")
	// ErrTimeout: the peer sent no final answer in 64*T1.
	ErrTimeout = errors.New("the peer did not answer in time")
)

// StatusError is a final answer other than 2xx to a request of ours.
type StatusError struct {
	Status int
	Reason string
	// RetryAfter is how long the peer asks not to be asked again; 0 when it does not say.
	RetryAfter time.Duration
	// Q850 is the cause that the peer gave (RFC 6432); 0 when it gave none.
	Q850 int
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("the peer answered %d %s", e.Status, e.Reason)
	if e.Q850 > 0 {
		s += fmt.Sprintf(" (Q.850 cause %d)", e.Q850)
	}
	return s
}

// retryAfterMax bounds what a peer may ask for.
const retryAfterMax = 24 * time.Hour

// statusError is nil for a 2xx.
func statusError(res *sipgo.Response) error {
	if res.IsSuccess() {
		return nil
	}
	e := &StatusError{Status: res.StatusCode, Reason: plain(res.Reason)}
	if wait, ok := interval(res, "Retry-After"); ok {
		e.RetryAfter = min(wait, retryAfterMax)
	}
	for _, r := range reasonsOf(res) {
		if strings.EqualFold(r.Protocol, "Q.850") {
			e.Q850 = r.Cause
		}
	}
	return e
}
