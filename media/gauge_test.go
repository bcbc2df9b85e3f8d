package media

import (
	"testing"
	"time"
)

func TestGaugeForgetsTheLoadOfAWorkerAtRest(t *testing.T) {
	var g gauge
	for n := range measured {
		late := time.Millisecond
		if n%50 == 0 { // 2 of 100
			late = 15 * time.Millisecond
		}
		g.tick(late, 4*time.Millisecond)
	}
	if got, want := g.read(), (Load{Busy: 0.8, Late99: 15 * time.Millisecond, LateMax: 15 * time.Millisecond}); got != want {
		t.Errorf("after a busy second the load is %+v; want %+v", got, want)
	}
	g.tick(time.Second, time.Second)
	g.rest()
	if got := g.read(); got != (Load{}) {
		t.Errorf("at rest the load is %+v; want none", got)
	}
	for range measured {
		g.tick(0, tickTime/2)
	}
	if got, want := g.read(), (Load{Busy: 0.5}); got != want {
		t.Errorf("after the rest the load is %+v; want %+v", got, want)
	}
}
