package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// Repair mends a file that a program did not live to finish: its header is made to say how much sound there is, by the
// length of the file, of which half a sample at the end is cut off. It reports whether anything had to be mended, and has
// that on disk when it returns. A file that is not mono 16-bit PCM, or too short to tell, is left as it is, with
// ErrFormat. Call it only when nobody writes the file any more.
func Repair(path string) (repaired bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false, fmt.Errorf("repair WAV file: %w", err)
	}
	repaired, err = repair(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return repaired, fmt.Errorf("repair WAV file %s: %w", path, err)
	}
	return repaired, nil
}

func repair(f *os.File) (repaired bool, err error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%w: not a regular file", ErrFormat)
	}
	l, err := layoutOf(f)
	if err != nil {
		return false, err
	}
	length := info.Size() - l.data
	if length > math.MaxUint32-l.data {
		return false, fmt.Errorf("%w: longer than 4 GiB", ErrFormat)
	}
	if l.whole(info.Size()) {
		return false, nil
	}
	return true, l.mend(f, length&^1)
}

// layout is what a file's header says.
type layout struct {
	data       int64 // where the samples begin
	riff, size uint32
}

// layoutOf finds the samples.
func layoutOf(f io.ReadSeeker) (l layout, err error) {
	r := &countingReader{r: f}
	var riff [12]byte
	if err := readRIFF(r, &riff); err != nil {
		return l, err
	}
	l.riff = binary.LittleEndian.Uint32(riff[4:])
	if _, l.size, err = findData(r); err != nil {
		return l, err
	}
	l.data = r.n
	return l, nil
}

// whole reports whether the header fits a file of that size. Chunks may follow the samples.
func (l layout) whole(size int64) bool {
	end := l.data + int64(l.size)
	return int64(l.riff)+8 == size && end <= size && l.size&1 == 0 && (end == size || size-end >= 8)
}

// mend writes the sizes of a file whose samples take so many bytes, and cuts off what follows them. The outer size comes
// last: by it a file is known to be whole.
func (l layout) mend(f *os.File, length int64) error {
	if err := f.Truncate(l.data + length); err != nil {
		return err
	}
	le := binary.LittleEndian
	_, first := f.WriteAt(le.AppendUint32(nil, uint32(length)), l.data-4)
	_, second := f.WriteAt(le.AppendUint32(nil, uint32(l.data-8+length)), 4)
	return errors.Join(first, second, f.Sync())
}

// countingReader counts what is read.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
