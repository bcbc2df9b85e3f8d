// Package wav reads and writes the RIFF/WAVE files we use: mono 16-bit PCM.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

const (
	formatPCM        = 1
	formatExtensible = 0xFFFE
	// maxSamples bounds what Read takes: 20 minutes at 16 kHz.
	maxSamples = 20 * 60 * 16000
	// maxChunks bounds how many chunks may come before the samples.
	maxChunks = 64
)

// ErrFormat says that a file is not mono 16-bit PCM in RIFF/WAVE.
var ErrFormat = errors.New("not a mono 16-bit PCM WAV file")

// Read returns the samples of a file and their rate in Hz. A data chunk that ends early, as after a crash, gives what
// there is; one of unknown length (0xFFFFFFFF, as programs write that cannot go back) lasts to the end.
func Read(r io.Reader) (pcm []int16, rate int, err error) {
	var riff [12]byte
	if err := readRIFF(r, &riff); err != nil {
		return nil, 0, err
	}
	rate, size, err := findData(r)
	if err != nil {
		return nil, 0, err
	}
	pcm, err = readSamples(io.LimitReader(r, int64(size)))
	return pcm, rate, err
}

func readRIFF(r io.Reader, riff *[12]byte) error {
	if _, err := io.ReadFull(r, riff[:]); err != nil || string(riff[:4]) != "RIFF" || string(riff[8:]) != "WAVE" {
		return fmt.Errorf("%w: no RIFF/WAVE header", ErrFormat)
	}
	return nil
}

// findData reads up to the first sample.
func findData(r io.Reader) (rate int, size uint32, err error) {
	for range maxChunks {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			break
		}
		size := binary.LittleEndian.Uint32(head[4:])
		padded := int64(size) + int64(size&1)
		switch string(head[:4]) {
		case "fmt ":
			if rate, err = readFormat(io.LimitReader(r, padded)); err != nil {
				return 0, 0, err
			}
		case "data":
			if rate == 0 {
				return 0, 0, fmt.Errorf("%w: data before its format", ErrFormat)
			}
			return rate, size, nil
		default:
			if _, err := io.CopyN(io.Discard, r, padded); err != nil {
				return 0, 0, fmt.Errorf("%w: chunk %q is cut short", ErrFormat, head[:4])
			}
		}
	}
	return 0, 0, fmt.Errorf("%w: no data chunk", ErrFormat)
}

func readFormat(r io.Reader) (rate int, err error) {
	var f [16]byte
	if _, err := io.ReadFull(r, f[:]); err != nil {
		return 0, fmt.Errorf("%w: format chunk is cut short", ErrFormat)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	le := binary.LittleEndian
	format, channels, bits := le.Uint16(f[0:]), le.Uint16(f[2:]), le.Uint16(f[14:])
	rate = int(min(le.Uint32(f[4:]), math.MaxInt32))
	if format != formatPCM && format != formatExtensible || channels != 1 || bits != 16 || rate <= 0 {
		return 0, fmt.Errorf("%w: format %d, %d channels, %d bits, %d Hz", ErrFormat, format, channels, bits, rate)
	}
	return rate, nil
}

func readSamples(r io.Reader) ([]int16, error) {
	data, err := io.ReadAll(io.LimitReader(r, 2*maxSamples+2))
	if err != nil {
		return nil, fmt.Errorf("read WAV samples: %w", err)
	}
	if len(data) > 2*maxSamples {
		return nil, fmt.Errorf("%w: longer than %d samples", ErrFormat, maxSamples)
	}
	pcm := make([]int16, len(data)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return pcm, nil
}
