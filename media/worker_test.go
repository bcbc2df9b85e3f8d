package media

import (
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"readback/media/g711"
	"readback/media/sdp"
)

// scripted is a sleeper that wakes late when it is told to.
type scripted struct {
	time  time.Duration
	late  map[int]time.Duration // by number of the sleep
	slept int
	stop  func()
	until int
}

func (c *scripted) begin() error       { return nil }
func (c *scripted) end()               {}
func (c *scripted) now() time.Duration { return c.time }
func (c *scripted) sleep(until time.Duration) {
	c.time = max(c.time, until) + c.late[c.slept]
	if c.slept++; c.slept == c.until {
		c.stop()
	}
}

// plainWorker is one whose packets go without a ring.
func plainWorker(clock sleeper) *worker {
	w := newWorker(clock, nil, slog.New(slog.DiscardHandler))
	w.carrier = &plain{w: w}
	w.open = func(*worker) carrier { return w.carrier }
	return w
}

// outlet keeps what is sent.
type outlet struct {
	clock   sleeper
	packets []outgoing
	in      []byte
	fail    bool
}

type outgoing struct {
	header
	sound byte
	size  int
	at    time.Duration
}

func (o *outlet) read(p []byte) (int, netip.AddrPort, time.Duration, bool) {
	if o.in == nil {
		return 0, netip.AddrPort{}, 0, false
	}
	n := copy(p, o.in)
	o.in = nil
	return n, peer, o.clock.now(), true
}

func (o *outlet) write(p []byte, _ netip.AddrPort) error {
	if o.fail {
		return ErrBusy
	}
	h, payload, _ := parseRTP(p)
	if !isRTCP(p) {
		o.packets = append(o.packets, outgoing{h, payload[0], len(payload), o.clock.now()})
	}
	return nil
}

func (o *outlet) connect(netip.AddrPort) error { return nil }
func (o *outlet) close() error                 { return nil }

var peer = netip.MustParseAddrPort("198.51.100.1:4000")

// sessionOn is a session that sends what is agreed on to an outlet.
func sessionOn(t testing.TB, o *outlet, ptime int) *Session {
	t.Helper()
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{
		engine: e, rtp: o, joined: true, done: make(chan struct{}), silent: make(chan struct{}), keyed: make(chan struct{}, 1),
	}
	err = s.apply(sdp.Agreement{
		Codec: sdp.PCMU, Ptime: ptime, Direction: sdp.SendRecv, Remote: peer, Mux: true, Changed: true, Events: true, EventType: 101,
		Formats: []sdp.Format{{Number: 0, Codec: sdp.PCMU}, {Number: 101, Events: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// turn runs a wheel with one session for so many ticks.
func turn(t *testing.T, ptime, ticks int, late map[int]time.Duration, prepare func(s *Session)) []outgoing {
	t.Helper()
	clock := &scripted{late: late, until: ticks}
	w := plainWorker(clock)
	clock.stop = w.stop
	o := &outlet{clock: clock}
	s := sessionOn(t, o, ptime)
	if prepare != nil {
		prepare(s)
	}
	w.join(s)
	w.run()
	return o.packets
}

func TestPacketsLeaveAtTheirPace(t *testing.T) {
	for ptime := 10; ptime <= 60; ptime += 10 {
		packets := turn(t, ptime, 2400, nil, nil) // 12 s
		if want := 12000 / ptime; len(packets) < want-2 || len(packets) > want {
			t.Errorf("%d ms: %d packets in 12 s, want %d", ptime, len(packets), want)
		}
		for i, p := range packets[1:] {
			before := packets[i]
			if p.at-before.at != time.Duration(ptime)*time.Millisecond || p.timestamp-before.timestamp != uint32(8*ptime) ||
				p.sequence-before.sequence != 1 || p.marker || p.size != 8*ptime {
				t.Fatalf("%d ms: packet %d is %+v after %+v", ptime, i+1, p, before)
			}
		}
		if !packets[0].marker || packets[0].at > 25*time.Millisecond {
			t.Errorf("%d ms: the first packet is %+v", ptime, packets[0])
		}
	}
}

func TestLateTicks(t *testing.T) {
	tests := []struct {
		late    time.Duration
		missing int // packets, in one second
	}{
		{4 * time.Millisecond, 0},
		{39 * time.Millisecond, 0},
		{40 * time.Millisecond, 0},
		{60 * time.Millisecond, 3},
		{75 * time.Millisecond, 3},
		{500 * time.Millisecond, 25},
	}
	for _, test := range tests {
		var p *playback
		packets := turn(t, 20, 200, map[int]time.Duration{57: test.late}, func(s *Session) {
			pcm := make([]int16, 800*8) // each packet of the prompt has its own sound
			for i := range pcm {
				g711.DecodeMu(pcm[i:i+1], []byte{byte(i / 160)})
			}
			p = &playback{clips: []*Clip{NewClip(pcm)}, done: make(chan struct{})}
			s.playing = p
		})
		sent := int(packets[len(packets)-1].timestamp-packets[0].timestamp)/160 + 1
		if missing := sent - len(packets); missing != test.missing {
			t.Errorf("%v late: %d packets are missing, want %d", test.late, missing, test.missing)
		}
		var said []byte
		for i, packet := range packets {
			if i > 0 && packet.sequence-packets[i-1].sequence != 1 {
				t.Errorf("%v late: a sequence number is missing", test.late)
			}
			jumped := i > 0 && packet.timestamp-packets[i-1].timestamp != 160
			if i > 0 && packet.marker != jumped {
				t.Errorf("%v late: marker %v at a step of %d", test.late, packet.marker, packet.timestamp-packets[i-1].timestamp)
			}
			if packet.sound != 0xFF && !slices.Contains(said, packet.sound) {
				said = append(said, packet.sound)
			}
		}
		if test.late < 100*time.Millisecond && !p.over {
			t.Errorf("%v late: the prompt was not finished", test.late)
		}
		if p.over && len(said) != 40 {
			t.Errorf("%v late: %d of 40 packets of the prompt were sent", test.late, len(said))
		}
	}
}

func TestAPromptWaitsForTheKernel(t *testing.T) {
	clock := &scripted{until: 100}
	w := plainWorker(clock)
	clock.stop = w.stop
	o := &outlet{clock: clock, fail: true}
	s := sessionOn(t, o, 20)
	s.playing = &playback{clips: []*Clip{Tone(400, 100*time.Millisecond)}, done: make(chan struct{})}
	w.join(s)
	w.run()
	if s.playing == nil || s.playing.over || s.playing.position != (position{}) {
		t.Errorf("the prompt went on to %+v although nothing was sent", s.playing)
	}
	if s.Stats().Failed == 0 {
		t.Error("no failure was counted")
	}
}

func TestSessionsAreSpreadOverTheSlots(t *testing.T) {
	clock := &scripted{until: 1}
	w := plainWorker(clock)
	clock.stop = w.stop
	for range 40 {
		w.join(sessionOn(t, &outlet{clock: clock}, 20))
	}
	w.adopt(7)
	for slot, sessions := range w.sessions {
		if len(sessions) != 10 {
			t.Errorf("%d sessions in slot %d", len(sessions), slot)
		}
	}
}

// BenchmarkVisit is all that a packet each way costs but for the system calls.
func BenchmarkVisit(b *testing.B) {
	clock := &scripted{}
	o := &outlet{clock: clock}
	s := sessionOn(b, o, 20)
	s.playing = &playback{clips: []*Clip{Pause(time.Second)}, done: make(chan struct{})}
	s.recording = newRecorder(0)
	w := plainWorker(clock)
	w.join(s)
	w.adopt(0)
	o.packets = make([]outgoing, 0, 16)
	packet := make([]byte, 172)
	packet[0] = 0x80
	tick := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		tick += 4
		clock.time = time.Duration(tick) * tickTime
		h := header{sequence: uint16(tick), timestamp: uint32(tick * 40)}
		h.put(packet)
		o.in = packet
		o.packets = o.packets[:0]
		s.recording.intake.reset() // as its writer does
		s.playing.position = position{}
		s.reports.next = clock.time + time.Hour // reports are not packets of sound
		w.serve(tick - 2)
		w.serve(tick)
	}
}

func BenchmarkParseRTP(b *testing.B) {
	packet := make([]byte, 172)
	packet[0] = 0x80
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := parseRTP(packet); !ok {
			b.Fatal("no packet")
		}
	}
}

// BenchmarkSocket is a datagram sent and read by the kernel's sockets.
func BenchmarkSocket(b *testing.B) {
	at := netip.MustParseAddrPort("127.0.0.1:46000")
	s, err := openSocket(at)
	if err != nil {
		b.Fatal(err)
	}
	defer s.close()
	if err := s.connect(at); err != nil {
		b.Fatal(err)
	}
	var packet [maxPacket]byte
	b.ReportAllocs()
	for b.Loop() {
		if err := s.write(packet[:172], at); err != nil {
			b.Fatal(err)
		}
		if _, _, _, ok := s.read(packet[:]); !ok {
			b.Fatal("nothing came")
		}
	}
}

func FuzzParseRTP(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xFF})
	f.Add([]byte{0xB1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 1, 1, 2, 3, 4, 9, 0, 2})
	f.Fuzz(func(t *testing.T, p []byte) {
		if _, payload, ok := parseRTP(p); ok && len(payload) > len(p)-headerSize {
			t.Errorf("a payload of %d bytes in %d", len(payload), len(p))
		}
	})
}

func TestAnotherWorkerStartsWhenOneIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Config{Workers: 2, Network: func(netip.AddrPort) (PacketConn, error) { return nil, ErrNoPorts }})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		choose := func() *worker {
			e.mu.Lock()
			defer e.mu.Unlock()
			return e.worker()
		}
		first := choose()
		synctest.Wait()
		first.gauge.busyPPM.Store(599_000)
		if choose() != first {
			t.Error("another worker was started beside one that is 59.9 % busy")
		}
		first.gauge.busyPPM.Store(600_000)
		second := choose()
		synctest.Wait()
		if second == first {
			t.Fatal("no worker was started beside one that is 60 % busy")
		}
		if choose() != second {
			t.Error("a session goes to the full worker, not to the empty one")
		}
		second.gauge.busyPPM.Store(900_000)
		second.gauge.sessions.Store(1)
		if choose() != first {
			t.Error("both are full, and a session does not go to the one with fewer sessions")
		}
		if len(e.Load()) != 2 {
			t.Errorf("%d workers run, 2 may", len(e.Load()))
		}
	})
}
