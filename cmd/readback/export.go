package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"readback/config"
	"readback/tickets"
)

func signingKey(c *config.Config) (ed25519.PrivateKey, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return tickets.LoadSigningKey(filepath.Join(c.Data, "signing-key.pem"))
}

func headsFolder(c *config.Config) string { return filepath.Join(c.Data, "heads") }

// signerOf makes the daily lists of heads.
func signerOf(c *config.Config, s tickets.Store) (*tickets.Signer, error) {
	key, err := signingKey(c)
	return &tickets.Signer{Store: s, Key: key, Node: c.Node, Folder: headsFolder(c)}, err
}

type ticketsExportCommand struct {
	configFlag
	Since  string   `help:"From this day on (UTC), like 2026-11-01." placeholder:"DAY"`
	Until  string   `help:"Up to this day, with it." placeholder:"DAY"`
	Out    string   `short:"o" help:"Write to this file; standard output without." placeholder:"FILE" type:"path"`
	Verify bool     `help:"Write nothing: hold the store, or an exported file, against its proof. Exit status 1 when anything was changed, taken out or put in."`
	Key    []string `help:"Public key of a node whose signatures are trusted, as readback tickets key prints it; that of this data directory is." placeholder:"KEY"`
	JSON   bool     `help:"Print JSON."`
	File   string   `arg:"" optional:"" help:"With --verify: the exported file." type:"existingfile"`
}

func (e *ticketsExportCommand) Run(ctx context.Context, console *console) error {
	if e.File != "" && !e.Verify {
		return fmt.Errorf("%w: to write to a file, say -o %s; to verify it, --verify %s", errUsage, e.File, e.File)
	}
	since, err := dayOf(e.Since)
	if err != nil {
		return err
	}
	until, err := dayOf(e.Until)
	if err != nil {
		return err
	}
	if !until.IsZero() {
		until = until.AddDate(0, 0, 1)
	}
	switch {
	case e.Verify && e.File != "":
		return e.verifyFile(console)
	case e.Verify:
		return e.withStore(ctx, func(c *config.Config, s store) error { return e.verifyStore(ctx, console, c, s) })
	}
	return e.withStore(ctx, func(c *config.Config, s store) error {
		key, err := signingKey(c)
		if err != nil {
			return err
		}
		export := tickets.Export{Store: s, Key: key, Node: c.Node, Since: since, Until: until, Now: time.Now()}
		return e.write(console, func(w io.Writer) error { return export.Write(ctx, w, progress(console, "exporting")) })
	})
}

func dayOf(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, fmt.Errorf("%w: %q is no day; write it like 2026-11-25", errUsage, text)
	}
	return day, nil
}

// write writes to the file or to standard output; a file appears whole or not at all.
func (e *ticketsExportCommand) write(console *console, what func(io.Writer) error) error {
	if e.Out == "" {
		return what(console.out)
	}
	return writeWhole(e.Out, what)
}

// writeWhole makes a file that appears whole or not at all, readable by its owner only.
func writeWhole(path string, what func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = what(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// trusted are the keys that were given, and our own when there is one.
func (e *ticketsExportCommand) trusted(c *config.Config) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for _, text := range e.Key {
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%w: %.60q is no public key; use what readback tickets key prints", errUsage, text)
		}
		keys = append(keys, key)
	}
	if c == nil {
		return keys, nil
	}
	if _, err := os.Stat(filepath.Join(c.Data, "signing-key.pem")); errors.Is(err, fs.ErrNotExist) {
		return keys, nil
	}
	own, err := signingKey(c)
	if err != nil {
		return nil, err
	}
	return append(keys, own.Public().(ed25519.PublicKey)), nil
}

func (e *ticketsExportCommand) verifyFile(console *console) error {
	c, err := e.load()
	if err != nil {
		return err
	}
	keys, err := e.trusted(c)
	if err != nil {
		return err
	}
	file, err := os.Open(e.File)
	if err != nil {
		return err
	}
	defer file.Close()
	audit := &tickets.Audit{Keys: keys}
	if err := tickets.ReadExport(file, audit); err != nil {
		return err
	}
	return e.verdict(console, audit)
}

func (e *ticketsExportCommand) verifyStore(ctx context.Context, console *console, c *config.Config, s store) error {
	keys, err := e.trusted(c)
	if err != nil {
		return err
	}
	audit := &tickets.Audit{Keys: keys, Until: lastListed(time.Now())}
	if err := tickets.AuditStore(ctx, s, audit, progress(console, "verifying")); err != nil {
		return err
	}
	faults, err := compareLists(ctx, headsFolder(c), s)
	audit.Faults = append(audit.Faults, faults...)
	return errors.Join(err, e.verdict(console, audit))
}

// lastListed is the last day whose list a running gateway has made: it looks once an hour.
func lastListed(now time.Time) string {
	return now.UTC().Add(-tidyPeriod-tickets.Settling).AddDate(0, 0, -1).Format(time.DateOnly)
}

// compareLists holds the lists of the store against their files.
func compareLists(ctx context.Context, folder string, s store) ([]tickets.Fault, error) {
	files, err := filepath.Glob(filepath.Join(folder, "????-??-??.json"))
	if err != nil {
		return nil, err
	}
	var faults []tickets.Fault
	for _, path := range files {
		day := filepath.Base(path)[:len(time.DateOnly)]
		written, err := os.ReadFile(path)
		if err != nil {
			return faults, err
		}
		switch kept, err := s.HeadList(ctx, day); {
		case errors.Is(err, tickets.ErrNotFound):
			faults = append(faults, tickets.Fault{Day: day, What: "it is missing; there is a copy in " + path})
		case err != nil:
			return faults, err
		case !bytes.Equal(written, kept):
			faults = append(faults, tickets.Fault{Day: day, What: "it is not the same as its copy in " + path})
		}
	}
	return faults, nil
}

func (e *ticketsExportCommand) verdict(console *console, audit *tickets.Audit) error {
	if e.JSON {
		faults := append([]tickets.Fault{}, audit.Faults...)
		err := printJSON(console.out, map[string]any{
			"tickets": audit.Tickets, "events": audit.Events, "lists": audit.Lists, "erased": audit.Erased, "faults": faults,
		})
		if err != nil {
			return err
		}
	} else {
		for _, fault := range audit.Faults {
			fmt.Fprintln(console.out, shown(fault.String()))
		}
		outcome := "all is as it was proved to be"
		if len(audit.Faults) > 0 {
			outcome = fmt.Sprintf("%d faults", len(audit.Faults))
		}
		fmt.Fprintf(console.out, "%d tickets with %d events (%d texts erased), %d signed lists: %s\n", audit.Tickets, audit.Events, audit.Erased, audit.Lists, outcome)
	}
	if len(audit.Faults) > 0 {
		return errReported
	}
	return nil
}

type ticketsKeyCommand struct{ configFlag }

// Run prints the public key by which others verify what this node signs.
func (k *ticketsKeyCommand) Run(console *console) error {
	c, err := k.load()
	if err != nil {
		return err
	}
	key, err := signingKey(c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(console.out, base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)))
	return err
}
