package sip

import (
	"bytes"
	"context"
	"errors"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// An attempt is one INVITE of ours to one place. A proxy on the way may fork it, so that several answer.
type attempt struct {
	*dialling
	tx    *clientTx
	base  dialog // of the forks to come
	heard bool   // there was a provisional answer

	// call.mu guards these.
	forks   map[string]*fork // by To tag
	current *fork            // whose dialog is the call's; nil before the first
	won     bool             // one has answered with 2xx
	refused bool             // the INVITE has another final answer
	winner  string           // its tag
	left    bool             // another attempt is made, or was

	playing *fork // whose session the Negotiator was given last; only the dialling's goroutine looks
}

// await follows the INVITE to its final answer, or to the end of the call, or of the patience with silence.
func (a *attempt) await(silence time.Duration) (*sipgo.Response, error) {
	quiet := time.NewTimer(silence)
	defer quiet.Stop()
	for {
		select {
		case res := <-a.tx.tx.Responses():
			quiet.Stop()
			if !res.IsProvisional() {
				return res, nil
			}
			a.heard = true
			a.provisional(res)
		case <-a.tx.tx.Done():
			return nil, a.tx.failure()
		case <-quiet.C:
			return nil, ErrTimeout
		case <-a.call.ctx.Done():
			return nil, context.Cause(a.call.ctx)
		}
	}
}

// provisional takes a 1xx: its early dialog, its session, and its PRACK.
func (a *attempt) provisional(res *sipgo.Response) {
	f := a.forkOf(res)
	if f == nil {
		a.tell(res, false)
		return
	}
	seq, reliable := reliableSeq(res)
	if reliable && !f.takes(seq) {
		return // repeated, or too early (RFC 3262 section 4)
	}
	session, _ := sessionOf(res)
	var answer []byte
	switch {
	case len(session) == 0 || f.settled:
	case !a.opts.LateOffer:
		a.preview(f, session, reliable)
	case reliable:
		answer = a.answerEarly(f, session)
	}
	if reliable {
		a.call.work.Go(func() { a.prack(f, seq, res.CSeq().SeqNo, answer) })
	}
	a.tell(res, a.playing == f)
}

func (a *attempt) tell(res *sipgo.Response, sound bool) {
	if a.opts.Progress != nil {
		a.opts.Progress(Progress{res.StatusCode, plain(res.Reason), sound})
	}
}

// preview takes a session before the answer. One in a reliable response is this fork's answer; any other may
// still change, and is no more than what can be heard meanwhile (RFC 6337 section 3.1.1).
func (a *attempt) preview(f *fork, session []byte, reliable bool) {
	f.settled = reliable
	if f.err = a.agree(f, session); f.err == nil {
		a.adopt(f, reliable)
	}
}

// answerEarly answers an offer in a reliable 1xx; what the PRACK will hold. One that cannot be taken ends the call.
func (a *attempt) answerEarly(f *fork, offer []byte) []byte {
	answer, err := a.call.negotiate(a.call.prepared(), offer)
	if err != nil {
		a.call.end(err)
		return nil
	}
	f.settled, f.session, a.playing = true, offer, f
	a.adopt(f, true)
	return answer
}

// agree gives the Negotiator a fork's answer, unless it has that already.
func (a *attempt) agree(f *fork, session []byte) error {
	if a.playing == f && bytes.Equal(session, f.session) {
		return nil
	}
	err := a.call.negotiateAccept(a.call.prepared(), session)
	if err == nil {
		f.session, a.playing = session, f
	}
	return err
}

// accepted makes the call of a 2xx and acknowledges it (RFC 3261 section 13.2.2.4). It is hung up again when no
// one waits any more or the media cannot be agreed on.
func (a *attempt) accepted(res *sipgo.Response) {
	c := a.call
	f, gone := a.confirm(res)
	session, _ := sessionOf(res)
	reply, err := a.lateSession(f, session, gone)
	err = errors.Join(err, c.acknowledge(a.tx, reply))
	if !gone && err == nil {
		err = a.finalSession(f, session)
	}
	if gone {
		a.answered <- context.Cause(c.ctx)
		if a.hungUp() {
			close(c.said)
		} else {
			c.goodbye()
		}
		return
	}
	if err != nil {
		c.end(err)
	}
	a.answered <- err
}

// lateSession is what the ACK holds: the answer to the offer in the 2xx, unless a PRACK had it.
func (a *attempt) lateSession(f *fork, offer []byte, gone bool) ([]byte, error) {
	if !a.opts.LateOffer || f.settled || gone {
		return nil, nil
	}
	return a.call.lateAnswer(a.call.prepared(), offer)
}

// finalSession puts the session of the fork that answered into force. What it said reliably before counts, and
// what it said unreliably does when the 2xx says nothing.
func (a *attempt) finalSession(f *fork, session []byte) error {
	switch {
	case a.opts.LateOffer && (!f.settled || a.playing == f):
		return nil
	case a.opts.LateOffer: // another fork's offer was answered after this one's
		_, err := a.call.negotiate(a.call.prepared(), f.session)
		return err
	case f.err != nil && f.settled:
		return f.err
	case f.settled || len(session) == 0:
		session = f.session
	}
	return a.agree(f, session)
}

// note sees each answer as it comes in, before anything that the peer sent after it: its requests find their dialog.
// The first 2xx wins, however long it takes to deal with it. One that comes after a refusal, as a forking proxy may
// send it, is hung up.
func (a *attempt) note(tx *clientTx, res *sipgo.Response) {
	a.call.mu.Lock()
	switch {
	case res.IsSuccess() && !a.won && !a.refused:
		a.won, a.winner = true, tagOf(res.To().Params)
	case !res.IsSuccess() && !res.IsProvisional() && !a.won:
		a.refused = true
	}
	a.track(res)
	late := a.refused && res.IsSuccess()
	a.call.mu.Unlock()
	if late {
		a.again(tx, res)
	}
}

// again takes a 2xx after the first: the same one, whose ACK was lost, or that of another fork, which is
// acknowledged and hung up (RFC 3261 section 13.2.2.4).
func (a *attempt) again(tx *clientTx, res *sipgo.Response) {
	f := a.forkOf(res)
	switch {
	case f != nil && f.parted():
		f.repeatAck()
	case a.isWinner(tagOf(res.To().Params)):
		tx.repeatAck()
	case f != nil && f.part():
		a.call.ua.work.Go(func() { a.hangUp(tx, f) })
	}
}

func (a *attempt) isWinner(tag string) bool {
	a.call.mu.Lock()
	defer a.call.mu.Unlock()
	return a.won && a.winner == tag
}
