package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSceneReadsInTheOrderOfTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		s := newScene(&out)
		s.message(">", "INVITE")
		began := time.Now()
		time.Sleep(2 * time.Second)
		s.says(began, "welcome", "Welcome.")
		s.does("presses 2")
		s.says(time.Now(), "digit-4", "four")
		s.says(time.Now(), "digit-8-end", "eight")
		s.message("<", "BYE")
		s.message(">", "200 OK")
		s.says(time.Now(), "goodbye", "Goodbye.")
		s.end()
		const want = `    0.0 s  > INVITE
    0.0 s                       Readback  Welcome.
    2.0 s                       caller    presses 2
    2.0 s                       Readback  four eight
    2.0 s                       Readback  Goodbye.
    2.0 s  < BYE
    2.0 s  > 200 OK
`
		if out.String() != want {
			t.Errorf("the scene reads\n%s\nwant\n%s", &out, want)
		}
	})
}
