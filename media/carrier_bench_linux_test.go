package media

import (
	"log/slog"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"readback/media/sdp"
)

// inFlight is how many packets the benchmarks of carriers have in one tick.
const inFlight = 64

// bench is a session on a real port of the loopback, its worker, and the peer's socket.
type bench struct {
	worker  *worker
	session *Session
	peer    *socket
	sends   netip.AddrPort // where the peer sends
}

// benchCarriers runs a benchmark with each way of I/O that this kernel allows.
func benchCarriers(b *testing.B, run func(*testing.B, *bench)) {
	b.Run(ioPlain, func(b *testing.B) {
		run(b, newBench(b, func(w *worker) (carrier, error) { return &plain{w: w}, nil }))
	})
	b.Run(ioRing, func(b *testing.B) {
		if err := probeUring(); err != nil {
			b.Skip(err)
		}
		run(b, newBench(b, func(w *worker) (carrier, error) { return newUring(w, 8) }))
	})
}

func newBench(b *testing.B, open func(*worker) (carrier, error)) *bench {
	b.Helper()
	runtime.LockOSThread() // a ring belongs to a thread
	b.Cleanup(runtime.UnlockOSThread)
	w := newWorker(newSleeper(), nil, slog.New(slog.DiscardHandler))
	c, err := open(w)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.close)
	w.carrier = c
	return newBenchOn(b, w)
}

// newBenchOn is another session of a worker.
func newBenchOn(b *testing.B, w *worker) *bench {
	b.Helper()
	ours, at := benchSocket(b)
	theirs, from := benchSocket(b)
	s := sessionOn(b, &outlet{}, 20)
	s.rtp, s.latch.source, s.latch.to = ours, from, from
	if err := ours.connect(from); err != nil {
		b.Fatal(err)
	}
	w.carrier.adopt(s)
	return &bench{worker: w, session: s, peer: theirs, sends: at}
}

func benchSocket(b *testing.B) (*socket, netip.AddrPort) {
	b.Helper()
	io, err := openSocket(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = io.close() })
	s := io.(*socket)
	at, err := s.local()
	if err != nil {
		b.Fatal(err)
	}
	return s, at
}

// BenchmarkSend is a packet of a prompt, from the coded clip to the kernel.
func BenchmarkSend(b *testing.B) {
	benchCarriers(b, func(b *testing.B, x *bench) {
		s, w := x.session, x.worker
		s.playing = &playback{clips: []*Clip{Tone(400, 10*time.Second)}, done: make(chan struct{})}
		s.playing.clips[0].coded(sdp.PCMU)
		var packet [maxPacket]byte
		b.ReportAllocs()
		for n := 1; b.Loop(); n++ {
			w.tick += 4
			s.playing.position = position{}
			w.carrier.ready()
			s.mu.Lock()
			s.send(w)
			s.mu.Unlock()
			if n%inFlight != 0 {
				continue
			}
			w.carrier.flush()
			b.StopTimer()
			for range inFlight {
				if size, _, _, ok := x.peer.read(packet[:]); !ok || size != 172 {
					b.Fatalf("%d bytes came (%v)", size, ok)
				}
			}
			b.StartTimer()
		}
		w.carrier.flush()
	})
}

// BenchmarkReceive is a packet of sound, from the kernel through everything that is done with it.
func BenchmarkReceive(b *testing.B) {
	benchCarriers(b, func(b *testing.B, x *bench) {
		s, w := x.session, x.worker
		s.options.Pacing, s.options.Reaction = new(Pacing), new(Reaction)
		s.recording = newRecorder(0)
		h := header{ssrc: 1}
		var packet [172]byte
		b.ReportAllocs()
		n := int64(0)
		for ; b.Loop(); n++ {
			if n%inFlight == 0 {
				b.StopTimer()
				for range inFlight {
					h.sequence, h.timestamp = h.sequence+1, h.timestamp+160
					h.put(packet[:])
					if err := x.peer.write(packet[:], x.sends); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
			}
			w.carrier.ready()
			s.mu.Lock()
			s.recording.intake.reset() // as its writer does
			w.carrier.receive(s)
			s.mu.Unlock()
			if n%inFlight == inFlight-1 {
				w.carrier.flush()
			}
		}
		w.carrier.flush()
		if s.in.received != n || s.in.lost != 0 {
			b.Errorf("%d packets of %d came, %d were lost", s.in.received, n, s.in.lost)
		}
	})
}
