package tickets

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	leaseSize = 1000 // serials in a block, unless it is said otherwise; with half of one left the next is leased
	// takeSize is how many serials are written off as used at once. A crash loses at most so many of them.
	takeSize     = 50
	refillTime   = 5 * time.Second
	refillPause  = time.Second // after a failure
	maxLeases    = 4
	maxStockFile = 64 << 10
)

// A Shelf keeps a node's leased serials over restarts. Save returns when they are durable.
type Shelf interface {
	// Load returns an empty stock when nothing was saved.
	Load() (Stock, error)
	Save(stock Stock) error
}

// A Stock is the leased serials a node has not used.
type Stock struct {
	Store string `json:"store"` // identity of the store they are from
	Spans []Span `json:"spans"`
}

// A Span is the serials from Next up to End, without End.
type Span struct {
	Next int64 `json:"next"`
	End  int64 `json:"end"`
}

func (s Stock) left() int64 {
	var left int64
	for _, span := range s.Spans {
		left += span.End - span.Next
	}
	return left
}

// Numbers gives out ticket numbers, each once, from blocks that it leases from the store and keeps on the shelf before use.
// The next block is leased in the background when half of one is left, so numbers can be given out while the store is away. Close it.
type Numbers struct {
	node    string
	block   int64 // serials leased at once
	serials Serials
	shelf   Shelf

	mu       sync.Mutex
	loaded   bool
	stock    Stock // as on the shelf: without what may be given out now
	ready    Span  // may be given out now
	refilled time.Time
	filling  bool
	refills  sync.WaitGroup
	ctx      context.Context // ends with Close
	stop     context.CancelFunc
	leasing  chan struct{} // held by the one who leases
}

// NewNumbers gives out the numbers of a node. With a nil shelf what is left of a lease is lost at a restart.
func NewNumbers(node string, serials Serials, shelf Shelf) *Numbers {
	ctx, stop := context.WithCancel(context.Background())
	return &Numbers{node: node, block: leaseSize, serials: serials, shelf: shelf, ctx: ctx, stop: stop, leasing: make(chan struct{}, 1)}
}

// LeaseAtOnce has blocks be of so many serials: half of them at least are there when the store goes away. It is said before
// numbers are given out; 0 changes nothing.
func (n *Numbers) LeaseAtOnce(serials int) {
	if serials > 0 {
		n.block = int64(serials)
	}
}

// Prepare fills the stock, so that the first call does not wait for it, and puts aside a shelf that belongs to another store. It
// succeeds when there are numbers to give out, also when the store is away.
func (n *Numbers) Prepare(ctx context.Context) error {
	if err := n.load(ctx); err != nil {
		return err
	}
	if n.Left() > n.block/2 {
		return nil
	}
	if err := n.lease(ctx, n.block/2); err != nil && n.Left() == 0 {
		return err
	}
	return nil
}

// Left is how many numbers can be given out without the store.
func (n *Numbers) Left() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.left()
}

func (n *Numbers) left() int64 { return n.stock.left() + n.ready.End - n.ready.Next }

// Next gives out a number. It fails with ErrNoNumbers when none is left and the store gives no more.
func (n *Numbers) Next(ctx context.Context) (Number, error) {
	if err := n.load(ctx); err != nil {
		return "", err
	}
	for {
		serial, ok, err := n.take()
		if ok {
			n.refillSoon()
			return NumberOf(serial)
		}
		if err == nil {
			err = n.lease(ctx, 0)
		}
		if err != nil {
			err = n.borrow(ctx, err)
		}
		if err != nil {
			return "", err
		}
	}
}

// Close waits for a lease under way and puts back on the shelf what is left.
func (n *Numbers) Close() error {
	n.mu.Lock()
	n.stop() // under the lock, so that no refill begins after it
	n.mu.Unlock()
	n.refills.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.shelf == nil || n.ready.Next == n.ready.End {
		return nil
	}
	stock := Stock{Store: n.stock.Store, Spans: append([]Span{n.ready}, n.stock.Spans...)}
	if err := n.shelf.Save(stock); err != nil {
		return fmt.Errorf("keep %d leased ticket numbers: %w", stock.left(), err)
	}
	n.stock, n.ready = stock, Span{}
	return nil
}

// load reads the shelf once.
func (n *Numbers) load(ctx context.Context) error {
	n.mu.Lock()
	loaded := n.loaded
	n.mu.Unlock()
	if loaded {
		return nil
	}
	if err := n.enter(ctx); err != nil {
		return err
	}
	defer n.leave()
	// Asking for no serials tells which store this is. While it is away the shelf is believed.
	here, awayErr := n.serials.LeaseSerials(ctx, n.node, 0, time.Now())
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.loaded || n.shelf == nil {
		n.loaded = true
		return nil
	}
	stock, err := n.shelf.Load()
	if err != nil {
		return err
	}
	if awayErr == nil && stock.Store != here.Store {
		stock = Stock{Store: here.Store}
	}
	n.stock, n.loaded = stock, true
	return nil
}

// take gives out the next serial. Some are written off on the shelf first, so that none is given out twice after a crash.
func (n *Numbers) take() (serial int64, ok bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ready.Next == n.ready.End {
		if err := n.advance(); err != nil {
			return 0, false, err
		}
	}
	if n.ready.Next == n.ready.End {
		return 0, false, nil
	}
	serial = n.ready.Next
	n.ready.Next++
	return serial, true, nil
}

func (n *Numbers) advance() error {
	if len(n.stock.Spans) == 0 {
		return nil
	}
	first := n.stock.Spans[0]
	ready := Span{Next: first.Next, End: min(first.Next+takeSize, first.End)}
	rest := Stock{Store: n.stock.Store}
	if ready.End < first.End {
		rest.Spans = append(rest.Spans, Span{Next: ready.End, End: first.End})
	}
	rest.Spans = append(rest.Spans, n.stock.Spans[1:]...)
	if err := n.save(rest); err != nil {
		return err
	}
	n.stock, n.ready = rest, ready
	return nil
}

func (n *Numbers) save(stock Stock) error {
	if n.shelf == nil {
		return nil
	}
	if err := n.shelf.Save(stock); err != nil {
		return errors.Join(ErrNoNumbers, fmt.Errorf("%w: %w", errShelf, err))
	}
	return nil
}
