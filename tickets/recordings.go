package tickets

import (
	"context"
	"io"
	"time"
)

// Recordings keep what callers said, by name. All methods may be called again after they failed, and from many goroutines at once.
type Recordings interface {
	// Put keeps a recording durably and whole, in the place of one of that name. It reads from where the reader stands to its end.
	Put(ctx context.Context, name string, from io.ReadSeeker) error
	// Open fails with ErrNotFound.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// Delete deletes a recording. One that is not there is no error.
	Delete(ctx context.Context, name string) error
	// List calls visit with each recording kept before a time, in any order, until it fails.
	List(ctx context.Context, before time.Time, visit func(name string, kept time.Time) error) error
}
