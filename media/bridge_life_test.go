package media_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/media/g711"
)

// What is lost on the way to the gateway is concealed to the other side, in every pair of codecs.
func TestLossIsConcealedAcrossABridge(t *testing.T) {
	for _, pair := range [][2]string{{"PCMU", "PCMU"}, {"PCMU", "PCMA"}, {"G722", "G722"}, {"G722", "PCMU"}, {"PCMA", "G722"}} {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := join(t, side{codec: pair[0]}, side{codec: pair[1]}, media.BridgeOptions{})
				j.settle(t)
				r := rand.New(rand.NewPCG(1, 1))
				lost := 0
				j.caller.net.SetFault(func(_, to netip.AddrPort, p []byte) bool {
					loses := to == j.caller.gate.LocalAddr() && len(p) > 100 && r.IntN(20) == 0
					if loses {
						lost++
					}
					return loses
				})
				said := slices.Concat(make([]int16, 800), babble(4*time.Second, -20))
				heard := heardDuring(j.agent.phone, func() {
					if err := j.caller.phone.Play(t.Context(), media.NewClip(said)); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Second)
				})
				if lost < 5 {
					t.Errorf("%d packets were lost", lost)
				}
				if st := j.agent.phone.Stats(); st.Lost != 0 || st.Reordered != 0 {
					t.Errorf("the agent misses packets: %+v", st)
				}
				least := 0.9
				if pair[0] == pair[1] && pair[0] == "G722" {
					least = 0.8 // after a loss what is coded anew is 1.4 ms later, up to the next pause
				}
				if like := burstsAlike(said, heard); like < least {
					t.Errorf("what is heard is %.3f like what was said", like)
				}
				if d := level(said[8000:]) - level(heard[8000:36000]); math.Abs(d) > 1.5 {
					t.Errorf("heard %.1f dB lower than said", d)
				}
			})
		})
	}
}

// burstsAlike is how alike babble is to what is heard of it, burst by burst.
func burstsAlike(said, heard []int16) float64 {
	_, late := alignment(said[3200:16000], heard[3200:], 1000)
	sum, n := 0.0, 0
	for at := 800 + 3200; at+2400 < len(said); at += 3200 {
		like, _ := alignment(said[at:at+2400], heard[at+max(0, late-20):], 40)
		sum, n = sum+like, n+1
	}
	return sum / float64(n)
}

// A jittery caller is heard whole, at a delay that the jitter demands; when it is calm again, sooner.
func TestJitterAcrossABridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, _ := rawJoined(t, media.BridgeOptions{})
		rounds(5)
		const jittery, packets = 500, 3500
		said := babble(70*time.Second, -20)
		code := make([]byte, len(said))
		g711.EncodeMu(code, said)
		r := rand.New(rand.NewPCG(1, 1))
		var e ear
		e.listen(b)
		e = ear{}
		for i := range packets {
			packet := a.packet(0, code[160*i:160*(i+1)])
			late := time.Duration(0)
			if i < jittery {
				late = time.Duration(r.IntN(60)) * time.Millisecond
			}
			time.AfterFunc(late, func() { _, _ = a.WriteToAddrPort(packet, a.to) })
			b.sound()
			rounds(1)
			e.listen(b)
		}
		delay := func(from int) (float64, time.Duration) {
			like, at := alignment(said[from:from+16000], e.pcm[from:], 2500)
			return like, time.Duration(at) * 125 * time.Microsecond
		}
		like, late := delay(160 * (jittery - 150))
		if like < 0.98 || late < 60*time.Millisecond || late > 120*time.Millisecond {
			t.Errorf("while it is jittery what is heard is %.3f like what was said, %v late", like, late)
		}
		calmLike, calm := delay(160 * (packets - 150))
		if calmLike < 0.99 || calm > late-20*time.Millisecond {
			t.Errorf("when it is calm again what is heard is %.3f like what was said, %v late after %v", calmLike, calm, late)
		}
		t.Logf("%v late with jitter of 60 ms, %v without", late, calm)
	})
}

// Whenever a call is over, so is its bridge; the other call can go into another one.
func TestABridgeEndsWithEitherCall(t *testing.T) {
	tests := map[string]struct {
		happen func(j *joined)
		leg    func(j *joined) *media.Session
		want   error
	}{
		"the caller hangs up":  {func(j *joined) { j.caller.gate.Close() }, func(j *joined) *media.Session { return j.caller.gate }, media.ErrClosed},
		"the agent hangs up":   {func(j *joined) { j.agent.gate.Close() }, func(j *joined) *media.Session { return j.agent.gate }, media.ErrClosed},
		"the caller is silent": {func(j *joined) { j.caller.phone.Close() }, func(j *joined) *media.Session { return j.caller.gate }, media.ErrSilent},
		"the agent is silent":  {func(j *joined) { j.agent.phone.Close() }, func(j *joined) *media.Session { return j.agent.gate }, media.ErrSilent},
	}
	for name, test := range tests {
		for _, at := range []time.Duration{0, time.Millisecond, 17 * time.Millisecond, 300 * time.Millisecond, 5 * time.Second} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					j := &joined{caller: callOf(t, side{codec: "PCMU"}), agent: callOf(t, side{codec: "G722"})}
					ctx, hush := context.WithCancel(t.Context())
					var talks sync.WaitGroup
					talks.Go(func() { _ = j.caller.phone.Play(ctx, media.NewClip(babble(time.Minute, -20))) })
					talks.Go(func() { _ = j.caller.phone.SendKeys(ctx, "1234567890") })
					j.bridge(t, media.BridgeOptions{Music: media.Tone(400, time.Second)})
					time.Sleep(at)
					test.happen(j)
					err := <-j.ended
					hush()
					talks.Wait()
					var leg *media.LegError
					if !errors.Is(err, test.want) || !errors.As(err, &leg) || leg.Leg != test.leg(j) {
						t.Errorf("after %v: ended with %v", at, err)
					}
					if errors.Is(err, media.ErrClosed) { // the other one can be joined to somebody else
						next := &joined{caller: callOf(t, side{codec: "PCMA"}), agent: j.agent}
						if leg.Leg == j.agent.gate {
							next.agent = j.caller
						}
						next.bridge(t, media.BridgeOptions{})
						next.settle(t)
						crosses(t, next.caller.phone, next.agent.phone, 0.9)
						next.stop(errOver)
						if err := <-next.ended; !errors.Is(err, errOver) {
							t.Errorf("the next bridge ended with %v", err)
						}
					}
				})
			})
		}
	}
}

func TestBridgesThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := join(t, side{codec: "PCMU"}, side{codec: "PCMU"}, media.BridgeOptions{})
		third := callOf(t, side{codec: "PCMU"})
		for name, pair := range map[string][2]*media.Session{
			"one in another bridge": {third.gate, j.agent.gate},
			"one with itself":       {third.gate, third.gate},
		} {
			if err := media.Bridge(t.Context(), pair[0], pair[1], media.BridgeOptions{}); !errors.Is(err, media.ErrBusy) {
				t.Errorf("%s: %v", name, err)
			}
		}
		j.ends(t)
		third.gate.Close()
		if err := media.Bridge(t.Context(), j.caller.gate, third.gate, media.BridgeOptions{}); !errors.Is(err, media.ErrClosed) {
			t.Errorf("one that is closed: %v", err)
		}
		j.usable(t)
	})
}

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

// Both sides are recorded while they talk; what one of them presses goes across, and ends no recording.
func TestBothSidesOfABridgeAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := join(t, side{codec: "PCMU"}, side{codec: "PCMA"}, media.BridgeOptions{})
		ctx, stop := context.WithCancelCause(t.Context())
		files := [2]*os.File{tape(t), tape(t)}
		var recordings sync.WaitGroup
		for i, c := range []*call{j.caller, j.agent} {
			recordings.Go(func() {
				if r, err := c.gate.Record(ctx, files[i], media.RecordLimit{}); !errors.Is(err, errGone) || r.EndedBy != media.EndCall {
					t.Errorf("side %d: ended by %v, %v", i, r.EndedBy, err)
				}
			})
		}
		said := [2][]int16{babble(2*time.Second, -20), babble(2*time.Second, -26)}
		var talk sync.WaitGroup
		talk.Go(func() { _ = j.caller.phone.Play(t.Context(), media.NewClip(said[0])) })
		talk.Go(func() { _ = j.agent.phone.Play(t.Context(), media.NewClip(said[1])) })
		talk.Wait()
		if err := j.caller.phone.SendKeys(t.Context(), "#"); err != nil {
			t.Error(err)
		}
		time.Sleep(500 * time.Millisecond)
		stop(errGone)
		recordings.Wait()
		for i, f := range files {
			pcm := played(t, f)
			if got, want := level(pcm[2000:14000]), level(said[i][2000:14000]); math.Abs(got-want) > 1 {
				t.Errorf("side %d is recorded at %.1f dBov, want %.1f", i, got, want)
			}
		}
		if got := waiting(t, j.agent.phone); got != "#" {
			t.Errorf("the agent heard %q, want #", got)
		}
	})
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

// Who comes late into a bridge hears nothing of what was said before.
func TestWhoComesLateHearsNothingOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateA, na := gateway(t)
		a := handsetAt(t, na, "198.51.100.1:4000", gateA.LocalAddr())
		answer(t, gateA, offer("198.51.100.1:4000", 1, ""))
		gateB, nb := gateway(t)
		b := handsetAt(t, nb, "198.51.100.2:4000", gateB.LocalAddr())
		go func() { _ = media.Bridge(t.Context(), gateA, gateB, media.BridgeOptions{}) }()
		tone, silence := make([]byte, 160), make([]byte, 160)
		g711.EncodeMu(tone, toneOf(700, 160))
		g711.EncodeMu(silence, make([]int16, 160))
		var e ear
		for i := range 200 {
			switch {
			case i < 100:
				a.send(0, tone)
			case i == 100:
				answer(t, gateB, offer("198.51.100.2:4000", 1, ""))
				fallthrough
			default:
				a.send(0, silence)
			}
			rounds(1)
			e.listen(b)
		}
		if got := level(e.pcm); len(e.pcm) < 80*160 || got > -60 {
			t.Errorf("%d samples of %.1f dBov are heard", len(e.pcm), got)
		}
	})
}
