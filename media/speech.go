package media

import (
	"time"
)

const (
	// frame is what the detector decides on: 10 ms.
	frame = sampleRate / 100
	// quietest and loudest bound the threshold of speech, as mean square of a frame: -50 and -35 dBov.
	quietest = 10_700
	loudest  = 340_000
	// above is how far speech stands out from the noise: 9 dB.
	above = 8
	// onset is how many loud frames in a row make speech; shorter is a click.
	onset = 4
	// hang is how many frames after the last loud one still belong to speech: the pauses between its syllables.
	hang = 15
)

// speech tells speech from noise by its energy: frames louder than the noise floor, which it follows. The zero value is
// ready.
type speech struct {
	energy  int64 // of the frame under way
	filled  int
	floor   int64
	loud    int // frames in a row
	since   int // frames since the last that was speech
	frames  int // all
	spoken  int // speech
	talking bool
}

// hear takes samples at 8 kHz.
func (v *speech) hear(pcm []int16) {
	for _, s := range pcm {
		v.energy += int64(s) * int64(s)
		if v.filled++; v.filled == frame {
			v.decide(v.energy / frame)
			v.energy, v.filled = 0, 0
		}
	}
}

// decide judges a frame by its mean square.
func (v *speech) decide(power int64) {
	v.frames++
	v.follow(power)
	if power > min(max(above*v.floor, quietest), loudest) {
		v.loud++
	} else {
		v.loud = 0
	}
	switch {
	case v.loud >= onset:
		if !v.talking {
			v.spoken += onset - 1
		}
		v.talking, v.since = true, 0
	case v.talking:
		v.since++
		v.talking = v.since < hang
	default:
		v.since++
	}
	if v.talking {
		v.spoken++
	}
}

// follow moves the noise floor: down at once, up by 3 dB a second or so.
func (v *speech) follow(power int64) {
	switch {
	case v.frames == 1 || power < v.floor:
		v.floor = power
	default:
		v.floor += v.floor>>7 + 1
	}
}

// total is how much speech there was.
func (v *speech) total() time.Duration { return time.Duration(v.spoken) * frame * sample }

// silence is how long nobody has spoken.
func (v *speech) silence() time.Duration {
	if v.talking {
		return 0
	}
	return time.Duration(v.since) * frame * sample
}
