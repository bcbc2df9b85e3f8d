package main

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/media"
	"readback/tickets"
)

func TestACallThatHearsNothingIsNoticed(t *testing.T) {
	sounds, err := loadSounds(nil)
	if err != nil {
		t.Fatal(err)
	}
	accounts := sampleAccounts(t)
	for name, test := range map[string]struct {
		script string // what the telephone does
		mute   time.Duration
		want   float64
	}{
		"nothing at all":        {"dials +18887999666 from +14155550100\nwaits 6s\nhangs up", time.Minute, 1},
		"sound from the start":  {"dials +18887999666 from +14155550100\nwaits 6s\nhangs up", 0, 0},
		"hung up before that":   {"dials +18887999666 from +14155550100\nwaits 4s\nhangs up", time.Minute, 0},
		"sound after 3 seconds": {"dials +18887999666 from +14155550100\nwaits 6s\nhangs up", 3 * time.Second, 0},
		"on hold":               {"dials +18887999666 from +14155550100\nholds\nwaits 20s\nhangs up", time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stage := newStage(t, sounds, accounts)
				defer stage.close()
				stage.mute.Store(test.mute > 0)
				unmute := time.AfterFunc(test.mute, func() { stage.mute.Store(false) })
				defer unmute.Stop()
				for line := range strings.Lines(test.script) {
					if err := stage.act(strings.Fields(line)); err != nil {
						t.Fatal(err)
					}
				}
				stage.waitForEnd()
				wantOneWay(t, stage, test.want)
			})
		})
	}
}

// wantOneWay checks the counter, the record and the log of one call.
func wantOneWay(t *testing.T, s *stage, want float64) {
	t.Helper()
	if got := counted(t, s.server.metrics, "readback_silent_calls_total"); got != want {
		t.Errorf("readback_silent_calls_total is %v; want %v", got, want)
	}
	records, err := s.server.store.ListCalls(t.Context(), tickets.CallPage{})
	if err != nil || len(records) != 1 || records[0].OneWay != (want > 0) {
		t.Errorf("records %+v, %v; want one, one_way %t", records, err, want > 0)
	}
	line := "msg=\"nothing is heard from the caller, one-way audio\""
	if got := strings.Count(s.log.String(), line); float64(got) != want {
		t.Errorf("the log has %d lines of it; want %v:\n%s", got, want, s.log.String())
	}
	if want == 0 {
		return
	}
	for _, part := range []string{"likely=\"nothing at all arrives at 192.0.2.1:", "peer_named=192.0.2.2:", "sending_to=192.0.2.2:", "direction=sendrecv"} {
		if !strings.Contains(s.log.String(), part) {
			t.Errorf("the log does not tell %s:\n%s", part, s.log.String())
		}
	}
}

// counted is the sum of a counter over its labels.
func counted(t *testing.T, m *metrics, name string) (sum float64) {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name {
				sum += metric.GetCounter().GetValue()
			}
		}
	}
	return sum
}

func TestWhyNothingIsHeard(t *testing.T) {
	at := netip.MustParseAddrPort
	named, elsewhere, private := at("198.51.100.7:4000"), at("203.0.113.9:6000"), at("10.1.2.3:4000")
	for want, s := range map[string]media.Stats{
		"a firewall before this machine":                       {Named: named, To: named, Sent: 250, RemoteLost: -1},
		"packets come from 203.0.113.9:6000, which is neither": {Named: named, To: named, Sent: 250, RemoteLost: -1, Strays: 3, Stray: elsewhere},
		"with a payload type that was not agreed on":           {Named: named, To: named, Sent: 250, RemoteLost: -1, Strays: 3, Stray: at("198.51.100.7:4002")},
		"the agreed keys do not open":                          {Named: named, To: named, Sent: 250, RemoteLost: -1, Invalid: 250, Secured: "AES_CM_128_HMAC_SHA1_80"},
		"packets come that are no RTP":                         {Named: named, To: named, Sent: 250, RemoteLost: -1, Invalid: 250},
		"its sound does not: it is muted":                      {Named: named, To: named, Sent: 250, RemoteLost: 0},
		"in none of the networks that sound may go to":         {Named: elsewhere, RemoteLost: -1},
		"the private address 10.1.2.3":                         {Named: private, To: private, Sent: 250, RemoteLost: -1},
		"nobody listens at what the peer named":                {Named: named, To: named, Sent: 100, Failed: 150, RemoteLost: -1},
	} {
		got := whyUnheard(s, at("192.0.2.1:20000"), netip.MustParseAddr("198.51.100.1"))
		if !strings.Contains(got, want) {
			t.Errorf("%+v:\n got %q\nwant %q", s, got, want)
		}
	}
}
