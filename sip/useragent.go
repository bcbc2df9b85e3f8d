package sip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"readback/sip/auth"
)

const (
	reopenPause    = 100 * time.Millisecond // doubles up to reopenPauseMax while a listener cannot be opened
	reopenPauseMax = 5 * time.Second
)

// UserAgent answers and makes calls. New makes one; it is used by many goroutines.
type UserAgent struct {
	config    Config
	handler   Handler
	settings  atomic.Pointer[Config] // as last loaded; what is fixed is in config
	reloading sync.Mutex             // guards the next three, and is taken before mu
	posts     map[any]*post
	relieved  bool
	loans     map[*registering]*loan
	door      entry
	strangers census
	told      *bucket // events about handshakes of strangers

	verifier   *auth.Verifier // of the answers to our challenges
	visitors   *visitors
	challenges *bucket // sent to unknown sources
	listeners  []*supervised

	ctx  context.Context // ends when everything must stop
	stop context.CancelFunc

	readers sync.WaitGroup // goroutines that read sockets
	duties  sync.WaitGroup // registrations and pings
	calls   sync.WaitGroup // goroutines that end with their call
	work    sync.WaitGroup // short ones: responses on their way to a transaction

	serving  atomic.Bool
	draining atomic.Pointer[time.Time] // until when; nil while calls are taken

	// mu is the last lock to be taken but an outbox's: neither a call's nor a transaction's is, with it held.
	mu            sync.Mutex
	stopped       bool
	active        int                   // calls, counted against MaxCalls
	servers       map[string]*serverTx  // by transactionKey
	completed     map[string]*completed // by transactionKey
	mostCompleted int                   // at once, since the table was made
	ended         []*completed          // those without a timer of their own, the oldest first
	sweeper       *time.Timer           // forgets them
	merges        map[string]struct{}   // by mergeKey, of servers and completed
	clients       map[string]*clientTx  // by sipgo's key
	lingering     int                   // those of them that have ended
	dialogs       map[dialogID]*Call
	all           map[*Call]struct{}
	guests        map[netip.Addr][]*trunk  // by a source that answered a challenge
	idlers        []chan struct{}          // closed when there is no call left
	parked        map[string]*parkedCancel // by transactionKey of the INVITE that did not come yet
	conns         connections

	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// New opens the listeners, so that Addrs is known and a wrong address is an error here; messages wait
// in the kernel until Serve. A nil handler refuses every call with 480.
func New(config Config, handler Handler) (*UserAgent, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if handler == nil {
		handler = HandlerFunc(func(context.Context, *Call) {})
	}
	u := &UserAgent{
		config: config, handler: handler,
		servers: map[string]*serverTx{}, completed: map[string]*completed{}, merges: map[string]struct{}{}, clients: map[string]*clientTx{},
		dialogs: map[dialogID]*Call{}, all: map[*Call]struct{}{}, parked: map[string]*parkedCancel{},
		guests: map[netip.Addr][]*trunk{}, posts: map[any]*post{}, loans: map[*registering]*loan{}, conns: newConnections(), told: newBucket(1, 10),
		dial: new(net.Dialer).DialContext,
	}
	u.ctx, u.stop = context.WithCancel(context.Background())
	u.verifier, u.visitors, u.challenges = auth.New(config.Realm), newVisitors(), newBucket(challengesInAll, challengesInAll)
	u.door.now.Store(newDoor(nil))
	u.install(&config)
	return u, u.listen()
}

// Serve handles messages until ctx ends and then drains: no new calls, Config.DrainTime for running
// ones. It returns when every call has ended and every goroutine of the user agent is done.
func (u *UserAgent) Serve(ctx context.Context) error {
	if u.ctx.Err() != nil {
		return ErrClosed
	}
	for _, l := range u.listeners {
		u.readers.Go(l.run)
	}
	u.serving.Store(true)
	u.reloading.Lock()
	u.attend(u.now())
	u.reloading.Unlock()
	select {
	case <-ctx.Done():
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.now().DrainTime)
		defer cancel()
		_ = u.Drain(drain)
		u.relieve()
	case <-u.ctx.Done():
	}
	u.Close()
	return nil
}

// Ready says whether new calls are taken: Serve runs, every listener is up, and there is no drain.
func (u *UserAgent) Ready() bool {
	if !u.serving.Load() || u.draining.Load() != nil || u.ctx.Err() != nil {
		return false
	}
	for _, l := range u.listeners {
		if !l.up.Load() {
			return false
		}
	}
	return true
}

// Addrs are the addresses of the listeners, in the order of Config.Listen.
func (u *UserAgent) Addrs() []net.Addr {
	addrs := make([]net.Addr, len(u.listeners))
	for i, l := range u.listeners {
		if l.network == "udp" {
			addrs[i] = net.UDPAddrFromAddrPort(l.local())
		} else {
			addrs[i] = net.TCPAddrFromAddrPort(l.local())
		}
	}
	return addrs
}

// Close hangs up every call, ends registrations, closes the listeners and waits for everything to end. Drain first, to
// be kind.
func (u *UserAgent) Close() {
	u.reloading.Lock()
	u.serving.Store(false) // no duty is begun any more
	u.reloading.Unlock()
	until := time.Now().Add(goodbyeTime)
	u.draining.CompareAndSwap(nil, &until)
	u.hangUpAll(ErrDrain)
	u.relieve()
	u.stop()
	u.mu.Lock()
	u.stopped = true
	u.mu.Unlock()
	u.hangUpAll(ErrDrain) // those that came in meanwhile
	u.duties.Wait()
	u.calls.Wait()
	u.terminateTransactions()
	for _, l := range u.listeners {
		l.close()
	}
	u.closeConnections()
	u.readers.Wait()
	u.work.Wait()
}

// pause waits; false when the user agent stops first.
func (u *UserAgent) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-u.ctx.Done():
		return false
	}
}

func (u *UserAgent) listen() error {
	var failures []error
	for _, spec := range u.config.Listen {
		l := u.supervise(spec)
		u.listeners = append(u.listeners, l)
		if err := l.open(); err != nil {
			failures = append(failures, err)
			continue
		}
		l.up.Store(true)
	}
	if err := errors.Join(failures...); err != nil {
		u.Close()
		return err
	}
	return nil
}
