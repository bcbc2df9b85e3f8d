package sip

import (
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// quiet keeps sipgo's own log lines, which may hold headers of callers, out of every log.
var quiet = slog.New(slog.DiscardHandler)

// A serverTx is a request of a peer and our answers to it, on a state machine of sipgo.
type serverTx struct {
	ua     *UserAgent
	tx     *sipgo.ServerTx
	req    *sipgo.Request
	flow   *flow
	trunk  *trunk
	born   time.Time
	tag    string // To tag of our answers; a dialog's own tag within one
	merged bool   // another transaction has the same request (RFC 3261 section 8.2.2.2)

	mu        sync.Mutex
	status    int // the last one sent
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

// newServerTx starts the transaction of a new request. It is in the table until its timers have run.
func (u *UserAgent) newServerTx(key string, req *sipgo.Request, f *flow) (*serverTx, error) {
	t := &serverTx{ua: u, req: req, flow: f, trunk: f.trunk, tag: newTag(), born: time.Now()}
	t.tx = sipgo.NewServerTx(key, req, f, quiet)
	if err := t.tx.Init(); err != nil {
		return nil, err
	}
	// Init has started sipgo's timer for 100 Trying, which may overwrite a final answer that is sent at
	// the same moment. This, a retransmission before any answer, does nothing but stop it; see trying.
	_ = t.tx.Receive(req)
	merge := mergeKey(req)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped {
		return nil, ErrClosed
	}
	u.servers[key] = t
	if other := u.merges[merge]; merge != "" && other != nil {
		t.merged = true
	} else if merge != "" {
		u.merges[merge] = t
	}
	t.tx.OnTerminate(func(string, error) { u.forgetServer(key, merge, t) })
	return t, nil
}

func (u *UserAgent) forgetServer(key, merge string, t *serverTx) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.servers[key] == t {
		delete(u.servers, key)
	}
	if u.merges[merge] == t {
		delete(u.merges, merge)
	}
}

// terminateTransactions ends what is left of all transactions: timers, and who waits for a response.
func (u *UserAgent) terminateTransactions() {
	u.mu.Lock()
	servers := make([]*serverTx, 0, len(u.servers))
	for _, t := range u.servers {
		servers = append(servers, t)
	}
	clients := make([]*clientTx, 0, len(u.clients))
	for _, t := range u.clients {
		clients = append(clients, t)
	}
	for key, p := range u.parked {
		p.timer.Stop()
		delete(u.parked, key)
	}
	u.mu.Unlock()
	for _, t := range servers {
		t.tx.Terminate()
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
	if res.StatusCode >= 200 && t.patience != nil {
		t.patience.Stop()
	}
	t.trunk.Quirks.drop(res)
	t.status = res.StatusCode
	if t.req.Method != sipgo.INVITE && time.Since(t.born) >= 64*sipgo.T1 {
		t.tx.Terminate()
		return false
	}
	_ = t.tx.Respond(res) // an answer that cannot be sent is retransmitted, or the request is
	return true
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

// letGo forgets the call, which has ended: the transaction stays for 64*T1 more, to answer repetitions, and would keep
// all that the call holds.
func (t *serverTx) letGo() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.call = nil
}

// trying stops the peer's retransmissions when there is no answer yet.
func (t *serverTx) trying() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status == 0 {
		t.status = 100
		_ = t.tx.Respond(t.response(100))
	}
}

// refuse answers with the status of a verdict, and tells who observes.
func (t *serverTx) refuse(v *verdict) {
	if t.respond(t.ua.responseWith(t.req, t.tag, v.status, v.reason(), v.headers...)) {
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
