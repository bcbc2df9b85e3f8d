package tickets

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// A Sighting is a lock-out that was met. It names no caller and no account.
type Sighting struct {
	Kind  SightingKind
	Trunk string
}

// A SightingKind says what was met.
type SightingKind string

// The sightings.
const (
	SawWrong  SightingKind = "wrong"  // a wrong account or PIN
	SawLocked SightingKind = "locked" // an attempt on a locked account or from a blocked number
	SawSlowed SightingKind = "slowed" // an answer that was delayed for its trunk
)

// How an attempt waits for others on the same account that are being verified: 5 s in all, with pauses that grow, since
// each look takes the store's lock.
const (
	waitFirst = 40 * time.Millisecond
	waitSteps = 7
)

// settleTime bounds the note about an attempt's result, which outlives the call.
const settleTime = 2 * time.Second

// Recognize names the account of a caller whose number is vouched for, when exactly one account has it. It fails with
// ErrNotFound otherwise, and with ErrUnavailable when the store is away.
func (d *Desk) Recognize(ctx context.Context, caller Caller) (Account, error) {
	number := phoneOrNone(caller.Number)
	if !caller.Vouched || number == "" {
		return Account{}, fmt.Errorf("recognize a caller: nobody vouches for the number: %w", ErrNotFound)
	}
	found, err := d.Store.AccountsByPhone(ctx, number)
	if err != nil {
		return Account{}, err
	}
	if len(found) != 1 {
		return Account{}, fmt.Errorf("recognize a caller: the number belongs to %d accounts: %w", len(found), ErrNotFound)
	}
	return found[0], nil
}

// Identify checks account and PIN as typed. It fails with ErrDenied for an unknown account, a wrong PIN, a locked account and a
// blocked caller number alike, after the same work; the attempt is counted in the store before, also for calls in parallel.
// It fails with ErrUnavailable when the store is away.
func (d *Desk) Identify(ctx context.Context, caller Caller, account string, pin PIN) (Account, error) {
	d.init()
	if d.hasherErr != nil {
		return Account{}, d.hasherErr
	}
	known, err := d.lookUp(ctx, account)
	if err != nil {
		return Account{}, err
	}
	attempt := Attempt{
		ID: rand.Text(), At: d.now(), Account: known.ID,
		Caller: phoneOrNone(caller.Number), Trunk: clean(caller.Trunk, maxShort),
	}
	reservation, err := d.reserve(ctx, &attempt)
	if err != nil {
		return Account{}, err
	}
	right, err := d.hasher.Verify(ctx, pin, known.PINHash)
	if err != nil {
		return Account{}, err // it stays counted as wrong
	}
	result := resultOf(reservation.Verdict, right)
	d.settle(ctx, attempt.ID, result)
	if err := d.slow(ctx, attempt, reservation); err != nil {
		return Account{}, err
	}
	if result != ResultGood {
		d.observe(result, attempt.Trunk)
		return Account{}, fmt.Errorf("identify a caller: %w", ErrDenied)
	}
	return known, nil
}

func resultOf(verdict Verdict, right bool) Result {
	switch {
	case verdict != Allowed:
		return ResultLocked
	case right:
		return ResultGood
	}
	return ResultWrong
}

// lookUp asks the store also for what cannot be an account: it must take as long.
func (d *Desk) lookUp(ctx context.Context, typed string) (Account, error) {
	if checkAccountID(typed) != nil {
		typed = "unknown"
	}
	account, err := d.Store.Account(ctx, typed)
	if errors.Is(err, ErrNotFound) {
		return Account{}, nil
	}
	return account, err
}

// reserve counts the attempt. While others on the account are being verified that could lock it, it waits for them.
func (d *Desk) reserve(ctx context.Context, attempt *Attempt) (Reservation, error) {
	for step := range waitSteps {
		reservation, err := d.Store.ReserveAttempt(ctx, *attempt, d.policy.Lockout)
		if err != nil || reservation.Verdict != Wait {
			return reservation, err
		}
		if err := sleep(ctx, waitFirst<<step); err != nil {
			return Reservation{}, fmt.Errorf("wait for other attempts on the account: %w", err)
		}
		attempt.At = d.now()
	}
	return Reservation{Verdict: Locked}, nil
}

// settle notes the result also when the caller is gone. Without the note the attempt counts as wrong.
func (d *Desk) settle(ctx context.Context, id string, result Result) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := d.Store.SettleAttempt(ctx, id, result); err != nil {
		d.log().Warn("an attempt to identify stays counted as wrong", "result", result, "error", err)
	}
}

// slow delays every answer over a trunk that brings many wrong PINs, and raises one alarm an hour about it.
func (d *Desk) slow(ctx context.Context, attempt Attempt, r Reservation) error {
	rule := d.policy.Lockout.Trunk
	if r.Trunk <= rule.Limit {
		return nil
	}
	hour := attempt.At.Truncate(time.Hour)
	notice := Notice{
		ID: "alarm:trunk:" + attempt.Trunk + ":" + hour.Format(time.RFC3339), Kind: Alarm, Reason: ReasonTrunkSlowed,
		To: attempt.Trunk, Created: attempt.At, Due: attempt.At,
	}
	if err := d.Store.Enqueue(ctx, notice); err != nil {
		d.log().Warn("no alarm about a trunk with many wrong PINs", "trunk", attempt.Trunk, "error", err)
	}
	if d.Observe != nil {
		d.Observe(Sighting{Kind: SawSlowed, Trunk: attempt.Trunk})
	}
	return sleep(ctx, rule.Delay)
}

func (d *Desk) observe(result Result, trunk string) {
	if d.Observe == nil {
		return
	}
	kind := SawWrong
	if result == ResultLocked {
		kind = SawLocked
	}
	d.Observe(Sighting{Kind: kind, Trunk: trunk})
}

// sleep ends early with the cause of ctx.
func sleep(ctx context.Context, length time.Duration) error {
	if length <= 0 {
		return nil
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
