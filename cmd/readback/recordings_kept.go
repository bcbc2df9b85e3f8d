package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"

	"readback/config"
	"readback/tickets"
	"readback/tickets/recordings"
)

// recordingsFolder is where recordings are made.
func recordingsFolder(c *config.Config) string { return filepath.Join(c.Data, "recordings") }

// recordingsOf is where recordings are kept: in the folder in which they are made, or moved from there to a bucket, or encrypted.
// What is wrong with it is a problem of the configuration. A nil log is silent.
func recordingsOf(c *config.Config, log *slog.Logger) (tickets.Recordings, error) {
	made := recordings.Directory(recordingsFolder(c))
	var kept tickets.Recordings = made
	if c.Recording.Bucket.On() {
		bucket, err := bucketOf(c)
		if err != nil {
			return nil, err
		}
		kept = bucket
	}
	if encrypt := c.Recording.Encrypt; encrypt.On() {
		sealed, err := recordings.NewSealed(kept, encrypt.Recipients, string(encrypt.Identity))
		if err != nil {
			return nil, config.Problems{c.Problem("recording.encrypt", err.Error(), "make a key by age-keygen -o FILE, and name its public key and the file")}
		}
		kept = sealed
	}
	if kept == tickets.Recordings(made) {
		return made, nil
	}
	return recordings.NewShipper(made, kept, log), nil
}

func bucketOf(c *config.Config) (*recordings.Bucket, error) {
	b := c.Recording.Bucket
	files := pemFiles{config: c}
	authorities := files.authorities("recording.bucket.ca", b.CA)
	if err := files.err(); err != nil {
		return nil, err
	}
	bucket, err := recordings.NewBucket(recordings.BucketConfig{
		URL: b.URL, Name: b.Name, Prefix: b.Prefix, Region: b.Region, AccessKey: b.AccessKey, SecretKey: b.SecretKey.Reveal(), Authorities: authorities, Plain: b.Plain,
	})
	if err != nil {
		return nil, config.Problems{c.Problem("recording.bucket", err.Error(), "mend it")}
	}
	return bucket, nil
}

// openRecordings opens where recordings are kept.
func (s *server) openRecordings() (err error) {
	if s.recordings, err = recordingsOf(s.config, s.log); err != nil {
		return err
	}
	if shipper, ok := s.recordings.(*recordings.Shipper); ok {
		s.metrics.registry.MustRegister(newRecordingMetrics(shipper))
	}
	return nil
}

// moveRecordings moves recordings to where they are kept, if that is not where they are made, until ctx ends.
func (s *server) moveRecordings(ctx context.Context) {
	if shipper, ok := s.recordings.(*recordings.Shipper); ok {
		shipper.Run(ctx)
	}
}

// hold keeps the recordings of a call where they are until release is called.
func (g *gateway) hold(call string) (release func()) {
	if shipper, ok := g.recordings.(*recordings.Shipper); ok {
		return shipper.Hold(call)
	}
	return func() {}
}

// openerOf opens recordings and tells their size, which is known when they are read: they are of a few minutes.
func openerOf(kept tickets.Recordings, log *slog.Logger) recordingOpener {
	return func(ctx context.Context, name string) (io.ReadCloser, int64, error) {
		content, err := readRecording(ctx, kept, name)
		switch {
		case errors.Is(err, tickets.ErrNotFound):
			return nil, 0, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		case errors.Is(err, tickets.ErrInvalid): // trying again cannot help
			log.Warn("a recording cannot be sent on", "error", err)
			return nil, 0, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		case err != nil:
			return nil, 0, err
		}
		return io.NopCloser(bytes.NewReader(content)), int64(len(content)), nil
	}
}

func readRecording(ctx context.Context, kept tickets.Recordings, name string) ([]byte, error) {
	from, err := kept.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(from, recordings.MaxSize))
	return content, errors.Join(err, from.Close())
}
