package media

import "time"

const (
	// framesASecond is how often the detector decides: every 10 ms.
	framesASecond = 100
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

// speech tells speech from noise by its energy: frames louder than the noise floor, which it follows.
type speech struct {
	frame   int   // samples
	energy  int64 // of the frame under way
	filled  int
	floor   int64
	loud    int // frames in a row
	since   int // frames since the last that was speech
	frames  int // all
	spoken  int // speech
	talking bool
}

// newSpeech makes a detector for samples of a rate in Hz.
func newSpeech(rate int) speech { return speech{frame: rate / framesASecond} }

// hear takes samples.
func (v *speech) hear(pcm []int16) {
	for _, s := range pcm {
		v.energy += int64(s) * int64(s)
		if v.filled++; v.filled == v.frame {
			power := v.energy / int64(v.frame)
			v.follow(power)
			v.decide(power > min(max(above*v.floor, quietest), loudest))
			v.energy, v.filled = 0, 0
		}
	}
}

// pause takes samples in which the peer says that nobody speaks. They say nothing of the noise.
func (v *speech) pause(samples int) {
	for v.filled += samples; v.filled >= v.frame; v.filled -= v.frame {
		v.decide(false)
		v.energy = 0
	}
}

// decide goes on by a frame.
func (v *speech) decide(loud bool) {
	v.frames++
	if v.loud++; !loud {
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
	case v.frames == 0 || power < v.floor:
		v.floor = power
	default:
		v.floor += v.floor>>7 + 1
	}
}

// total is how much speech there was.
func (v *speech) total() time.Duration { return time.Duration(v.spoken) * time.Second / framesASecond }

// silence is how long nobody has spoken.
func (v *speech) silence() time.Duration {
	if v.talking {
		return 0
	}
	return time.Duration(v.since) * time.Second / framesASecond
}
