package media_test

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
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
			send := func() { _, _ = a.WriteToAddrPort(packet, a.to) }
			if late := time.Duration(r.IntN(60)) * time.Millisecond; i < jittery && late > 0 {
				time.AfterFunc(late, send)
			} else {
				send()
			}
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
