package tickets

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A Signer makes the daily lists of heads.
type Signer struct {
	Store  Store
	Key    ed25519.PrivateKey
	Node   string
	Folder string           // where the lists are kept as files too
	Now    func() time.Time // nil: time.Now
}

// Settling is how long after midnight a day's list is made: by then every commit of the day is known, and clocks may differ so much.
const Settling = 10 * time.Minute

// Sign makes the list of each day that is over and has none, and writes the lists that are not in Folder yet. Several nodes may do
// so at once: the first list of a day counts. It returns how many days it made lists for.
func (s *Signer) Sign(ctx context.Context) (made int, err error) {
	days, err := s.Store.HeadListDays(ctx)
	if err != nil {
		return 0, err
	}
	day, err := s.next(ctx, days)
	if err != nil {
		return 0, err
	}
	now := s.now()
	for ; !day.IsZero() && !day.AddDate(0, 0, 1).Add(Settling).After(now); day = day.AddDate(0, 0, 1) {
		if err := s.make(ctx, day, days); err != nil {
			return made, fmt.Errorf("list the tickets of %s: %w", day.Format(time.DateOnly), err)
		}
		days = append(days, day.Format(time.DateOnly))
		made++
	}
	return made, s.write(ctx, days)
}

// next is the first day without a list; zero when nothing ever happened.
func (s *Signer) next(ctx context.Context, days []string) (time.Time, error) {
	if len(days) > 0 {
		last, err := time.Parse(time.DateOnly, days[len(days)-1])
		return last.AddDate(0, 0, 1), err
	}
	first, err := s.Store.FirstKept(ctx)
	if err != nil || first.IsZero() {
		return time.Time{}, err
	}
	return first.UTC().Truncate(24 * time.Hour), nil
}

func (s *Signer) make(ctx context.Context, day time.Time, before []string) error {
	lease, err := s.Store.LeaseSerials(ctx, s.Node, 0, s.now())
	if err != nil {
		return err
	}
	list := HeadList{Day: day.Format(time.DateOnly), Node: s.Node, Store: lease.Store, Heads: []Head{}}
	if len(before) > 0 {
		previous, err := headListOf(ctx, s.Store, before[len(before)-1])
		if err != nil {
			return err
		}
		digest := previous.Digest()
		list.Previous = &digest
	}
	for after := Number(""); ; {
		page, err := s.Store.Heads(ctx, day, day.AddDate(0, 0, 1), after, MaxPage)
		if err != nil {
			return err
		}
		list.Heads = append(list.Heads, page...)
		if len(page) < MaxPage {
			break
		}
		after = page[len(page)-1].Ticket
	}
	list.Sign(s.Key)
	return s.Store.PutHeadList(ctx, list.Day, list.Bytes())
}

// write copies lists that are not in the folder yet: also those of other nodes.
func (s *Signer) write(ctx context.Context, days []string) error {
	if s.Folder == "" {
		return nil
	}
	if err := os.MkdirAll(s.Folder, 0o700); err != nil {
		return err
	}
	path := func(day string) string { return filepath.Join(s.Folder, day+".json") }
	missing := len(days)
	for missing > 0 && !exists(path(days[missing-1])) {
		missing--
	}
	for _, day := range days[missing:] { // the oldest first, so that none before one that is there is missing
		data, err := s.Store.HeadList(ctx, day)
		if err != nil {
			return err
		}
		if err := replaceFile(path(day), data); err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (s *Signer) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// LoadSigningKey reads the key of a node from its file (PKCS #8 in PEM), and makes the file (mode 0600) when there is none.
func LoadSigningKey(path string) (ed25519.PrivateKey, error) {
	key, err := readSigningKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	_, fresh, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(fresh)
	if err != nil {
		return nil, err
	}
	if err := writeNew(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the signing key: %w", err)
	}
	return readSigningKey(path) // another process may have been first
}

func readSigningKey(path string) (ed25519.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	if block, _ := pem.Decode(data); block != nil {
		if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if key, ok := key.(ed25519.PrivateKey); ok {
				return key, nil
			}
		}
	}
	return nil, fmt.Errorf("signing key %s: %w: it is no Ed25519 key in PEM; restore the file, or remove it and tell auditors the new public key", path, ErrInvalid)
}
