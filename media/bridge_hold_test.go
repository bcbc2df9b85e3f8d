package media_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
)

// While one side is on hold the other hears music, or silence; nothing is sent to the one that holds, and it is heard
// again at once.
func TestHoldInABridge(t *testing.T) {
	for _, direction := range []string{"sendonly", "inactive"} {
		for name, music := range map[string]*media.Clip{"silence": nil, "music": media.Tone(440, 300*time.Millisecond)} {
			t.Run(direction+" and "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					agent := side{codec: "PCMA"}
					j := join(t, side{codec: "PCMU"}, agent, media.BridgeOptions{Music: music})
					for range 3 {
						j.agent.offers(t, agent, direction)
						ctx, hush := context.WithCancel(t.Context())
						go func() { _ = j.agent.phone.Loop(ctx, media.Tone(700, time.Second)) }() // its own music
						before := j.agent.gate.Stats().Sent
						heard := heardDuring(j.caller.phone, func() { time.Sleep(3 * time.Second) })
						if sent := j.agent.gate.Stats().Sent - before; sent != 0 {
							t.Errorf("%d packets were sent to the one that holds", sent)
						}
						got := level(heard[4000:])
						if music != nil && math.Abs(got+22) > 1 || music == nil && got > -60 {
							t.Errorf("on hold the caller hears %.1f dBov", got)
						}
						if got := likeness(toneOf(700, 2000), heard[8000:]); got > 0.3 {
							t.Error("the caller hears the music of the one that holds")
						}
						hush()
						j.agent.offers(t, agent, "")
						time.Sleep(500 * time.Millisecond)
						crosses(t, j.agent.phone, j.caller.phone, 0.98)
						crosses(t, j.caller.phone, j.agent.phone, 0.98)
					}
					j.ends(t)
				})
			})
		}
	}
}

func toneOf(hz float64, samples int) []int16 {
	return media.Tone(hz, time.Second).PCM()[1000 : 1000+samples]
}

// Each leg's stream goes on as one: its SSRC stays, sequence numbers and timestamps have no gap, through bridge, hold
// music, prompts and the end.
func TestStreamsStayOne_RFC3550_5_1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, ended, gates := rawJoined(t, media.BridgeOptions{Music: media.Tone(440, time.Second)})
		var e ear
		for i := range 600 {
			switch i {
			case 100:
				go func() { _ = gates[1].Play(t.Context(), media.Tone(500, 700*time.Millisecond)) }()
			case 200:
				answer(t, gates[0], offer("198.51.100.1:4000", 2, "a=sendonly\n"))
			case 300:
				answer(t, gates[0], offer("198.51.100.1:4000", 3, ""))
			case 500:
				gates[0].Close()
				if err := <-ended; !errors.Is(err, media.ErrClosed) {
					t.Errorf("ended with %v", err)
				}
			}
			if i < 500 {
				a.sound()
			}
			rounds(1)
			e.listen(b)
		}
		if len(e.headers) < 590 {
			t.Errorf("%d packets came", len(e.headers))
		}
		for i, h := range e.headers[1:] {
			was := e.headers[i]
			if h.ssrc != was.ssrc || h.sequence != was.sequence+1 || h.timestamp != was.timestamp+160 || h.marker || h.samples != 160 {
				t.Errorf("packet %d is %+v after %+v", i+1, h, was)
			}
		}
		if !e.headers[0].marker {
			t.Error("the first packet has no marker")
		}
	})
}

// Silence that one side describes reaches the other described, where it takes that, and as noise where it does not.
func TestComfortNoiseAcrossABridge_RFC3389(t *testing.T) {
	for _, understood := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			takes := offerWithNoise
			if !understood {
				takes = offer
			}
			gateA, na := gateway(t)
			a := handsetAt(t, na, "198.51.100.1:4000", gateA.LocalAddr())
			answer(t, gateA, offerWithNoise("198.51.100.1:4000", 1, ""))
			gateB, nb := gateway(t)
			b := handsetAt(t, nb, "198.51.100.2:4000", gateB.LocalAddr())
			answer(t, gateB, takes("198.51.100.2:4000", 1, ""))
			go func() { _ = media.Bridge(t.Context(), gateA, gateB, media.BridgeOptions{}) }()
			rounds(10)
			a.sound()
			a.send(13, []byte{45, 120, 130})
			rounds(20)
			var e ear
			e.listen(b)
			e = ear{}
			rounds(20)
			e.listen(b)
			described := b.last()
			if understood {
				if string(described) != "\x2d\x78\x82" {
					t.Errorf("the silence is described as %x, want 2d7882", described)
				}
				a.stamp += 40 * 160
				e = ear{}
				a.sound()
				rounds(4)
				e.listen(b)
				if len(e.headers) == 0 || !e.headers[0].marker {
					t.Errorf("what is said after it: %+v", e.headers)
				}
				return
			}
			if got := level(e.pcm); math.Abs(got+45) > 2 {
				t.Errorf("the silence is heard at %.1f dBov, want -45", got)
			}
		})
	}
}

func offerWithNoise(at string, version int, attributes string) []byte {
	return bytes.Replace(offer(at, version, attributes), []byte("RTP/AVP 0 "), []byte("RTP/AVP 0 13 "), 1)
}

// last is the payload of the last packet that comes within two rounds.
func (h *handset) last() (payload []byte) {
	rounds(2)
	var p [1500]byte
	for {
		n, _, ok := h.TryRead(p[:])
		if !ok {
			return payload
		}
		if p[1] < 128+64 {
			payload = slices.Clone(p[12:n])
		}
	}
}

// A word to one side alone goes before what the other says, and both are heard as they should be, in wideband too, also
// when the word is cut off.
func TestAPromptInABridge(t *testing.T) {
	for _, codec := range []string{"PCMU", "G722"} {
		for name, long := range map[string]time.Duration{"whole": 450 * time.Millisecond, "cut off": time.Minute} {
			synctest.Test(t, func(t *testing.T) {
				j := join(t, side{codec: codec}, side{codec: codec}, media.BridgeOptions{})
				said := babble(8*time.Second, -20)
				go func() { _ = j.caller.phone.Play(t.Context(), media.NewClip(said)) }()
				heard := heardDuring(j.agent.phone, func() {
					time.Sleep(2450 * time.Millisecond)
					ctx, cut := context.WithTimeout(t.Context(), 500*time.Millisecond)
					defer cut()
					_ = j.agent.gate.Play(ctx, media.Tone(1000, long), media.Pause(50*time.Millisecond))
					time.Sleep(5 * time.Second)
				})
				word := toneOf(1000, 3200)
				if like, _ := alignment(word, heard[2450*8:], 1600); like < 0.9 {
					t.Errorf("%s: a word that is %s is heard %.2f like itself", codec, name, like)
				}
				_, late := alignment(said[28800:31200], heard[28800:], 1300)
				rest := 2985 * 8 // of the burst in which the word has ended
				like, _ := alignment(said[rest:rest+480], heard[rest+late-20:], 40)
				if d := level(heard[rest+late:rest+late+480]) - level(said[rest:rest+480]); like < 0.95 || math.Abs(d) > 1 {
					t.Errorf("%s: what is said after a word that is %s is heard %.2f like itself and %.1f dB louder", codec, name, like, d)
				}
				end := 2925*8 + late
				if got := level(heard[end : end+480]); got > -19 {
					t.Errorf("%s: between a word that is %s and what is said after it are %.1f dBov", codec, name, got)
				}
			})
		}
	}
}
