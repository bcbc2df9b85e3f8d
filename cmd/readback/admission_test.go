package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"readback/config"
	"readback/media"
)

func TestAdmissionRefusesAboveItsLimits(t *testing.T) {
	const ms = time.Millisecond
	for name, test := range map[string]struct {
		loads []media.Load
		want  string // is in the reason
	}{
		"no worker yet":           {nil, ""},
		"at the limits":           {[]media.Load{{Sessions: 900, Busy: 0.75, Late99: 10 * ms, LateMax: 80 * ms}}, ""},
		"too busy":                {[]media.Load{{Sessions: 900, Busy: 0.751}}, "worker 0 with 900 calls is busy for 75.1 % of its time, over the 75 %"},
		"too late":                {[]media.Load{{Sessions: 9, Late99: 20 * ms}}, "worker 0 with 9 calls is 20ms late, over the 10ms"},
		"only the second":         {[]media.Load{{Busy: 0.1}, {Sessions: 5, Busy: 0.9}}, "worker 1"},
		"the second has room yet": {[]media.Load{{Busy: 0.9}, {Busy: 0.1}}, "worker 0"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newTestAdmission(slog.New(slog.DiscardHandler), func() []media.Load { return test.loads })
			a.look(time.Now())
			reason, retry := a.refuse()
			switch {
			case test.want == "" && (reason != "" || retry != 0):
				t.Errorf("refused: %q, %v", reason, retry)
			case test.want != "" && (!strings.Contains(reason, test.want) || retry != 2*time.Second):
				t.Errorf("got %q, retry after %v; want %q and 2s", reason, retry, test.want)
			}
		})
	}
}

// Near its limit a gateway goes in and out of overload: the log tells of one spell, however many calls it cost.
func TestAdmissionLogsASpellOfOverloadOnce(t *testing.T) {
	var log lockedBuffer
	busy := 0.0
	a := newTestAdmission(slog.New(slog.NewTextHandler(&log, nil)), func() []media.Load { return []media.Load{{Busy: busy}} })
	now := time.Unix(0, 0)
	for second, share := range []float64{.5, .8, .7, .9, .9, .7, .7, .76} {
		busy = share
		a.look(now.Add(time.Duration(second) * time.Second))
		a.refuse()
	}
	busy = .2
	for second := 8; second < 40; second++ {
		a.look(now.Add(time.Duration(second) * time.Second))
		if reason, _ := a.refuse(); reason != "" {
			t.Fatalf("refused in second %d: %s", second, reason)
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "new calls are refused") || !strings.Contains(lines[0], "busy for 80 %") ||
		!strings.Contains(lines[1], "new calls are taken again") || !strings.Contains(lines[1], "overload_seconds=6") || !strings.Contains(lines[1], "refused=4") {
		t.Errorf("the log says:\n%s\nwant one line at the beginning and one at the end, with 6 seconds and 4 refused", log.String())
	}
}

func newTestAdmission(log *slog.Logger, load func() []media.Load) *admission {
	return &admission{limits: config.Default().RTP.Overload, load: load, log: log}
}
