package dtmf_test

import (
	"slices"
	"testing"
	"time"

	"readback/media/dtmf"
)

// sent is a packet with the time it left, in ms.
type sent struct {
	dtmf.Packet
	at int
}

// sender makes the packets of a phone that presses keys.
type sender struct {
	sequence uint16
	clock    int // ms
	base     uint32
	packets  []sent
}

func (s *sender) stamp() uint32 { return s.base + uint32(s.clock*8) }

// press holds a key for so many packets of 20 ms, the last three of them its end, and lets go for pause ms.
func (s *sender) press(key byte, packets, pause int) {
	s.pressAt(s.stamp(), key, packets, pause)
}

func (s *sender) pressAt(stamp uint32, key byte, packets, pause int) {
	event, _ := dtmf.Key(key).Event()
	for i := range packets + 3 {
		s.add(dtmf.Packet{Timestamp: stamp, Event: event, End: i >= packets, Duration: uint16(160 * min(i+1, packets))})
	}
	for range pause / 20 { // sound
		s.sequence++
		s.clock += 20
	}
}

func (s *sender) add(p dtmf.Packet) {
	p.Sequence = s.sequence
	s.packets = append(s.packets, sent{p, s.clock})
	s.sequence++
	s.clock += 20
}

// listen feeds packets to a new detector.
func listen(packets []sent) string {
	var d dtmf.Detector
	var keys []byte
	for _, p := range packets {
		if key, ok := d.Packet(p.Packet, time.Duration(p.at)*time.Millisecond); ok {
			keys = append(keys, byte(key))
		}
	}
	return string(keys)
}

func dialled(keys string) []sent {
	s := &sender{sequence: 65530, base: 0xFFFFFF00} // both wrap
	for i := range len(keys) {
		s.press(keys[i], 5, 60)
	}
	return s.packets
}

func TestPresses_RFC4733(t *testing.T) {
	onlyFrom := func(packets []sent, keep func(i int) bool) []sent {
		var out []sent
		for i, p := range packets {
			if keep(i % 8) {
				out = append(out, p)
			}
		}
		return out
	}
	tests := map[string]struct {
		packets []sent
		want    string
	}{
		"all keys":               {dialled("0123456789*#ABCD"), "0123456789*#ABCD"},
		"a key twice":            {dialled("5544"), "5544"},
		"no start arrives":       {onlyFrom(dialled("1223"), func(i int) bool { return i > 2 }), "1223"},
		"no end arrives":         {onlyFrom(dialled("1223"), func(i int) bool { return i < 5 }), "1223"},
		"one end packet arrives": {onlyFrom(dialled("1223"), func(i int) bool { return i == 7 }), "1223"},
		"one packet arrives":     {onlyFrom(dialled("1223"), func(i int) bool { return i == 3 }), "1223"},
		"a zero duration":        {[]sent{{dtmf.Packet{Event: 5}, 0}, {dtmf.Packet{Event: 5, Sequence: 1, End: true}, 20}}, "5"},
		"events that are no key": {[]sent{{dtmf.Packet{Event: 16}, 0}, {dtmf.Packet{Event: 200}, 20}}, ""},
	}
	for name, test := range tests {
		if got := listen(test.packets); got != test.want {
			t.Errorf("%s: heard %q, want %q", name, got, test.want)
		}
	}
}

func TestALongPressIsOne_RFC4733_Section2_5_1_3(t *testing.T) {
	for name, segment := range map[string]uint32{"by the letter": 65535, "in whole packets": 65440} {
		s := &sender{base: 1000}
		first := s.stamp()
		for i := range 1200 { // 24 s
			passed := uint32(160 * (i + 1))
			n := (passed - 1) / segment
			s.add(dtmf.Packet{Timestamp: first + n*segment, Event: 5, Duration: uint16(passed - n*segment)})
		}
		s.add(dtmf.Packet{Timestamp: s.packets[1199].Timestamp, Event: 5, End: true, Duration: s.packets[1199].Duration})
		s.clock += 100
		s.press('5', 5, 60)
		if got := listen(s.packets); got != "55" {
			t.Errorf("%s: heard %q, want one long press and one short", name, got)
		}
	}
}

func TestSendersThatRepeatATimestamp(t *testing.T) {
	same := &sender{}
	for range 3 {
		same.pressAt(7777, '2', 5, 60)
	}
	var replayed []sent
	for i := range 3 { // as sipp replays a capture: sequence numbers too
		for _, p := range dialled("2") {
			p.at += i * 500
			replayed = append(replayed, p)
		}
	}
	var turns []sent
	for i, keys := range []string{"1", "2", "1", "1"} {
		for _, p := range dialled(keys) {
			p.at += i * 600
			turns = append(turns, p)
		}
	}
	running := &sender{} // the timestamp wrongly runs along
	for range 2 {
		for i := range 8 {
			running.add(dtmf.Packet{Timestamp: running.stamp(), Event: 3, End: i == 7, Duration: uint16(160 * (i + 1))})
		}
		running.clock += 100
	}
	for name, test := range map[string]struct {
		packets []sent
		want    string
	}{
		"one timestamp for all": {same.packets, "222"},
		"a capture replayed":    {replayed, "222"},
		"captures in turn":      {turns, "1211"},
		"a running timestamp":   {running.packets, "33"},
	} {
		if got := listen(test.packets); got != test.want {
			t.Errorf("%s: heard %q, want %q", name, got, test.want)
		}
	}
}

func FuzzDetector(f *testing.F) {
	f.Add([]byte{5, 0x80, 0, 160, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var d dtmf.Detector
		var at time.Duration
		for p := range slices.Chunk(data, 8) {
			if len(p) < 8 {
				return
			}
			packet, ok := dtmf.Parse(uint16(p[4])<<8|uint16(p[5]), uint32(p[6])<<8|uint32(p[7]), p[:4])
			if !ok {
				t.Fatal("four bytes are an event")
			}
			at += time.Duration(p[6]) * time.Millisecond
			if key, ok := d.Packet(packet, at); ok && packet.Event > 15 {
				t.Errorf("event %d is key %v", packet.Event, key)
			}
			if _, ok := d.Packet(packet, at); ok {
				t.Errorf("the same packet at once is heard twice: %+v", packet)
			}
		}
	})
}

func BenchmarkDetector(b *testing.B) {
	packets := dialled("0123456789")
	b.ReportAllocs()
	for b.Loop() {
		var d dtmf.Detector
		for _, p := range packets {
			d.Packet(p.Packet, time.Duration(p.at)*time.Millisecond)
		}
	}
}
