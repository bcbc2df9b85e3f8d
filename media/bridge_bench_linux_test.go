package media

import (
	"context"
	"fmt"
	"testing"
	"time"

	"readback/media/sdp"
)

// benchLegs are two sessions of one worker on real ports.
type benchLegs [2]*bench

func newBenchLegs(b *testing.B, open func(*worker) (carrier, error), codecs [2]sdp.Codec) benchLegs {
	b.Helper()
	legs := benchLegs{newBench(b, open)}
	legs[1] = newBenchOn(b, legs[0].worker)
	for i, x := range legs {
		x.session.agreed.Codec, x.session.agreed.PayloadType = codecs[i], uint8(codecs[i])
		x.session.formats[codecs[i]] = sdp.Format{Number: uint8(codecs[i]), Codec: codecs[i]}
	}
	return legs
}

// round is 20 ms of both: what it costs the worker. The peers' own packets are not in it.
func (legs benchLegs) round(b *testing.B, packet, in []byte, n int) time.Duration {
	w := legs[0].worker
	for i, x := range legs {
		h := header{ssrc: 1, payloadType: x.session.agreed.PayloadType, sequence: uint16(n), timestamp: uint32(n) * 160}
		h.put(packet)
		packet[40+i] = byte(n)
		if err := x.peer.write(packet, x.sends); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	w.tick += 4
	for _, x := range legs {
		s := x.session
		w.carrier.ready()
		s.mu.Lock()
		w.carrier.receive(s)
		if p := s.playing; p != nil {
			p.position = position{}
		}
		s.send(w)
		s.mu.Unlock()
	}
	w.carrier.flush()
	took := time.Since(began)
	for _, x := range legs {
		if size, _, _, ok := x.peer.read(in); !ok || size < 172 {
			b.Fatalf("%d bytes came (%v)", size, ok)
		}
	}
	return took
}

// BenchmarkBridge is what 20 ms of two calls cost that are bridged, beside two with prompts, measured in turns.
func BenchmarkBridge(b *testing.B) {
	for _, codecs := range [][2]sdp.Codec{
		{sdp.PCMU, sdp.PCMU}, {sdp.PCMU, sdp.PCMA}, {sdp.G722, sdp.G722}, {sdp.PCMU, sdp.G722},
	} {
		b.Run(fmt.Sprintf("%v-%v", codecs[0], codecs[1]), func(b *testing.B) {
			for _, way := range []string{ioPlain, ioRing} {
				b.Run(way, func(b *testing.B) { benchBridge(b, way, codecs) })
			}
		})
	}
}

func benchBridge(b *testing.B, way string, codecs [2]sdp.Codec) {
	open := func(w *worker) (carrier, error) { return &plain{w: w}, nil }
	if way == ioRing {
		if err := probeUring(); err != nil {
			b.Skip(err)
		}
		open = func(w *worker) (carrier, error) { return newUring(w, 8) }
	}
	alone, joined := newBenchLegs(b, open, codecs), newBenchLegs(b, open, codecs)
	for i, x := range alone {
		x.session.playing = &playback{clips: []*Clip{Tone(400, 10*time.Second)}, done: make(chan struct{})}
		x.session.playing.clips[0].coded(codecs[i])
	}
	ended := make(chan struct{})
	ctx, stop := context.WithCancel(b.Context())
	go func() {
		defer close(ended)
		_ = Bridge(ctx, joined[0].session, joined[1].session, BridgeOptions{})
	}()
	defer func() { <-ended }()
	defer stop()
	for {
		joined[1].session.mu.Lock()
		ready := joined[1].session.bridged != nil
		joined[1].session.mu.Unlock()
		if ready {
			break
		}
		time.Sleep(time.Millisecond)
	}
	packet, in := make([]byte, 172), make([]byte, maxPacket)
	n := 0
	var prompts, bridged time.Duration
	for range 100 { // a quiet beginning, from which G.722 goes over to passing
		for i := range packet {
			packet[i] = 0xFD
		}
		joined.round(b, packet, in, n)
		alone.round(b, packet, in, n)
		n++
	}
	begun := n
	b.ReportAllocs()
	for b.Loop() {
		prompts += alone.round(b, packet, in, n)
		bridged += joined.round(b, packet, in, n)
		n++
	}
	b.ReportMetric(float64(bridged.Nanoseconds())/float64(n-begun), "ns-bridged")
	b.ReportMetric(float64(prompts.Nanoseconds())/float64(n-begun), "ns-prompts")
	b.ReportMetric(float64(bridged)/float64(prompts), "ratio")
}
