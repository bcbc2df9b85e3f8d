package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// headerSize is the RIFF header, a 16-byte fmt chunk and the header of the data chunk.
const headerSize = 44

// Writer writes mono 16-bit PCM. The header on the medium is right after NewWriter, Sync and Close, so that a
// file whose program died still plays up to its last Sync.
type Writer struct {
	w       io.WriteSeeker
	rate    int
	samples int
	buf     []byte
}

// NewWriter begins a file of the given sample rate in Hz at w's current position, which must be its start.
func NewWriter(w io.WriteSeeker, rate int) (*Writer, error) {
	out := &Writer{w: w, rate: rate}
	if _, err := w.Write(out.header()); err != nil {
		return nil, fmt.Errorf("begin WAV file: %w", err)
	}
	return out, nil
}

// Write appends samples.
func (w *Writer) Write(pcm []int16) error {
	w.buf = w.buf[:0]
	for _, s := range pcm {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(s))
	}
	n, err := w.w.Write(w.buf)
	w.samples += n / 2
	if err != nil {
		return fmt.Errorf("write WAV samples: %w", err)
	}
	return nil
}

// Samples is how many have been written.
func (w *Writer) Samples() int { return w.samples }

// Sync makes the header say what has been written so far.
func (w *Writer) Sync() error {
	_, err := w.w.Seek(0, io.SeekStart)
	if err == nil {
		_, err = w.w.Write(w.header())
	}
	_, back := w.w.Seek(0, io.SeekEnd)
	if err := errors.Join(err, back); err != nil {
		return fmt.Errorf("write WAV header: %w", err)
	}
	return nil
}

func (w *Writer) header() []byte {
	data := uint32(2 * w.samples)
	le := binary.LittleEndian
	b := append(make([]byte, 0, headerSize), "RIFF"...)
	b = le.AppendUint32(b, headerSize-8+data)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, formatPCM)
	b = le.AppendUint16(b, 1) // channels
	b = le.AppendUint32(b, uint32(w.rate))
	b = le.AppendUint32(b, uint32(2*w.rate)) // bytes a second
	b = le.AppendUint16(b, 2)                // bytes a sample
	b = le.AppendUint16(b, 16)               // bits a sample
	b = append(b, "data"...)
	return le.AppendUint32(b, data)
}
