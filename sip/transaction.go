package sip

import (
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// quiet keeps sipgo's own log lines, which may hold headers of callers, out of every log.
var quiet = slog.New(slog.DiscardHandler)

// A serverTx is a request of a peer that has no final answer yet. See completed for what comes after.
type serverTx struct {
	ua     *UserAgent
	key    string
	merge  string // of the first of its kind in UserAgent.merges, else empty
	req    *sipgo.Request
	flow   *flow
	trunk  *trunk
	born   time.Time
	tag    string // To tag of our answers; a dialog's own tag within one
	merged bool   // another transaction has the same request (RFC 3261 section 8.2.2.2)

	mu        sync.Mutex
	status    int             // the last one sent
	last      *sipgo.Response // a provisional one, for repetitions of the request
	patience  *time.Timer
	call      *Call // of an INVITE
	cancelled bool
}

// transactionKey names a server transaction (RFC 3261 section 17.2.3). The trunk is part of it, so that
// none can reach into another's.
func transactionKey(req *sipgo.Request, method sipgo.RequestMethod, t *trunk) string {
	via := req.Via()
	var b strings.Builder
	b.WriteString(t.Name)
	if hasCookie(req) {
		branch, _ := paramOf(via.Params, "branch")
		b.WriteString("|" + branch + "|" + strings.ToLower(via.Host) + ":" + strconv.Itoa(via.Port))
	} else { // RFC 2543
		b.WriteString("|" + tagOf(req.From().Params) + "|" + callIDOf(req) + "|" + strconv.Itoa(int(req.CSeq().SeqNo)) + "|" + via.Host + ":" + strconv.Itoa(via.Port))
	}
	b.WriteString("|" + string(method))
	return b.String()
}

// hasCookie says that the branch of a request identifies its transaction, which it does not in RFC 2543.
func hasCookie(req *sipgo.Request) bool {
	branch, _ := paramOf(req.Via().Params, "branch")
	return len(branch) > len(sipgo.RFC3261BranchMagicCookie) && strings.HasPrefix(branch, sipgo.RFC3261BranchMagicCookie)
}

// mergeKey is equal for the copies of one request that a forking proxy sent by several ways.
func mergeKey(req *sipgo.Request) string {
	if tagOf(req.To().Params) != "" {
		return ""
	}
	return tagOf(req.From().Params) + "|" + callIDOf(req) + "|" + strconv.Itoa(int(req.CSeq().SeqNo)) + string(req.Method)
}

func (u *UserAgent) serverTx(key string) *serverTx {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.servers[key]
}

// newServerTx starts the transaction of a new request. It is in the table until its final answer.
func (u *UserAgent) newServerTx(key string, req *sipgo.Request, f *flow) (*serverTx, error) {
	t := &serverTx{ua: u, key: key, req: req, flow: f, trunk: f.trunk, tag: newTag(), born: time.Now()}
	merge := mergeKey(req)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped {
		return nil, ErrClosed
	}
	u.servers[key] = t
	if _, t.merged = u.merges[merge]; merge != "" && !t.merged {
		t.merge = merge
		u.merges[merge] = struct{}{}
	}
	return t, nil
}

// terminateTransactions ends what is left of all transactions: timers, and who waits for a response.
func (u *UserAgent) terminateTransactions() {
	u.mu.Lock()
	servers, clients := slices.Collect(maps.Values(u.servers)), slices.Collect(maps.Values(u.clients))
	ended := slices.Collect(maps.Values(u.completed))
	clear(u.servers)
	clear(u.completed)
	clear(u.merges)
	clear(u.clients) // also those that have ended
	if u.ended = nil; u.sweeper != nil {
		u.sweeper.Stop()
	}
	for key, p := range u.parked {
		p.timer.Stop()
		delete(u.parked, key)
	}
	u.mu.Unlock()
	for _, t := range servers {
		t.stop()
	}
	for _, c := range ended {
		c.stop()
	}
	for _, t := range clients {
		t.tx.Terminate()
	}
}

// respond sends an answer; at most one final one. It reports whether it was sent. Who asked for something other
// than a call has given up after 64*T1 and must not be answered any more (RFC 4320 section 4.2).
func (t *serverTx) respond(res *sipgo.Response) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status >= 200 {
		return false
	}
	t.trunk.Quirks.drop(res)
	t.status = res.StatusCode
	if res.IsProvisional() {
		t.last = res
		_ = t.flow.WriteMsg(res)
		return true
	}
	t.last = nil
	if t.patience != nil {
		t.patience.Stop()
	}
	if t.req.Method != sipgo.INVITE && time.Since(t.born) >= 64*sipgo.T1 {
		t.leave(nil)
		return false
	}
	t.complete(res)
	return true
}

// repeat answers a repetition of the request with what was said last (RFC 3261 section 17.2).
func (t *serverTx) repeat() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last != nil {
		_ = t.flow.WriteMsg(t.last)
	}
}

// stop keeps it from saying anything more by itself.
func (t *serverTx) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.patience != nil {
		t.patience.Stop()
	}
}

// reply answers with a status and headers, without a body.
func (t *serverTx) reply(status int, headers ...sipgo.Header) bool {
	return t.respond(t.response(status, headers...))
}

// outlast sends 100 when the answer takes time: to a re-INVITE as to any INVITE, to other requests when they are
// repeated no faster than every T2 (RFC 4320 section 4.1).
func (t *serverTx) outlast() {
	wait := tryingAfter
	if t.req.Method != sipgo.INVITE {
		wait = tryingOther
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status < 200 {
		t.patience = time.AfterFunc(wait, t.trying)
	}
}

// trying stops the peer's retransmissions when there is no answer yet.
func (t *serverTx) trying() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status == 0 {
		t.status, t.last = 100, t.response(100)
		_ = t.flow.WriteMsg(t.last)
	}
}

// refuse answers with the status of a verdict, and tells who observes.
func (t *serverTx) refuse(v *verdict) {
	res := t.ua.responseWith(t.req, t.tag, v.status, v.reason(), v.headers...)
	if v.status == 580 {
		offer, _ := sessionOf(t.req)
		withBody(res, failedPreconditions(offer))
	}
	if t.respond(res) {
		t.ua.observeRefusal(t.req, t.flow, v)
	}
}

// response makes an answer to the request with our tag.
func (t *serverTx) response(status int, headers ...sipgo.Header) *sipgo.Response {
	return t.ua.response(t.req, t.tag, status, headers...)
}

func (t *serverTx) final() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status < 200 {
		return 0
	}
	return t.status
}

func newTag() string { return sipgo.GenerateTagN(16) }
