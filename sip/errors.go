package sip

import (
	"errors"
	"fmt"
)

// What ended a call: the cause of its context (context.Cause of Call.Context).
var (
	// ErrHangup: the other side sent BYE.
	ErrHangup = errors.New("the other side hung up")
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
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the peer answered %d %s", e.Status, e.Reason)
}
