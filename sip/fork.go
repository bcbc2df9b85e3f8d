package sip

import (
	"slices"
	"strconv"

	sipgo "github.com/emiago/sipgo/sip"
)

const (
	forksMax    = 16 // of one INVITE
	reliableMax = 64 // reliable provisional answers of one fork
	rseqMax     = 1<<32 - 1
)

// A fork is one of those who answer an INVITE of ours: an early dialog that may become the call
// (RFC 3261 section 12.1.2).
type fork struct {
	tag string

	dialog dialog // unless it is the attempt's current one, whose dialog is the call's; guarded by call.mu
	gone   bool   // it is hung up; guarded by call.mu
	ack    func() // sends the ACK of one that is hung up; guarded by call.mu
	agreed bool   // it sent a 2xx; guarded by call.mu
	call   *Call

	// Only the dialling's goroutine looks at these.
	rseq    uint32 // of the last reliable response
	taken   int
	session []byte // what it said last, and the Negotiator accepted
	settled bool   // offer and answer are through, reliably
	err     error  // the Negotiator refused its answer
}

// forkOf is the fork that a response comes from; nil for one without a dialog, and for more forks than are followed.
func (a *attempt) forkOf(res *sipgo.Response) *fork {
	if !makesDialog(res) {
		return nil
	}
	a.call.mu.Lock()
	defer a.call.mu.Unlock()
	return a.forks[tagOf(res.To().Params)]
}

// makesDialog says that a response makes a dialog, early or not (RFC 3261 section 12.1).
func makesDialog(res *sipgo.Response) bool {
	return res.IsSuccess() || res.IsProvisional() && res.StatusCode > 100 && tagOf(res.To().Params) != ""
}

// track makes the fork of a response, and follows what it says of where the peer is. The dialog of the first fork,
// and then of the one that wins, is the call's. The caller holds call.mu.
func (a *attempt) track(res *sipgo.Response) {
	if !makesDialog(res) {
		return
	}
	tag := tagOf(res.To().Params)
	f := a.forks[tag]
	if f == nil {
		if len(a.forks) >= forksMax {
			return
		}
		f = a.newFork(res)
		a.forks[tag] = f
	}
	wins := a.won && a.winner == tag
	if (a.current == nil || wins) && !a.left && !a.refused && !a.call.over {
		a.enter(f)
	}
	if !f.agreed { // a repeated 2xx says nothing new
		a.refresh(f, res)
	}
	f.agreed = f.agreed || res.IsSuccess()
}

func (a *attempt) newFork(res *sipgo.Response) *fork {
	to := res.To()
	f := &fork{tag: tagOf(to.Params), call: a.call, dialog: a.base}
	f.dialog.remote = party{to.DisplayName, *to.Address.Clone(), to.Params.Clone()}
	return f
}

// refresh follows the Contact, and the Record-Route, which the 2xx may set anew. The caller holds call.mu.
func (a *attempt) refresh(f *fork, res *sipgo.Response) {
	d := a.where(f)
	if contact := res.Contact(); contact != nil && leadsSomewhere(contact.Address) {
		d.target = *contact.Address.Clone()
	}
	if routes := recordedRoutes(res); res.IsSuccess() || len(routes) > 0 {
		slices.Reverse(routes)
		d.routes = routes
	}
	if methods := values(res, "Allow"); len(methods) > 0 && a.current == f {
		a.call.updates = slices.Contains(methods, string(sipgo.UPDATE))
	}
}

// where is a fork's dialog. The caller holds call.mu.
func (a *attempt) where(f *fork) *dialog {
	if a.current == f {
		return &a.call.dialog
	}
	return &f.dialog
}

// enter makes a fork's dialog the call's. The caller holds call.mu.
func (a *attempt) enter(f *fork) {
	if a.current == f {
		return
	}
	if a.current != nil {
		a.current.dialog = a.call.dialog
	}
	a.call.setDialog(f.dialog)
	a.current = f
}

// setDialog makes another dialog the one of a call of ours. The caller holds mu.
func (c *Call) setDialog(d dialog) {
	c.ua.mu.Lock()
	defer c.ua.mu.Unlock()
	if id := c.dialog.id(); c.ua.dialogs[id] == c {
		delete(c.ua.dialogs, id)
	}
	c.dialog = d
	if id := d.id(); id.remote != "" {
		c.ua.dialogs[id] = c
	}
}

// adopt makes a fork whose session is in force the one whose requests we hear.
func (a *attempt) adopt(f *fork, settled bool) {
	a.call.mu.Lock()
	defer a.call.mu.Unlock()
	if !a.call.over {
		a.enter(f)
		a.call.early.settled = settled
	}
}

// confirm makes the dialog of the first 2xx the call's (RFC 3261 section 12.1.2). It reports whether the call was
// given up meanwhile.
func (a *attempt) confirm(res *sipgo.Response) (f *fork, gone bool) {
	f = a.forkOf(res)
	c := a.call
	c.mu.Lock()
	defer c.mu.Unlock()
	if f == nil { // more forks than are followed, and yet it won
		f = a.newFork(res)
		a.refresh(f, res)
	}
	a.enter(f)
	if gone = c.over; !gone {
		c.up()
		c.setTimer(timerOf(res))
	}
	return f, gone
}

// dialogOf is a copy of a fork's dialog.
func (a *attempt) dialogOf(f *fork) *dialog {
	a.call.mu.Lock()
	defer a.call.mu.Unlock()
	d := *a.where(f)
	return &d
}

// next is a fork's dialog for its next request.
func (a *attempt) next(f *fork) dialog {
	a.call.mu.Lock()
	defer a.call.mu.Unlock()
	d := a.where(f)
	d.localSeq++
	return *d
}

// part says that a fork is to be hung up; false when it is already.
func (f *fork) part() bool {
	f.call.mu.Lock()
	defer f.call.mu.Unlock()
	first := !f.gone
	f.gone = true
	return first
}

func (f *fork) parted() bool {
	f.call.mu.Lock()
	defer f.call.mu.Unlock()
	return f.gone
}

// sendAck sends the ACK of a fork that is hung up, and keeps it for when the 2xx is repeated.
func (f *fork) sendAck(ack func()) {
	f.call.mu.Lock()
	f.ack = ack
	f.call.mu.Unlock()
	ack()
}

func (f *fork) repeatAck() {
	f.call.mu.Lock()
	ack := f.ack
	f.call.mu.Unlock()
	if ack != nil {
		ack()
	}
}

// takes reports whether a reliable response is the next one of its fork (RFC 3262 section 4).
func (f *fork) takes(seq uint32) bool {
	if f.taken > 0 && (f.rseq == rseqMax || seq != f.rseq+1) || f.taken >= reliableMax {
		return false
	}
	f.rseq = seq
	f.taken++
	return true
}

// reliableSeq is the RSeq of a provisional response that wants a PRACK.
func reliableSeq(res *sipgo.Response) (uint32, bool) {
	h := res.GetHeader("RSeq")
	if h == nil || !hasOption(res, option100rel, "Require") {
		return 0, false
	}
	n, err := strconv.ParseUint(h.Value(), 10, 32)
	return uint32(n), err == nil && n > 0
}

// prack acknowledges a reliable response in its early dialog.
func (a *attempt) prack(f *fork, rseq, invite uint32, answer []byte) {
	c := a.call
	_, _ = c.ask(c.ua.ctx, func() (*sipgo.Request, *flow, error) {
		d := a.next(f)
		req, way, err := c.requestOf(&d, sipgo.PRACK, d.localSeq)
		if err != nil {
			return nil, nil, err
		}
		req.AppendHeader(header("RAck", strconv.FormatUint(uint64(rseq), 10)+" "+strconv.FormatUint(uint64(invite), 10)+" INVITE"))
		if len(answer) > 0 {
			req.AppendHeader(header("Content-Type", sdpType))
			req.SetBody(answer)
		}
		return req, way, nil
	})
}
