package media_test

import (
	"context"
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/media/dtmf"
	"readback/media/g711"
)

// tonesIn are the keys whose tones are in a sound.
func tonesIn(pcm []int16) string {
	var d dtmf.Tones
	var keys []byte
	for len(pcm) > 0 {
		n := min(160, len(pcm))
		if key, ok := d.Hear(pcm[:n]); ok {
			keys = append(keys, byte(key))
		}
		pcm = pcm[n:]
	}
	return string(keys)
}

// A key that one side presses reaches the other once, on one way, or is kept.
func TestKeysGoAcrossOnce(t *testing.T) {
	const pressed = "0123456789*#ABCD5544"
	events, tones := side{codec: "PCMU"}, side{codec: "PCMA", tones: true}
	byEvents := func(t *testing.T, c *call) {
		if err := c.phone.SendKeys(t.Context(), pressed); err != nil {
			t.Error(err)
		}
	}
	byTones := func(t *testing.T, c *call) {
		if err := c.phone.Play(t.Context(), touch(pressed)); err != nil {
			t.Error(err)
		}
	}
	byINFO := func(_ *testing.T, c *call) {
		for _, key := range []byte(pressed) {
			c.gate.Info("application/dtmf", []byte{key})
			time.Sleep(300 * time.Millisecond)
		}
	}
	without := func(key string) string { return strings.ReplaceAll(pressed, key, "") }
	tests := map[string]struct {
		from, to side
		press    func(*testing.T, *call)
		keep     string
		unsent   bool // there is one to send INFO
		// What the other side has of it in events, in the sound, to be sent by INFO, and what stays.
		byEvent, byTone, byINFO, kept string
	}{
		"events to events":                     {from: events, to: events, press: byEvents, byEvent: pressed},
		"events to INFO":                       {from: events, to: tones, press: byEvents, unsent: true, byINFO: pressed},
		"events to tones":                      {from: events, to: tones, press: byEvents, byTone: pressed},
		"INFO to events":                       {from: events, to: events, press: byINFO, byEvent: pressed},
		"INFO without events to INFO":          {from: tones, to: tones, press: byINFO, unsent: true, byINFO: pressed},
		"tones to a side with events":          {from: tones, to: events, press: byTones, byTone: pressed},
		"tones to a side without":              {from: tones, to: tones, press: byTones, unsent: true, byTone: pressed},
		"events into wideband":                 {from: events, to: side{codec: "G722"}, press: byEvents, byEvent: pressed},
		"tones into wideband":                  {from: tones, to: side{codec: "G722"}, press: byTones, byTone: pressed},
		"all kept, by events":                  {from: events, to: events, press: byEvents, keep: media.AllKeys, kept: pressed},
		"all kept, by tones":                   {from: tones, to: events, press: byTones, keep: media.AllKeys, kept: pressed},
		"all kept, by tones, to tones":         {from: tones, to: tones, press: byTones, keep: media.AllKeys, kept: pressed},
		"all kept, by INFO":                    {from: events, to: events, press: byINFO, keep: media.AllKeys, kept: pressed},
		"the star is kept, by events":          {from: events, to: events, press: byEvents, keep: "*", byEvent: without("*"), kept: "*"},
		"the star is kept, by tones":           {from: tones, to: events, press: byTones, keep: "*", byEvent: without("*"), kept: "*"},
		"the star is kept, by tones, to INFO":  {from: tones, to: tones, press: byTones, keep: "*", unsent: true, byINFO: without("*"), kept: "*"},
		"packets of 60 ms, by tones, all kept": {from: side{codec: "PCMU", tones: true, ptime: 60}, to: side{codec: "PCMU", ptime: 60}, press: byTones, keep: media.AllKeys, kept: pressed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var informed []byte
				o := media.BridgeOptions{KeepA: test.keep}
				if test.unsent {
					o.Unsent = func(_ context.Context, _ *media.Session, key media.Key) {
						mu.Lock()
						defer mu.Unlock()
						informed = append(informed, byte(key))
					}
				}
				j := join(t, test.from, test.to, o)
				heard := heardDuring(j.agent.phone, func() {
					test.press(t, j.caller)
					time.Sleep(6 * time.Second)
				})
				if got := level(heard[4000:]); test.keep != "" && got > -60 {
					t.Errorf("of keys that are kept the other side hears %.1f dBov", got)
				}
				mu.Lock()
				defer mu.Unlock()
				got := map[string][2]string{
					"by events":            {j.agentKeys(t), test.byEvent},
					"by tones":             {tonesIn(heard), test.byTone},
					"to be sent by INFO":   {string(informed), test.byINFO},
					"kept for the gateway": {waiting(t, j.caller.gate), test.kept},
				}
				for way, keys := range got {
					if keys[0] != keys[1] {
						t.Errorf("%s: %q, want %q", way, keys[0], keys[1])
					}
				}
			})
		})
	}
}

// agentKeys are those that came to the agent's phone by events. A phone without them takes tones for keys itself.
func (j *joined) agentKeys(t *testing.T) string {
	t.Helper()
	keys := waiting(t, j.agent.phone)
	if !j.events {
		return ""
	}
	return keys
}

// The agent's keys reach the caller, and the caller's go on reaching the agent while it does.
func TestKeysGoAcrossBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := join(t, side{codec: "PCMU"}, side{codec: "G722"}, media.BridgeOptions{})
		var both sync.WaitGroup
		both.Go(func() { _ = j.caller.phone.SendKeys(t.Context(), "12345") })
		both.Go(func() { _ = j.agent.phone.SendKeys(t.Context(), "67890") })
		both.Go(func() { _ = j.agent.gate.SendKeys(t.Context(), "*#") }) // the gateway's own are not lost beside them
		both.Wait()
		time.Sleep(3 * time.Second)
		agent := waiting(t, j.agent.phone)
		if theirs, own := strings.Trim(agent, "*#"), strings.Trim(agent, "12345"); theirs != "12345" && own != "*#" || len(agent) != 7 {
			t.Errorf("the agent heard %q, want 12345 and *#", agent)
		}
		if got := waiting(t, j.caller.phone); got != "67890" {
			t.Errorf("the caller heard %q, want 67890", got)
		}
		if got := waiting(t, j.caller.gate) + waiting(t, j.agent.gate); got != "" {
			t.Errorf("the gateway keeps %q", got)
		}
	})
}

// A phone that sends the sound of its keys beside the events is heard to press once.
func TestTonesBesideEventsDoNotGoAcross(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, _ := rawJoined(t, media.BridgeOptions{})
		rounds(5)
		tone, _ := dtmf.ToneOf('7')
		pcm := append(make([]int16, 10*160), tone.Append(nil, 200*time.Millisecond)...)
		code := make([]byte, len(pcm))
		g711.EncodeMu(code, pcm)
		var e ear
		for i := range 100 {
			n := i % 20
			if n == 11 { // the first tones go before the event
				a.down(7, a.stamp, 160, false)
			}
			if n > 11 {
				a.down(7, a.stamp-uint32(160*(n-11)), uint16(160*(n-10)), n == 19)
			}
			a.send(0, code[160*n:160*(n+1)])
			rounds(1)
			e.listen(b)
		}
		rounds(20)
		e.listen(b)
		if string(e.events) != "77777" || tonesIn(e.pcm) != "" {
			t.Errorf("heard %q by events and %q by tones; want 77777 and none", e.events, tonesIn(e.pcm))
		}
	})
}

// down sends an event's packet beside the sound.
func (h *handset) down(event byte, stamp uint32, duration uint16, end bool) {
	h.t.Helper()
	payload := make([]byte, dtmf.PayloadSize)
	dtmf.Packet{Event: event, End: end, Duration: duration}.Put(payload)
	now := h.stamp
	h.stamp = stamp
	h.send(101, payload)
	h.stamp = now
}

// ear is what a handset has heard in PCMU, and the events.
type ear struct {
	pcm      []int16
	events   []byte
	detector dtmf.Detector
	headers  []rtpHeader // of all packets
}

type rtpHeader struct {
	marker          bool
	kind            byte
	sequence        uint16
	timestamp, ssrc uint32
	samples         int
}

// listen takes what has come.
func (e *ear) listen(h *handset) {
	var p [1500]byte
	for {
		n, _, ok := h.TryRead(p[:])
		if !ok {
			return
		}
		x := rtpHeader{
			marker: p[1]&0x80 != 0, kind: p[1] & 0x7F, sequence: binary.BigEndian.Uint16(p[2:]),
			timestamp: binary.BigEndian.Uint32(p[4:]), ssrc: binary.BigEndian.Uint32(p[8:]), samples: n - 12,
		}
		switch x.kind {
		case 101:
			packet, _ := dtmf.Parse(x.sequence, x.timestamp, p[12:n])
			if key, ok := e.detector.Packet(packet, time.Duration(time.Now().UnixNano())); ok {
				e.events = append(e.events, byte(key))
			}
		case 0:
			pcm := make([]int16, n-12)
			g711.DecodeMu(pcm, p[12:n])
			e.pcm = append(e.pcm, pcm...)
		default:
			continue // RTCP
		}
		e.headers = append(e.headers, x)
	}
}
