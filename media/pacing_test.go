package media

import (
	"testing"
	"time"
)

// arriving is a packet: how long after the one before, and what it says.
type arriving struct {
	after    time.Duration
	sequence int // steps
	stamp    int // samples
	marker   bool
	comfort  bool
	ssrc     uint32
}

func TestPacing(t *testing.T) {
	const ms = time.Millisecond
	even := arriving{after: 20 * ms, sequence: 1, stamp: 160}
	for name, test := range map[string]struct {
		packets        []arriving // after a first one
		measured       int64
		worst          time.Duration
		gaps, restarts int64
	}{
		"even":                        {packets: []arriving{even, even, even}, measured: 3},
		"early and late":              {packets: []arriving{even, {after: 17 * ms, sequence: 1, stamp: 160}, {after: 22 * ms, sequence: 1, stamp: 160}}, measured: 3, worst: 3 * ms},
		"packets of 60 ms":            {packets: []arriving{{after: 60 * ms, sequence: 1, stamp: 480}}, measured: 1},
		"a gap":                       {packets: []arriving{{after: 41 * ms, sequence: 1, stamp: 160}}, measured: 1, worst: 21 * ms, gaps: 1},
		"no gap yet":                  {packets: []arriving{{after: 40 * ms, sequence: 1, stamp: 160}}, measured: 1, worst: 20 * ms},
		"one lost":                    {packets: []arriving{{after: 40 * ms, sequence: 2, stamp: 320}, even}, measured: 1},
		"twice":                       {packets: []arriving{{after: ms}, {after: 19 * ms, sequence: 1, stamp: 160}}, measured: 1},
		"overtaken":                   {packets: []arriving{{after: 40 * ms, sequence: 2, stamp: 320}, {after: ms, sequence: -1, stamp: -160}, {after: 19 * ms, sequence: 2, stamp: 320}}, measured: 1},
		"rounds left out":             {packets: []arriving{{after: 80 * ms, sequence: 1, stamp: 640, marker: true}, even}, measured: 1, restarts: 1},
		"rounds left out unsaid":      {packets: []arriving{{after: 80 * ms, sequence: 1, stamp: 640}, even}, measured: 1, gaps: 1},
		"timestamps begin anew":       {packets: []arriving{{after: 20 * ms, sequence: 1, stamp: 1 << 30}, even}, measured: 1},
		"another sender":              {packets: []arriving{{after: 300 * ms, sequence: 1, stamp: 160, ssrc: 9}, {after: 20 * ms, sequence: 1, stamp: 160, ssrc: 9}}, measured: 1},
		"sequence begins anew":        {packets: []arriving{{after: 300 * ms, sequence: -20000, stamp: 160}, even}, measured: 1},
		"comfort noise at the pace":   {packets: []arriving{{after: 20 * ms, sequence: 1, stamp: 160, comfort: true}, {after: 25 * ms, sequence: 1, stamp: 160, marker: true}}, measured: 2, worst: 5 * ms},
		"comfort noise for a while":   {packets: []arriving{{after: 20 * ms, sequence: 1, stamp: 160, comfort: true}, {after: 900 * ms, sequence: 1, stamp: 7200}}, measured: 1},
		"late although comfort noise": {packets: []arriving{{after: 20 * ms, sequence: 1, stamp: 160, comfort: true}, {after: 90 * ms, sequence: 1, stamp: 160}}, measured: 2, worst: 70 * ms, gaps: 1},
		"the first packet":            {},
	} {
		t.Run(name, func(t *testing.T) {
			var p Pacing
			var a arrivals
			h, at := header{sequence: 65535, timestamp: 1<<32 - 80}, time.Hour // both about to wrap
			a.packet(&p, h, false, at)
			for _, n := range test.packets {
				at += n.after
				h = header{marker: n.marker, sequence: h.sequence + uint16(n.sequence), timestamp: h.timestamp + uint32(n.stamp), ssrc: n.ssrc}
				a.packet(&p, h, n.comfort, at)
			}
			if p.Deviation.Count() != test.measured || p.Deviation.Max() != test.worst || p.Gaps() != test.gaps || p.Restarts() != test.restarts {
				t.Errorf("%d measured up to %v, %d gaps, %d restarts; want %d up to %v, %d, %d", p.Deviation.Count(), p.Deviation.Max(),
					p.Gaps(), p.Restarts(), test.measured, test.worst, test.gaps, test.restarts)
			}
		})
	}
}
