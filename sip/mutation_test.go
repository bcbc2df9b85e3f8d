package sip

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// mutants is how many damaged messages TestMutants sends.
const mutants = 1000

// hostile are bytes that mean something to a parser.
var hostile = []string{
	"\x00", "\r", "\n", "\r\n", "\r\n ", "\r\n\r\n", "\xff", "\xc3", ";", ";;", ",", ",,", "\"", "\\", "<", ">", "<>", "[", "]", ":", "@", "%", "%00",
	"=", " ", "\t", "-1", "0", "4294967296", "99999999999999999999", "sip:", "SIP/2.0", "tag=", "branch=", "*", "?", "&",
}

// TestMutants sends messages damaged at random, the same ones each time: no answer is unsound, and nothing is kept.
func TestMutants(t *testing.T) {
	paths, _ := filepath.Glob("../testdata/sip/*/*.sip")
	var whole [][]byte
	for _, path := range paths {
		whole = append(whole, toServed(readTorment(t, path).message))
	}
	random := rand.New(rand.NewPCG(1, 2))
	inBubble(t, func(_ context.Context, c *Call) { _ = c.Refuse(486, "") }, func(r *rig) {
		t := r.t
		w := &tap{rig: r, net: r.net}
		w.net.SetFault(w.hear)
		conn := r.listen(carrier)
		t.Cleanup(func() { conn.Close() })
		for range mutants {
			m := bytes.Clone(whole[random.IntN(len(whole))])
			for range 1 + random.IntN(3) {
				m = damage(m, random)
			}
			if _, err := conn.WriteTo(m, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(gateway))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		r.empty()
		if n := r.count(Panicked); n > 0 {
			t.Errorf("%d panics", n)
		}
		answered := 0
		for _, m := range w.sent {
			if why := unsound(m); why != "" || !strings.HasPrefix(m, "SIP/2.0 ") {
				t.Errorf("%s: %q", why, m)
			}
			answered++
		}
		if answered < mutants/4 || r.count(Refused) < mutants/4 {
			t.Errorf("%d answers, %d refusals of %d messages: the damage is too great to test anything", answered, r.count(Refused), mutants)
		}
	})
}

// damage changes a message in one way.
func damage(m []byte, random *rand.Rand) []byte {
	if len(m) == 0 {
		return m
	}
	at := random.IntN(len(m))
	end := min(len(m), at+1+random.IntN(8))
	lines := bytes.SplitAfter(m, []byte("\r\n"))
	one, other := random.IntN(len(lines)), random.IntN(len(lines))
	switch random.IntN(7) {
	case 0:
		return append(m[:at:at], m[end:]...)
	case 1:
		return append(append(m[:end:end], m[at:end]...), m[end:]...)
	case 2:
		m[at] = byte(random.IntN(256))
	case 3:
		return append(append(m[:at:at], hostile[random.IntN(len(hostile))]...), m[at:]...)
	case 4:
		lines[one], lines[other] = lines[other], lines[one]
		return bytes.Join(lines, nil)
	case 5:
		lines[one] = append(bytes.Clone(lines[one]), lines[other]...)
		return bytes.Join(lines, nil)
	case 6:
		return m[:at]
	}
	return m
}
