package media

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/mewkiz/flac"

	"readback/media/wav"
)

// maxClip bounds a clip, in samples of its file: 20 minutes at 16 kHz.
const maxClip = 20 * 60 * 16000

// ErrClip says that a sound file is not one we can play: want mono FLAC or 16-bit WAV at 8 or 16 kHz.
var ErrClip = errors.New("not a mono FLAC or 16-bit WAV file at 8 or 16 kHz")

// Decode reads a clip from a FLAC or WAV file at 8 or 16 kHz, mono, and keeps its samples: [LoadClip] does not.
func Decode(r io.Reader) (*Clip, error) {
	pcm, rate, err := DecodePCM(r)
	if err != nil {
		return nil, err
	}
	return newClip(pcm, rate), nil
}

// DecodePCM reads the samples of a FLAC or WAV file at its own rate, 8000 or 16000 Hz.
func DecodePCM(r io.Reader) (pcm []int16, rate int, err error) {
	b := bufio.NewReader(r)
	magic, err := b.Peek(4)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrClip, err)
	}
	if string(magic) == "fLaC" {
		pcm, rate, err = decodeFLAC(b)
	} else {
		pcm, rate, err = wav.Read(b)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrClip, err)
	}
	if rate != 8000 && rate != 16000 {
		return nil, 0, fmt.Errorf("%w: %d Hz", ErrClip, rate)
	}
	return pcm, rate, nil
}

func decodeFLAC(r io.Reader) (pcm []int16, rate int, err error) {
	stream, err := flac.New(r)
	if err != nil {
		return nil, 0, err
	}
	info := stream.Info
	if info.NChannels != 1 || info.BitsPerSample != 16 {
		return nil, 0, fmt.Errorf("%d channels of %d bits", info.NChannels, info.BitsPerSample)
	}
	pcm = make([]int16, 0, min(info.NSamples, maxClip))
	for {
		frame, err := stream.ParseNext()
		if errors.Is(err, io.EOF) {
			return pcm, int(info.SampleRate), nil
		}
		if err != nil {
			return nil, 0, err
		}
		if len(frame.Subframes) != 1 || len(pcm)+len(frame.Subframes[0].Samples) > maxClip {
			return nil, 0, errors.New("too long, or channels that come and go")
		}
		for _, s := range frame.Subframes[0].Samples {
			pcm = append(pcm, int16(s))
		}
	}
}
