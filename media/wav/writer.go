package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// headerSize is the RIFF header, a 16-byte fmt chunk and the header of the data chunk.
	headerSize = 44
	// bufferSize is how much is written at once: 128 ms at 16 kHz.
	bufferSize = 4096
)

// Writer writes mono 16-bit PCM. The header on the medium is right after NewWriter, Sync and Commit, so that a file whose
// program died still plays up to the last of these; Repair makes it play up to what was flushed.
type Writer struct {
	w       io.WriteSeeker
	rate    int
	written int // samples on w
	buf     []byte
}

// NewWriter begins a file of the given sample rate in Hz at w's current position, which must be its start.
func NewWriter(w io.WriteSeeker, rate int) (*Writer, error) {
	out := &Writer{w: w, rate: rate, buf: make([]byte, 0, bufferSize)}
	if _, err := w.Write(header(rate, 0)); err != nil {
		return nil, fmt.Errorf("begin WAV file: %w", err)
	}
	return out, nil
}

// Write appends samples. They may stay in memory until Flush, Sync or Commit.
func (w *Writer) Write(pcm []int16) error {
	for _, s := range pcm {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(s))
		if len(w.buf) == bufferSize {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Samples is how many have been appended. After an error it is how many are on the medium.
func (w *Writer) Samples() int { return w.written + len(w.buf)/2 }

// Rate is that of the samples, in Hz.
func (w *Writer) Rate() int { return w.rate }

// Flush gives what was appended to the medium.
func (w *Writer) Flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	n, err := w.w.Write(w.buf)
	w.written += n / 2
	w.buf = w.buf[:0]
	if err != nil {
		return fmt.Errorf("write WAV samples: %w", err)
	}
	return nil
}

// Sync flushes, and makes the header say what has been written so far.
func (w *Writer) Sync() error {
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := w.w.Seek(0, io.SeekStart)
	if err == nil {
		_, err = w.w.Write(header(w.rate, w.written))
	}
	_, back := w.w.Seek(0, io.SeekEnd)
	if err := errors.Join(err, back); err != nil {
		return fmt.Errorf("write WAV header: %w", err)
	}
	return nil
}

// Commit is Sync that also waits, where the medium has a Sync of its own as files do, until all is on disk.
func (w *Writer) Commit() error {
	if err := w.Sync(); err != nil {
		return err
	}
	if disk, ok := w.w.(interface{ Sync() error }); ok {
		if err := disk.Sync(); err != nil {
			return fmt.Errorf("write WAV file to disk: %w", err)
		}
	}
	return nil
}

// header is that of a file of so many samples.
func header(rate, samples int) []byte {
	data := uint32(2 * samples)
	le := binary.LittleEndian
	b := append(make([]byte, 0, headerSize), "RIFF"...)
	b = le.AppendUint32(b, headerSize-8+data)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, formatPCM)
	b = le.AppendUint16(b, 1) // channels
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(2*rate)) // bytes a second
	b = le.AppendUint16(b, 2)              // bytes a sample
	b = le.AppendUint16(b, 16)             // bits a sample
	b = append(b, "data"...)
	return le.AppendUint32(b, data)
}
