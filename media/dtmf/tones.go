package dtmf

const (
	// enough is how many looks in a row have to show a key: tones of 40 ms show it five or six times, those of 23 ms thrice.
	enough = 4
	// gone is how many looks in a row have to lack a key: a pause of 40 ms six, a gap of 10 ms none.
	gone = 5
	// lacking is the ratio of power to that of the key at which it is not there: -12 dB.
	lacking = 1. / 16
	// bridged is how much lost sound is taken to have been like what was before it: 200 ms.
	bridged = toneRate / 5
)

// Tones hears keys in sound of 8 kHz (ITU-T Q.23, Q.24), one press each. Tones of 40 ms and more count; a press ends with a
// pause of 40 ms, or with another key. A gap of up to 20 ms in the sound parts no press, nor do up to 200 ms that Skip
// tells of. The zero value is ready.
type Tones struct {
	ring    [window]measured
	newest  int
	pending [block]int16
	filled  int
	odd     bool // a block has come since the last look
	now     look
	before  look

	candidate Key
	run       int        // looks in a row
	first     [2]float32 // powers when the run began
	best      float32    // share of the sound in it
	down      Key        // 0: none
	low, high int        // its tones
	peak      float32
	absent    int
}

// Hear takes the next samples, and reports a key when it is certain that it was pressed, 35 to 45 ms after it was. At
// most one press is heard at a time: pieces may be of any length up to 80 ms.
func (t *Tones) Hear(pcm []int16) (key Key, ok bool) {
	for len(pcm) > 0 {
		n := copy(t.pending[t.filled:], pcm)
		t.filled += n
		pcm = pcm[n:]
		if t.filled < block {
			break
		}
		t.filled = 0
		t.next().measure(&t.pending)
		if t.odd {
			continue
		}
		if k := t.look(); k != 0 {
			key, ok = k, true
		}
	}
	return key, ok
}

// Skip tells that so many samples are lost. A key that was down stays so over up to 200 ms of them, and whether there
// was a pause is decided by what is not lost.
func (t *Tones) Skip(samples int) {
	if samples > bridged {
		*t = Tones{}
		return
	}
	for t.filled += samples; t.filled >= block; t.filled -= block {
		*t.next() = measured{lost: true}
	}
	clear(t.pending[:t.filled])
}

// next is the place for the next block.
func (t *Tones) next() *measured {
	t.odd = !t.odd
	t.newest = (t.newest + 1) % window
	return &t.ring[t.newest]
}

// Down is the key that is heard now; 0 when none is.
func (t *Tones) Down() Key { return t.down }

// look takes the newest window into account, and returns the key that it makes certain.
func (t *Tones) look() Key {
	t.before = t.now
	t.now.see(&t.ring, t.newest)
	if t.now.blind() {
		return 0
	}
	t.release()
	low, high, share := t.now.tones(&t.before)
	if share == 0 {
		t.run = 0
		return 0
	}
	key := Key(grid[4*low+high-4])
	powers := [2]float32{t.now.power(low), t.now.power(high)}
	if key != t.candidate || t.run == 0 || !like(powers, t.first) {
		t.candidate, t.run, t.first, t.best = key, 0, powers, 0
	}
	t.run++
	t.best = max(t.best, share)
	if t.run < enough || t.best < plain || key == t.down {
		return 0
	}
	t.down, t.low, t.high, t.absent = key, low, high, 0
	t.peak = min(powers[0], powers[1])
	return key
}

// release notices that the key is up.
func (t *Tones) release() {
	if t.down == 0 {
		return
	}
	weakest := min(t.now.power(t.low), t.now.power(t.high))
	t.peak = max(t.peak, weakest)
	if weakest > lacking*t.peak {
		t.absent = 0
		return
	}
	if t.absent++; t.absent == gone {
		t.down = 0
	}
}

func like(a, b [2]float32) bool {
	for i := range a {
		if a[i] > fade*b[i] || b[i] > fade*a[i] {
			return false
		}
	}
	return true
}
