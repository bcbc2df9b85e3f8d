package recordings

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"readback/tickets"
)

// Put implements tickets.Recordings.
func (s *Shipper) Put(ctx context.Context, name string, from io.ReadSeeker) error {
	return s.To.Put(ctx, name, from)
}

// Open implements tickets.Recordings.
func (s *Shipper) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	here, err := s.From.Open(ctx, name)
	if errors.Is(err, tickets.ErrNotFound) {
		return s.To.Open(ctx, name)
	}
	return here, err
}

// Delete implements tickets.Recordings. The first copy goes first: it can no longer be moved then.
func (s *Shipper) Delete(ctx context.Context, name string) error {
	return errors.Join(s.From.Delete(ctx, name), s.From.Delete(ctx, name+Suffix), s.To.Delete(ctx, name))
}

// List implements tickets.Recordings. What is just being moved is listed once.
func (s *Shipper) List(ctx context.Context, before time.Time, visit func(string, time.Time) error) error {
	here := map[string]bool{}
	err := s.waiting(ctx, before, func(name string, made time.Time) error {
		name = strings.TrimSuffix(name, Suffix)
		here[name] = true
		return visit(name, made)
	})
	if err != nil {
		return err
	}
	return s.To.List(ctx, before, func(name string, kept time.Time) error {
		if here[name] {
			return nil
		}
		return visit(name, kept)
	})
}
