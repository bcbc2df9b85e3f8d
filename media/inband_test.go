package media_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/media/dtmf"
	"readback/media/g711"
	"readback/media/wav"
	"readback/testdata/memnet"
)

// aboutEvents is what an offer says of telephone-events.
var aboutEvents = regexp.MustCompile(`a=(rtpmap|fmtp):101 .*\r?\n| 101\b`)

// dialWith sets up a call with options of the gateway, and whether the phone offers telephone-events.
func dialWith(t *testing.T, phone, gate media.Options, events bool) *call {
	t.Helper()
	n := memnet.New()
	c := &call{net: n}
	c.phone = open(t, engineAt(t, n, "192.0.2.1"), phone)
	c.gate = open(t, engineAt(t, n, "192.0.2.2"), gate)
	offer, err := c.phone.Offer()
	if err != nil {
		t.Fatal(err)
	}
	if !events {
		offer = aboutEvents.ReplaceAll(offer, nil)
	}
	answer, err := c.gate.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.phone.Accept(answer); err != nil {
		t.Fatal(err)
	}
	if got := strings.Contains(string(answer), "telephone-event"); got != events {
		t.Fatalf("telephone-events agreed on: %v, want %v:\n%s", got, events, answer)
	}
	return c
}

// touch is the sound of keys.
func touch(keys string) *media.Clip {
	var pcm []int16
	for _, k := range []byte(keys) {
		tone, _ := dtmf.ToneOf(dtmf.Key(k))
		pcm = append(tone.Append(pcm, 80*time.Millisecond), make([]int16, 640)...)
	}
	return media.NewClip(pcm)
}

func TestWhenTonesAreKeys(t *testing.T) {
	const keys = "30471234#ABCD*5544"
	for _, test := range []struct {
		inBand media.InBand
		events bool
		want   string
	}{
		{media.InBandWithoutEvents, false, keys},
		{media.InBandWithoutEvents, true, ""},
		{media.InBandAlways, false, keys},
		{media.InBandAlways, true, keys},
		{media.InBandNever, false, ""},
		{media.InBandNever, true, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := dialWith(t, media.Options{}, media.Options{InBand: test.inBand}, test.events)
			if err := c.phone.Play(t.Context(), touch(keys)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if got := waiting(t, c.gate); got != test.want {
				t.Errorf("option %v, events %v: heard %q, want %q", test.inBand, test.events, got, test.want)
			}
		})
	}
}

func TestKeysAreSentAsTonesWithoutEvents(t *testing.T) {
	const keys = "0123456789*#ABCD5544"
	for _, codec := range []string{"PCMU", "PCMA", "G722"} {
		synctest.Test(t, func(t *testing.T) {
			o := media.Options{Codecs: []string{codec}}
			c := dialWith(t, o, o, false)
			time.Sleep(100 * time.Millisecond)
			go func() { _ = c.gate.Play(t.Context(), media.NewClip(babble(4*time.Second, -20))) }()
			if err := c.phone.SendKeys(t.Context(), keys); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if got := waiting(t, c.gate); got != keys {
				t.Errorf("%s: heard %q, want %q", codec, got, keys)
			}
			if got := waiting(t, c.phone); got != "" {
				t.Errorf("%s: heard %q in a prompt", codec, got)
			}
		})
	}
}

func TestTonesFindThePhoneBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dialWith(t, media.Options{}, media.Options{}, false)
		go func() { _ = c.phone.Play(t.Context(), media.Pause(time.Second)) }()
		time.Sleep(100 * time.Millisecond)
		if err := c.phone.SendKeys(t.Context(), "1"); !errors.Is(err, media.ErrBusy) {
			t.Errorf("got %v, want %v", err, media.ErrBusy)
		}
	})
}

// A press is one when the sound stops and goes on: in the pauses of a phone that sends no silence, over a hold, and
// where packets are lost.
func TestTonesInSoundWithGaps(t *testing.T) {
	tone, _ := dtmf.ToneOf('7')
	code := make([]byte, 8000)
	g711.EncodeMu(code, tone.Append(nil, time.Second))
	for name, test := range map[string]struct {
		send func(phone *handset)
		want string
	}{
		"one press": {func(h *handset) { h.tone(code[:1600]) }, "7"},
		"of which a packet is lost": {func(h *handset) {
			h.tone(code[:640])
			h.sequence, h.stamp = h.sequence+1, h.stamp+160
			h.tone(code[800:1600])
		}, "7"},
		"of which 160 ms are lost": {func(h *handset) {
			h.tone(code[:640])
			h.sequence, h.stamp = h.sequence+8, h.stamp+1280
			h.tone(code[1920:2560])
		}, "7"},
		"of which packets come again": {func(h *handset) {
			h.tone(code[:640])
			h.sequence, h.stamp = h.sequence-4, h.stamp-640
			h.tone(code[:1600])
		}, "7"},
		"two presses, of whose pause nothing is sent": {func(h *handset) {
			h.tone(code[:800])
			h.stamp += 800
			h.tone(code[:800])
		}, "77"},
		"two presses, with comfort noise in the pause": {func(h *handset) {
			h.tone(code[:800])
			h.send(13, []byte{60})
			h.stamp += 800 - 160
			h.tone(code[:800])
		}, "77"},
		"two presses from two senders": {func(h *handset) {
			h.tone(code[:800])
			h.sequence, h.stamp = h.sequence+9000, h.stamp+1e6
			h.tone(make([]byte, 160))
			h.tone(code[:800])
		}, "77"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, n := gateway(t)
			answer(t, s, aboutEvents.ReplaceAll(offer("198.51.100.1:4000", 1, ""), nil))
			phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
			phone.tone(make([]byte, 320))
			test.send(phone)
			phone.tone(make([]byte, 1600))
			if got := waiting(t, s); got != test.want {
				t.Errorf("%s: heard %q, want %q", name, got, test.want)
			}
		})
	}
}

// tone sends sound in packets of 20 ms at their pace; zeros are silence.
func (h *handset) tone(code []byte) {
	for part := range slices.Chunk(code, 160) {
		if part[0] == 0 {
			part = slices.Repeat([]byte{g711.SilenceMu}, len(part))
		}
		h.send(0, part)
		rounds(1)
	}
}

// A tone is not to be heard in a recording, and # ends it.
func TestTonesAreNotRecorded(t *testing.T) {
	for _, codec := range []string{"PCMU", "PCMA", "G722"} {
		synctest.Test(t, func(t *testing.T) {
			o := media.Options{Codecs: []string{codec}}
			c := dialWith(t, o, o, false)
			time.Sleep(100 * time.Millisecond)
			f := tape(t)
			go func() {
				said := media.NewClip(babble(time.Second, -40))
				_ = c.phone.Play(t.Context(), said, touch("123456"), said, touch("#"))
			}()
			r, err := c.gate.Record(t.Context(), f, media.RecordLimit{Max: time.Minute})
			if err != nil || r.EndedBy != media.EndKey {
				t.Errorf("%s: ended by %v, %v", codec, r.EndedBy, err)
			}
			if loudest := loudest(t, f); loudest < 300 || loudest > 1500 { // the babble reaches 600, a tone 18000
				t.Errorf("%s: up to %d was recorded", codec, loudest)
			}
			if got := waiting(t, c.gate); got != "123456" {
				t.Errorf("%s: heard %q, want 123456, and # swallowed", codec, got)
			}
		})
	}
}

// A phone may send the tone beside its INFO: that is not to be heard either.
func TestTonesBesideINFOAreNotRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := media.Options{Codecs: []string{"PCMU"}}
		c := dialWith(t, o, o, true)
		time.Sleep(100 * time.Millisecond)
		f := tape(t)
		go func() {
			said := media.NewClip(babble(time.Second, -40))
			_ = c.phone.Play(t.Context(), said)
			_ = c.phone.Play(t.Context(), touch("5"))
			c.gate.Info("application/dtmf-relay", []byte("Signal=5\r\nDuration=200\r\n"))
			_ = c.phone.Play(t.Context(), said)
			c.gate.Info("application/dtmf-relay", []byte("Signal=#\r\nDuration=80\r\n"))
		}()
		if r, err := c.gate.Record(t.Context(), f, media.RecordLimit{Max: time.Minute}); err != nil || r.EndedBy != media.EndKey {
			t.Errorf("ended by %v, %v", r.EndedBy, err)
		}
		if loudest := loudest(t, f); loudest < 300 || loudest > 1500 {
			t.Errorf("up to %d was recorded", loudest)
		}
	})
}

func loudest(t *testing.T, f *os.File) int16 {
	t.Helper()
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	pcm, _, err := wav.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Max(pcm)
}

func TestMusicOnHoldPressesNoKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, n := gateway(t)
		answer(t, s, aboutEvents.ReplaceAll(offer("198.51.100.1:4000", 1, ""), nil))
		phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
		phone.tone(make([]byte, 320))
		answer(t, s, aboutEvents.ReplaceAll(offer("198.51.100.1:4000", 2, "a=sendonly\n"), nil))
		code := make([]byte, 1600)
		tone, _ := dtmf.ToneOf('7')
		g711.EncodeMu(code, tone.Append(nil, 200*time.Millisecond))
		phone.tone(code)
		if got := waiting(t, s); got != "" {
			t.Errorf("heard %q on hold", got)
		}
	})
}

func TestOnlyTheFirstWayIsBelieved(t *testing.T) {
	press := map[byte]func(c *call, key string){
		'e': func(c *call, key string) { _ = c.phone.SendKeys(context.Background(), key) },
		'i': func(c *call, key string) { c.gate.Info("application/dtmf", []byte(key)) },
		't': func(c *call, key string) { _ = c.phone.Play(context.Background(), touch(key)) },
	}
	for _, test := range []struct {
		ways string // event, INFO, tone: of the presses 1, 2, 3 …
		want string
	}{
		{"eeee", "1234"},
		{"iiii", "1234"},
		{"tttt", "1234"},
		{"eiei", "13"},
		{"ieie", "13"},
		{"etet", "13"},
		{"tete", "13"},
		{"itit", "13"},
		{"titi", "13"},
		{"eiteit", "14"},
		{"iteite", "14"},
		{"teitei", "14"},
		{"eit", "1"},
		{"iiittt", "123"},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := dialWith(t, media.Options{}, media.Options{InBand: media.InBandAlways}, true)
			time.Sleep(100 * time.Millisecond)
			for i := range len(test.ways) {
				press[test.ways[i]](c, string(rune('1'+i)))
				time.Sleep(200 * time.Millisecond)
			}
			if got := waiting(t, c.gate); got != test.want {
				t.Errorf("%s: heard %q, want %q", test.ways, got, test.want)
			}
		})
	}
}

// A peer may say each key in two ways at once.
func TestAKeySaidTwiceIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dialWith(t, media.Options{}, media.Options{}, true)
		time.Sleep(100 * time.Millisecond)
		for _, key := range []string{"5", "5", "4"} {
			c.gate.Info("application/dtmf-relay", []byte("Signal="+key+"\r\nDuration=100"))
			_ = c.phone.SendKeys(t.Context(), key)
		}
		time.Sleep(time.Second)
		if got := waiting(t, c.gate); got != "554" {
			t.Errorf("heard %q, want 554", got)
		}
	})
}

// The payload type, the SSRC and the address may change while a key is down.
func TestAPressGoesOnThroughChanges(t *testing.T) {
	other := strings.NewReplacer("0 101", "0 96", ":101", ":96").Replace(string(offer("198.51.100.1:4000", 2, "")))
	for name, test := range map[string]struct {
		offer       []byte // of a re-INVITE
		at          string
		payloadType byte
		ssrc        byte
	}{
		"the payload type": {[]byte(other), "198.51.100.1:4000", 96, 1},
		"the SSRC":         {nil, "198.51.100.1:4000", 101, 2},
		"the address":      {offer("198.51.100.2:4000", 2, ""), "198.51.100.2:4000", 101, 1},
		"everything":       {offer("198.51.100.2:4000", 2, ""), "198.51.100.2:4000", 101, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, n := gateway(t)
			answer(t, s, offer("198.51.100.1:4000", 1, ""))
			phone := handsetAt(t, n, "198.51.100.1:4000", s.LocalAddr())
			phone.press(101, 1, 5, 160, false)
			phone.press(101, 1, 5, 320, false)
			if test.offer != nil {
				answer(t, s, test.offer)
			}
			if test.at != "198.51.100.1:4000" {
				sequence := phone.sequence
				phone = handsetAt(t, n, test.at, s.LocalAddr())
				phone.sequence = sequence
			}
			phone.press(test.payloadType, test.ssrc, 5, 480, false)
			for range 3 {
				phone.press(test.payloadType, test.ssrc, 5, 640, true)
			}
			rounds(2)
			if got := waiting(t, s); got != "5" {
				t.Errorf("%s changed: heard %q, want one press", name, got)
			}
		})
	}
}

// press sends a packet of a press that began at timestamp 8000.
func (h *handset) press(payloadType, ssrc, event byte, duration uint16, end bool) {
	h.t.Helper()
	p := binary.BigEndian.AppendUint16([]byte{0x80, payloadType}, h.sequence)
	p = append(p, 0, 0, 0x1F, 0x40, 0, 0, 0, ssrc)
	payload := make([]byte, dtmf.PayloadSize)
	dtmf.Packet{Event: event, End: end, Duration: duration}.Put(payload)
	h.sequence++
	if _, err := h.WriteToAddrPort(append(p, payload...), h.to); err != nil {
		h.t.Fatal(err)
	}
	rounds(1)
}
