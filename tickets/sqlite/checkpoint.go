package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
)

const (
	// writesOfLog is how many transactions go into the write-ahead log before it is copied into the file: some thousand pages.
	writesOfLog = 100
	// pagesOfLog is when a commit copies the log itself, because nobody else did: 16 MB.
	pagesOfLog = 4000
)

// A copyist copies the write-ahead log into the file, so that no commit has to.
type copyist struct {
	writes atomic.Int64
	due    chan struct{}
	stop   context.CancelFunc
	group  sync.WaitGroup
}

func (c *copyist) start(reader, chores *sql.DB) {
	ctx, cancel := context.WithCancel(context.Background())
	c.due, c.stop = make(chan struct{}, 1), cancel
	c.group.Go(func() {
		for {
			select {
			case <-c.due:
				_ = copyLog(ctx, reader, chores) // what is not copied now is next time; the log says what is in it
			case <-ctx.Done():
				return
			}
		}
	})
}

// close waits for the copy that is being made.
func (c *copyist) close() {
	if c.stop != nil {
		c.stop()
		c.group.Wait()
	}
}

func (c *copyist) wrote() {
	if c.writes.Add(1)%writesOfLog != 0 {
		return
	}
	select {
	case c.due <- struct{}{}:
	default: // it is at it, or there is none
	}
}

// copyLog copies most of the log while others write, and then the little that came meanwhile while they don't: only a log that is
// copied to its end is begun anew.
func copyLog(ctx context.Context, pools ...*sql.DB) error {
	for _, pool := range pools {
		if _, err := pool.ExecContext(ctx, "pragma wal_checkpoint(passive)"); err != nil {
			return fmt.Errorf("copy the log: %w", err)
		}
	}
	return nil
}
