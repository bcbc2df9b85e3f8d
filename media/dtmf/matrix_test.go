package dtmf_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"readback/media/dtmf"
)

// style is how a telephone sends its presses.
type style struct {
	pace    int  // ms a packet
	ends    int  // packets
	talks   bool // sound goes out beside the events of a press
	hushed  bool // no sound goes out between presses
	zero    bool // the first packet has no duration
	bounds  bool // ends of segments are marked like those of presses
	whole   bool // segments are of whole packets
	running bool // the timestamp runs along
	clipped bool // the duration of an end packet is not a multiple of that of packets
	moves   bool // the SSRC changes in the middle of a press, the timestamp stays
	jumps   bool // the SSRC changes in the middle of a press, timestamps and sequence numbers with it

	// repeats says which presses share their timestamps: none, those of a key, all; or whether whole packets come again.
	repeats int
}

const (
	ownStamp = iota
	stampOfKey
	oneStamp
	replay
)

var styles = map[string]style{
	"RFC 4733":                {pace: 20, ends: 3},
	"50 ms a packet":          {pace: 50, ends: 3},
	"10 ms a packet":          {pace: 10, ends: 3},
	"one end packet":          {pace: 20, ends: 1},
	"no end packet":           {pace: 20, ends: 0},
	"a zero start":            {pace: 20, ends: 3, zero: true},
	"sound beside events":     {pace: 20, ends: 3, talks: true},
	"events alone":            {pace: 20, ends: 3, hushed: true},
	"an odd duration":         {pace: 20, ends: 3, clipped: true},
	"segments marked":         {pace: 20, ends: 3, bounds: true},
	"segments of packets":     {pace: 50, ends: 3, whole: true},
	"another SSRC":            {pace: 20, ends: 3, moves: true},
	"another stream":          {pace: 20, ends: 3, jumps: true},
	"a running timestamp":     {pace: 20, ends: 3, running: true},
	"running, 50 ms":          {pace: 50, ends: 3, running: true},
	"running, 10 ms":          {pace: 10, ends: 1, running: true},
	"a timestamp a key":       {pace: 20, ends: 3, repeats: stampOfKey},
	"a timestamp a key, 1":    {pace: 20, ends: 1, repeats: stampOfKey},
	"a timestamp a key, zero": {pace: 20, ends: 3, repeats: stampOfKey, zero: true},
	"one timestamp":           {pace: 20, ends: 3, repeats: oneStamp},
	"one timestamp, 50 ms":    {pace: 50, ends: 3, repeats: oneStamp},
	"captures replayed":       {pace: 20, ends: 3, repeats: replay},
}

// pushed is a packet on its way, of which press it is, and when it leaves.
type pushed struct {
	dtmf.Packet
	press int
	at    int // ms
}

// phone makes the packets of a telephone.
type phone struct {
	style
	r        *rand.Rand
	clock    int
	sequence uint16
	source   uint32
	base     uint32
	out      []pushed
	captures map[int][]pushed // by key and length
}

func newPhone(s style, r *rand.Rand) *phone {
	return &phone{style: s, r: r, sequence: uint16(r.Uint32()), source: r.Uint32(), base: r.Uint32(), captures: map[int][]pushed{}}
}

func (f *phone) stamp() uint32 { return f.base + uint32(f.clock*8) }

// press holds a key down for so many ms.
func (f *phone) press(n int, event byte, hold int) {
	kind := int(event)<<16 | hold
	if old := f.captures[kind]; f.repeats == replay && old != nil {
		for _, p := range old {
			p.press, p.at = n, f.clock+p.at-old[0].at
			f.out = append(f.out, p)
		}
		f.clock += f.pace * len(old)
		return
	}
	before := len(f.out)
	f.hold(n, event, (hold+f.pace-1)/f.pace)
	f.captures[kind] = slices.Clone(f.out[before:])
}

func (f *phone) hold(n int, event byte, packets int) {
	begin := f.stamp()
	switch f.repeats {
	case stampOfKey:
		begin = 1000 * uint32(event)
	case oneStamp:
		begin = 7777
	}
	change := -1
	if f.moves || f.jumps {
		change = f.r.IntN(min(packets+1, 300)) // not at the end of a segment
	}
	limit := uint32(0xFFFF)
	if f.whole {
		limit -= limit % uint32(8*f.pace)
	}
	for i := range packets + f.ends {
		if i == change {
			begin = f.move(begin)
		}
		down := uint32(8 * f.pace * min(i+1, packets))
		if f.zero {
			down -= uint32(8 * f.pace)
		}
		if f.clipped && i >= packets {
			down -= 37
		}
		segment := (max(down, 1) - 1) / limit
		p := dtmf.Packet{
			Source: f.source, Timestamp: begin + segment*limit, Event: event,
			End: i >= packets, Duration: uint16(down - segment*limit),
		}
		if f.running {
			p.Timestamp, p.Duration = f.stamp(), uint16(min(down, 0xFFFF))
		}
		if f.bounds && p.Duration > uint16(limit)-uint16(8*f.pace) {
			p.End = true
		}
		f.send(n, p)
	}
}

// move makes the sender another one, in the middle of a press that began at a timestamp.
func (f *phone) move(begin uint32) uint32 {
	f.source++
	if f.jumps {
		shift := f.r.Uint32()
		f.sequence = uint16(f.r.Uint32())
		f.base += shift
		return begin + shift
	}
	return begin
}

func (f *phone) send(press int, p dtmf.Packet) {
	p.Sequence = f.sequence
	f.out = append(f.out, pushed{p, press, f.clock})
	f.sequence++
	if f.talks {
		f.sequence++
	}
	f.clock += f.pace
}

func (f *phone) pause(ms int) {
	f.clock += ms
	if !f.hushed {
		f.sequence += uint16(ms / 20)
	}
}

// trouble is what a network does to packets: chances in percent.
type trouble struct {
	loss, late, twice int
	burst             int // mean packets lost at a time
}

func (n trouble) String() string {
	return fmt.Sprintf("loss %d%% in bursts of %d, late %d%%, twice %d%%", n.loss, max(n.burst, 1), n.late, n.twice)
}

// carry loses, repeats and delays packets; what is delayed is 20 to 60 ms late.
func (n trouble) carry(r *rand.Rand, packets []pushed) []pushed {
	var out []pushed
	losing := 0
	for _, p := range packets {
		if losing == 0 && n.loss > 0 && r.Float64() < float64(n.loss)/float64(100*max(n.burst, 1)) {
			losing = 1
			if n.burst > 1 {
				losing += r.IntN(2*n.burst - 1)
			}
		}
		if losing > 0 {
			losing--
			continue
		}
		if r.IntN(100) < n.late {
			p.at += 20 + r.IntN(41)
		}
		out = append(out, p)
		if r.IntN(100) < n.twice {
			p.at += r.IntN(40)
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b pushed) int { return a.at - b.at })
	return out
}

func troubles() []trouble {
	var all []trouble
	for _, loss := range []int{0, 1, 5, 10, 20} {
		all = append(all, trouble{loss: loss}, trouble{loss: loss, burst: 4}, trouble{loss: loss, burst: 12},
			trouble{late: loss}, trouble{twice: loss}, trouble{loss: loss, late: loss, twice: loss},
			trouble{loss: loss, burst: 4, late: loss, twice: loss})
	}
	return all
}

// play presses keys: most of them shortly, one in a hundred for several segments.
func (f *phone) play(presses int) []pushed {
	long, until := byte(0), 0 // the key of the last long press, and for how many presses it rests
	for n := range presses {
		event := byte(f.r.IntN(16))
		if f.r.IntN(3) == 0 {
			event = 5
		}
		if n < until && event == long {
			// Section 2.5.1.3 leaves open what a press is that begins where the next segment of a lost one would.
			event = (event + 1) % 16
		}
		hold, pause := 2*f.pace+20*f.r.IntN(13), 40+20*f.r.IntN(10)
		switch {
		case f.repeats == replay:
			hold, pause = 100, 400
		case f.moves || f.jumps: // presses too near to one another are told apart by their numbers alone
			hold, pause = hold+60, pause+120
		case !f.running && f.ends > 0 && f.r.IntN(100) == 0:
			hold = 7000 + f.r.IntN(14000)
			long, until = event, n+5
		}
		f.press(n, event, hold)
		f.pause(pause)
	}
	return f.out
}

func TestNoPressIsWrongLostOrDoubled(t *testing.T) {
	const presses = 300
	for name, style := range styles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, trouble := range troubles() {
				r := rand.New(rand.NewPCG(uint64(i), 4733))
				arrived := trouble.carry(r, newPhone(style, r).play(presses))
				if style.repeats == ownStamp && !style.running {
					exactly(t, trouble, arrived)
				} else {
					never(t, trouble, style, arrived)
				}
			}
		})
	}
}

// exactly wants each press heard once of which a packet arrived.
func exactly(t *testing.T, n trouble, arrived []pushed) {
	t.Helper()
	var d dtmf.Detector
	heard, came := map[int]int{}, map[int]bool{}
	for _, p := range arrived {
		came[p.press] = true
		if key, ok := d.Packet(p.Packet, ms(p.at)); ok {
			heard[p.press]++
			if want, _ := dtmf.KeyOf(p.Event); key != want {
				t.Fatalf("%v: heard %v, want %v", n, key, want)
			}
		}
	}
	for press := range came {
		if heard[press] != 1 {
			t.Fatalf("%v: press %d was heard %d times", n, press, heard[press])
		}
	}
}

// never wants no press heard twice, and only those missed that follow, with the same key, one whose every end packet is
// lost. Of a capture replayed end packets alone may be taken for repetitions.
func never(t *testing.T, n trouble, s style, arrived []pushed) {
	t.Helper()
	var d dtmf.Detector
	heard, came, merged := map[dtmf.Key]int{}, map[dtmf.Key]int{}, map[dtmf.Key]int{}
	ends, starts := map[int]bool{}, map[int]bool{}
	for _, p := range arrived {
		ends[p.press] = ends[p.press] || p.End
		starts[p.press] = starts[p.press] || !p.End
		if key, ok := d.Packet(p.Packet, ms(p.at)); ok {
			heard[key]++
		}
	}
	last := map[dtmf.Key]int{}
	slices.SortStableFunc(arrived, func(a, b pushed) int { return a.press - b.press })
	for _, p := range arrived {
		key, _ := dtmf.KeyOf(p.Event)
		before, again := last[key]
		if again && before == p.press {
			continue
		}
		last[key] = p.press
		came[key]++
		if again && (!ends[before] || s.repeats == replay && !starts[p.press]) {
			merged[key]++
		}
	}
	for key, presses := range came {
		if heard[key] > presses || heard[key] < presses-merged[key] {
			t.Fatalf("%v: key %v heard %d times, pressed %d times, %d after one without an end", n, key, heard[key], presses, merged[key])
		}
	}
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }
