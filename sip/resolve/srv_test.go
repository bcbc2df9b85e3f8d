package resolve

import (
	"math/rand/v2"
	"testing"
)

func TestSelection_RFC2782(t *testing.T) {
	list := []srv{{20, 0, 1, "last"}, {10, 60, 1, "big"}, {10, 0, 1, "zero"}, {10, 30, 1, "middle"}, {10, 10, 1, "small"}}
	first := map[string]int{}
	random := rand.New(rand.NewPCG(1, 2))
	const rounds = 20_000
	for range rounds {
		got := srvOrder(list, random.IntN)
		if len(got) != len(list) || got[4].target != "last" {
			t.Fatalf("ordered %v", got)
		}
		first[got[0].target]++
		seen := map[string]bool{}
		for _, s := range got {
			seen[s.target] = true
		}
		if len(seen) != len(list) {
			t.Fatalf("lost one: %v", got)
		}
	}
	for target, share := range map[string]float64{"big": 0.6, "middle": 0.3, "small": 0.1, "zero": 0.01} {
		if got := float64(first[target]) / rounds; got < share-0.02 || got > share+0.02 {
			t.Errorf("%s is first in %.3f of all, want %.2f", target, got, share)
		}
	}
	if list[0].target != "last" {
		t.Error("the list given was changed")
	}
}

func TestLots_RFC2782(t *testing.T) {
	list := []srv{{1, 0, 1, "zero"}, {1, 1, 1, "one"}, {1, 3, 1, "three"}}
	for _, tt := range []struct {
		lots []int
		want string
	}{
		{[]int{0, 0}, "zero one three"},
		{[]int{1, 0}, "one zero three"},
		{[]int{4, 0}, "three zero one"},
		{[]int{2, 1}, "three one zero"},
	} {
		lots := tt.lots
		got := srvOrder(list, func(n int) int {
			lot := lots[0]
			if lots = lots[1:]; lot >= n {
				t.Errorf("drew from %d", n)
			}
			return lot
		})
		if s := got[0].target + " " + got[1].target + " " + got[2].target; s != tt.want {
			t.Errorf("lots %v: %s, want %s", tt.lots, s, tt.want)
		}
	}
}
