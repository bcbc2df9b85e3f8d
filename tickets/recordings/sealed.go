package recordings

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"filippo.io/age"

	"readback/tickets"
)

// Suffix ends the names under which encrypted recordings are kept, as the age tool has it.
const Suffix = ".age"

// ErrSealed: a recording is encrypted, and there is no identity to read it by. It is an ErrInvalid too.
var ErrSealed = fmt.Errorf("%w: it is encrypted, and no identity is configured to read it", tickets.ErrInvalid)

// Sealed encrypts what it keeps elsewhere, by age (age-encryption.org/v1). Recordings from before, in the clear, can still be read.
type Sealed struct {
	In         tickets.Recordings
	Recipients []age.Recipient
	Identities []age.Identity // to read; may be none
}

var _ tickets.Recordings = (*Sealed)(nil)

// NewSealed takes recipients like age1…, and the file of an identity, or none: then nothing can be read here.
func NewSealed(in tickets.Recordings, recipients []string, identityFile string) (*Sealed, error) {
	s := &Sealed{In: in}
	for _, text := range recipients {
		recipient, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("recipient %.70q: %w: %w", text, tickets.ErrInvalid, err)
		}
		s.Recipients = append(s.Recipients, recipient)
	}
	if len(recipients) == 0 {
		return nil, fmt.Errorf("encryption of recordings: %w: no recipient is given", tickets.ErrInvalid)
	}
	if identityFile == "" {
		return s, nil
	}
	file, err := os.Open(identityFile)
	if err != nil {
		return nil, fmt.Errorf("identity for recordings: %w", err)
	}
	defer func() { _ = file.Close() }()
	if s.Identities, err = age.ParseIdentities(io.LimitReader(file, 1<<20)); err != nil {
		return nil, fmt.Errorf("identity for recordings %s: %w: it is no file of age-keygen", identityFile, tickets.ErrInvalid) // the error of age could show it
	}
	return s, nil
}

// Put implements tickets.Recordings. What is encrypted already, by its name, is kept as it is.
func (s *Sealed) Put(ctx context.Context, name string, from io.ReadSeeker) error {
	if strings.HasSuffix(name, Suffix) {
		return s.In.Put(ctx, name, from)
	}
	var sealed bytes.Buffer // what is in memory is bounded by MaxSize
	to, err := age.Encrypt(&sealed, s.Recipients...)
	if err == nil {
		_, err = io.Copy(to, reader{ctx, io.LimitReader(from, MaxSize)})
	}
	if err == nil {
		err = to.Close()
	}
	if err != nil {
		return fmt.Errorf("encrypt recording %s: %w", name, err)
	}
	return s.In.Put(ctx, name+Suffix, bytes.NewReader(sealed.Bytes()))
}

// Open implements tickets.Recordings.
func (s *Sealed) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	sealed, err := s.In.Open(ctx, name+Suffix)
	if errors.Is(err, tickets.ErrNotFound) {
		return s.In.Open(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	if len(s.Identities) == 0 {
		return nil, errors.Join(fmt.Errorf("recording %s: %w", name, ErrSealed), sealed.Close())
	}
	clear, err := age.Decrypt(sealed, s.Identities...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("decrypt recording %s: %w: %w", name, tickets.ErrInvalid, err), sealed.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{clear, sealed}, nil
}

// Delete implements tickets.Recordings.
func (s *Sealed) Delete(ctx context.Context, name string) error {
	return errors.Join(s.In.Delete(ctx, name+Suffix), s.In.Delete(ctx, name))
}

// List implements tickets.Recordings.
func (s *Sealed) List(ctx context.Context, before time.Time, visit func(string, time.Time) error) error {
	return s.In.List(ctx, before, func(name string, kept time.Time) error { return visit(strings.TrimSuffix(name, Suffix), kept) })
}
