package ivr_test

import (
	"context"
	"testing"
	"testing/synctest"

	"readback/ivr"
	"readback/tickets"
)

// A brokenDesk panics when a ticket is opened.
type brokenDesk struct{ *desk }

func (brokenDesk) Open(context.Context, tickets.Request) (tickets.Ticket, error) {
	panic("the desk is broken")
}

// Whoever runs a conversation can recover its panics, wherever in it they come up: none takes the
// program along.
func TestPanicOfTheDeskIsOneOfRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, hangUp := context.WithCancelCause(t.Context())
		defer hangUp(nil)
		scene := scenes["a vouched number needs no PIN"]
		phone := newPhone(t, "en-US", scene.play, hangUp)
		script := ivr.Script{Desk: brokenDesk{newDesk()}, Numbering: numbering{}}
		defer func() {
			if got := recover(); got != "the desk is broken" {
				t.Errorf("recovered %v, want the panic of the desk", got)
			}
		}()
		outcome, err := script.Run(ctx, phone, scene.call())
		t.Errorf("Run = %+v, %v, want a panic", outcome, err)
	})
}
