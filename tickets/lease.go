package tickets

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// lease adds a block unless there are more than enough already, when somebody else just did.
func (n *Numbers) lease(ctx context.Context, enough int64) error {
	if err := n.enter(ctx); err != nil {
		return err
	}
	defer n.leave()
	if n.Left() > enough {
		return nil
	}
	block, err := n.serials.LeaseSerials(ctx, n.node, n.block, time.Now())
	if err != nil {
		return errors.Join(ErrNoNumbers, fmt.Errorf("lease ticket numbers: %w", err))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.add(block)
}

// borrow leases a few serials past the shelf, which cannot be written now: they are lost at a restart, and given out to nobody
// else. Should the store have none either, why is the failure.
func (n *Numbers) borrow(ctx context.Context, why error) error {
	if n.shelf == nil || !errors.Is(why, errShelf) {
		return why
	}
	if err := n.enter(ctx); err != nil {
		return errors.Join(why, err)
	}
	defer n.leave()
	block, err := n.serials.LeaseSerials(ctx, n.node, takeSize, time.Now())
	if err != nil {
		return errors.Join(why, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stock.Store != block.Store { // what is left of the stock would be another store's
		return why
	}
	if n.ready.Next == n.ready.End {
		n.ready = Span{Next: block.First, End: block.First + block.Count}
	}
	return nil
}

// errShelf: leased serials could not be kept.
var errShelf = errors.New("keep leased ticket numbers before their use")

// add keeps a block. Blocks of another store than this one's are dropped: it has numbers of its own.
func (n *Numbers) add(block Lease) error {
	stock := Stock{Store: block.Store, Spans: []Span{{Next: block.First, End: block.First + block.Count}}}
	same := n.stock.Store == block.Store || n.stock.Store == ""
	if same {
		stock.Spans = append(append([]Span{}, n.stock.Spans...), stock.Spans...)
	}
	if err := n.save(stock); err != nil {
		return err
	}
	if !same {
		n.ready = Span{}
	}
	n.stock = stock
	return nil
}

// discard puts aside all that is leased, because it turned out to belong to another store.
func (n *Numbers) discard() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	empty := Stock{Store: n.stock.Store}
	if err := n.save(empty); err != nil {
		return err
	}
	n.stock, n.ready = empty, Span{}
	return nil
}

// refillSoon leases the next block in the background when half of one is left.
func (n *Numbers) refillSoon() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.filling || n.ctx.Err() != nil || n.left() > n.block/2 || time.Since(n.refilled) < refillPause {
		return
	}
	n.filling = true
	n.refills.Go(func() {
		ctx, cancel := context.WithTimeout(n.ctx, refillTime)
		defer cancel()
		err := n.lease(ctx, n.block/2)
		n.mu.Lock()
		defer n.mu.Unlock()
		n.filling = false
		if err != nil {
			n.refilled = time.Now()
		}
	})
}

// enter waits until nobody else leases.
func (n *Numbers) enter(ctx context.Context) error {
	select {
	case n.leasing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errors.Join(ErrNoNumbers, context.Cause(ctx))
	}
}

func (n *Numbers) leave() { <-n.leasing }
