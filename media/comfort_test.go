package media

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"readback/media/g722"
	"readback/media/sdp"
)

// wire keeps whole packets.
type wire struct {
	*outlet
	sent []sentPacket
}

type sentPacket struct {
	header
	payload []byte
	at      time.Duration
}

func (w *wire) write(p []byte, _ netip.AddrPort) error {
	if h, payload, ok := parseRTP(p); ok && !isRTCP(p) {
		w.sent = append(w.sent, sentPacket{h, slices.Clone(payload), w.clock.now()})
	}
	return nil
}

// sentBy is what a session sends in so many ticks after it was prepared. at is called before ticks.
func sentBy(t *testing.T, ticks int, prepare func(*Session), at map[int]func(*Session)) []sentPacket {
	t.Helper()
	clock := &scripted{until: ticks + 2}
	w := plainWorker(clock)
	clock.stop = w.stop
	out := &wire{outlet: &outlet{clock: clock}}
	s := sessionOn(t, out.outlet, 20)
	s.rtp = out
	prepare(s)
	w.join(s)
	for tick := range ticks {
		w.adopt(int64(tick))
		if f := at[tick]; f != nil {
			f(s)
		}
		clock.time = time.Duration(tick) * tickTime
		w.serve(int64(tick))
	}
	return out.sent
}

// play begins to play without waiting.
func play(s *Session, clips ...*Clip) *playback {
	p := &playback{clips: clips, done: make(chan struct{})}
	p.prepare(s.agreed.Codec)
	s.playing = p
	return p
}

func withNoise(number uint8) func(*Session) {
	return func(s *Session) { s.agreed.Noise, s.agreed.NoiseType = true, number }
}

// Between prompts comfort noise goes out at the pace of sound, and the first packet of speech after it is marked.
func TestComfortNoiseBetweenPrompts_RFC3389_RFC3551_4_1(t *testing.T) {
	packets := sentBy(t, 200, withNoise(98), map[int]func(*Session){
		40:  func(s *Session) { play(s, Tone(400, 100*time.Millisecond)) },
		120: func(s *Session) { play(s, Tone(500, 50*time.Millisecond)) }, // ends in the midst of a packet
	})
	spoken := 0
	for i, p := range packets {
		if i > 0 {
			before := packets[i-1]
			if p.timestamp-before.timestamp != 160 || p.sequence-before.sequence != 1 || p.at-before.at != 20*time.Millisecond {
				t.Fatalf("packet %d is %+v after %+v", i, p.header, before.header)
			}
		}
		switch {
		case p.payloadType == 98 && slices.Equal(p.payload, []byte{comfortLevel}) && !p.marker:
		case p.payloadType == 0 && len(p.payload) == 160:
			spoken++
			if begins := packets[i-1].payloadType == 98; p.marker != begins {
				t.Errorf("packet %d of speech, %d bytes of type %d before it: marker %v", i, len(packets[i-1].payload), packets[i-1].payloadType, p.marker)
			}
		default:
			t.Errorf("packet %d is %+v of %d bytes", i, p.header, len(p.payload))
		}
	}
	if spoken != 5+3 || len(packets) != 50 {
		t.Errorf("%d of %d packets are of speech, want 8 of 50", spoken, len(packets))
	}
}

// A key between noise and speech does not take the mark from the speech.
func TestSpeechAfterNoiseAndAKeyIsMarked(t *testing.T) {
	packets := sentBy(t, 200, withNoise(13), map[int]func(*Session){
		40: func(s *Session) { s.dialling = &dialling{events: []byte{1}, done: make(chan struct{})} },
		60: func(s *Session) { play(s, Tone(400, time.Second)) },
	})
	marked := []uint8{}
	for _, p := range packets {
		if p.marker {
			marked = append(marked, p.payloadType)
		}
	}
	if !slices.Equal(marked, []uint8{101, 0}) {
		t.Errorf("marked are packets of types %v, want the first of the key, 101, and of speech, 0", marked)
	}
}

func TestSilenceWithoutComfortNoise(t *testing.T) {
	for codec, want := range map[sdp.Codec]byte{sdp.PCMU: 0xFF, sdp.PCMA: 0xD5, sdp.G722: 0xFD} {
		packets := sentBy(t, 40, func(s *Session) { s.agreed.Codec, s.agreed.PayloadType = codec, 96 }, nil)
		for i, p := range packets {
			if p.payloadType != 96 || len(p.payload) != 160 || p.marker != (i == 0) ||
				slices.ContainsFunc(p.payload, func(b byte) bool { return b != want }) {
				t.Errorf("%v: packet %d is %+v of %d bytes, the first % x", codec, i, p.header, len(p.payload), p.payload[:1])
			}
		}
		if len(packets) != 10 {
			t.Errorf("%v: %d packets in 200 ms, want 10", codec, len(packets))
		}
	}
}

// Packets of any length carry the clips without a seam, also where one ends in the midst of a packet.
func TestClipsFollowOneAnotherInPacketsOfAnyLength(t *testing.T) {
	lengths := []int{777, 1, 80, 0, 1234, 3}
	for _, codec := range sdp.Codecs() {
		for ptime := 10; ptime <= 60; ptime += 10 {
			var clips []*Clip
			var want, got []byte
			for i, n := range lengths {
				clip := NewClip(Tone(300+100*float64(i), time.Second).PCM()[400 : 400+n])
				clips, want = append(clips, clip), append(want, clip.coded(codec)...)
			}
			var p *playback
			packets := sentBy(t, 120, func(s *Session) {
				s.agreed.Codec, s.agreed.Ptime = codec, ptime
				p = play(s, clips...)
			}, nil)
			for i, packet := range packets {
				if len(packet.payload) != 8*ptime || i > 0 && packet.timestamp-packets[i-1].timestamp != uint32(8*ptime) {
					t.Fatalf("%v, %d ms: packet %d is %+v of %d bytes", codec, ptime, i, packet.header, len(packet.payload))
				}
				got = append(got, packet.payload...)
			}
			still := make([]byte, len(got)-len(want))
			silence(still, codec)
			if !p.over || !slices.Equal(got, append(want, still...)) {
				t.Errorf("%v, %d ms: what was sent is not the clips one after another, and then silence", codec, ptime)
			}
		}
	}
}

// Where G.722 goes over to comfort noise, silence leads the peer's decoder to rest first.
func TestG722RestsBeforeComfortNoise(t *testing.T) {
	packets := sentBy(t, 100, func(s *Session) { withNoise(13)(s); s.agreed.Codec, s.agreed.PayloadType = sdp.G722, 9 },
		map[int]func(*Session){40: func(s *Session) { play(s, Tone(400, 100*time.Millisecond)) }})
	kinds := ""
	for _, p := range packets {
		switch {
		case p.payloadType == 13:
			kinds += "n"
		case !slices.ContainsFunc(p.payload, func(b byte) bool { return b != g722.Silence }):
			kinds += "s"
		default:
			kinds += "t"
		}
	}
	if want := "ssnnnnnnnntttttssnnnnnnnn"; kinds != want {
		t.Errorf("sent are silence, noise and tone as %s, want %s", kinds, want)
	}
}

// A re-INVITE that changes the codec in the midst of a prompt finds it coded before the next packet is due.
func TestAPromptIsCodedBeforeTheCodecChanges(t *testing.T) {
	clip := NewClip(Tone(400, time.Second).PCM())
	packets := sentBy(t, 100, func(s *Session) { play(s, clip) }, map[int]func(*Session){
		40: func(s *Session) {
			agreed := s.agreed
			agreed.Codec, agreed.PayloadType = sdp.G722, 9
			err := s.apply(agreed)
			if err != nil || clip.g722.bytes == nil {
				t.Errorf("apply: %v; %d bytes are coded", err, len(clip.g722.bytes))
			}
		},
	})
	var got []byte
	for _, p := range packets {
		got = append(got, p.payload...)
	}
	want := slices.Concat(clip.coded(sdp.PCMU)[:10*160], clip.coded(sdp.G722)[10*160:25*160])
	if !slices.Equal(got, want) {
		t.Error("what was sent is not the prompt, first in PCMU and then in G722")
	}
}

// BenchmarkCarry is what it costs to put a packet of 20 ms together.
func BenchmarkCarry(b *testing.B) {
	clips := []*Clip{Tone(400, 13*time.Millisecond), Pause(time.Second)}
	for name, prepare := range map[string]func(*Session){
		"PCMU":    func(s *Session) { play(s, clips...) },
		"G722":    func(s *Session) { s.agreed.Codec = sdp.G722; play(s, clips...) },
		"silence": func(*Session) {},
		"noise":   withNoise(13),
	} {
		b.Run(name, func(b *testing.B) {
			s := sessionOn(b, &outlet{}, 20)
			prepare(s)
			var payload [maxFrame]byte
			b.ReportAllocs()
			for b.Loop() {
				h, d := header{}, departure{size: 160}
				s.carry(&h, &d, payload[:])
			}
		})
	}
}
