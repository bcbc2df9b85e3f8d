package ivr_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/ivr"
	"readback/tickets"
)

// A caller may hang up anywhere. Every scene is played again and again, and cut off at each thing that
// is heard or pressed in it.
func TestHangUpAnywhere(t *testing.T) {
	for name, scene := range allScenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at := 1; ; at++ {
				take := scene.run(t, at)
				if problems := take.broken(scene); len(problems) > 0 {
					t.Fatalf("hung up at action %d:\n%s\n%s", at, strings.Join(problems, "\n"), take.text())
				}
				if at > take.phone.actions {
					return
				}
			}
		})
	}
}

// broken lists the promises that a take did not keep.
func (k take) broken(s scene) (problems []string) {
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	check(k.err == nil || errors.Is(k.err, errHungUp), "Run ended with %v", k.err)
	for _, step := range k.steps {
		check(step.Kind != ivr.Noted || slices.Contains(k.desk.notes, string(step.Ticket)+" "+step.Recording.Name), "a note that the caller left is not on the ticket")
	}
	check(len(k.desk.tickets) <= 1, "%d tickets for one call", len(k.desk.tickets))
	known := k.known()
	check(!known || len(k.desk.tickets) == 1 || s.full, "enough was known for a ticket, but there is none")
	for number, request := range k.desk.tickets {
		heard := len(k.phone.numbers) > 0
		told, gone := k.desk.told[number] > 0, k.desk.gone[number] > 0
		check(known || !request.HungUp || request.Account == nil, "a ticket of a caller of whom too little was known")
		check(s.mute || told == heard, "acknowledged: %v, but whole number played: %v", told, heard)
		check(s.mute || gone == !heard, "desk knows of the hang-up: %v, but whole number played: %v", gone, heard)
		check(k.outcome.Ticket.Number == number, "the outcome has ticket %q, want %q", k.outcome.Ticket.Number, number)
		completed := k.outcome.Disposition == tickets.DispositionCompleted
		check(completed == heard, "disposition %s, but whole number played: %v", k.outcome.Disposition, heard)
	}
	for _, pin := range pins {
		check(!strings.Contains(fmt.Sprint(k.steps, k.outcome), pin), "a PIN shows in the steps or the outcome")
	}
	return problems
}

// known is the rule of salvage, told independently of the script: somebody spoke for a second, or was
// identified and pressed a key for the priority, which is the first question after that.
func (k take) known() bool {
	var entitled, asked, rated, spoke, choosing, attaching bool
	offered := len(k.desk.open) > 0 && !k.desk.blind || len(k.desk.known) > 0 // then the first question is whether it is about one of those
	for _, step := range k.steps {
		switch step.Kind {
		case ivr.Identified:
			entitled, asked = true, !offered
		case ivr.Said:
			choosing, attaching = has(step, "open-choices"), has(step, "incident-choices")
			asked = asked || offered && has(step, "severity-1")
		case ivr.Refused:
			entitled = false
		case ivr.Recorded:
			spoke = spoke || step.Recording.Speech >= time.Second
		case ivr.Pressed:
			if attaching && step.Keys == "1" {
				rated = entitled
			}
			if choosing && step.Keys == "1" {
				rated = false // it is about a ticket that there is
			}
			choosing, attaching = false, false
			if entitled && asked && step.Keys != "0" {
				rated = rated || strings.Contains("1234", step.Keys)
				asked = false
			}
		}
	}
	return spoke || entitled && rated
}

func has(step ivr.Step, name string) bool {
	return slices.ContainsFunc(step.Prompts, func(p ivr.Prompt) bool { return p.Name == name })
}
