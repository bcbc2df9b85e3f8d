package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"readback/config"
	"readback/tickets"
	"readback/tickets/notify"
)

type notifyHookCommand struct {
	configFlag
	Name string `arg:"" help:"Its name under notify.webhooks or paging.webhooks, or zendesk."`
}

// Run tells the program something that is about no ticket. What wakes people is raised as not urgent, and cleared at once.
func (n *notifyHookCommand) Run(ctx context.Context, console *console) error {
	c, err := n.load()
	if err != nil {
		return err
	}
	hooks, err := hooksOf(c)
	pagers, errPagers := pagersOf(c)
	if err := errors.Join(err, errPagers); err != nil {
		return err
	}
	now := time.Now()
	if i := slices.IndexFunc(hooks, func(h tickets.Hook) bool { return h.Name() == n.Name }); i >= 0 {
		message := tickets.Message{ID: "test:" + strconv.FormatInt(now.UnixMicro(), 10), Type: "test", At: now, Data: json.RawMessage("{}")}
		return tried(console.out, n.Name, "the message", hooks[i].Deliver(ctx, message))
	}
	if i := slices.IndexFunc(pagers, func(p tickets.Pager) bool { return p.Name() == n.Name }); i >= 0 {
		alert := testAlert(c, now)
		if err := tried(console.out, n.Name, "the alert", pagers[i].Raise(ctx, alert)); err != nil {
			return err
		}
		return tried(console.out, n.Name, "its end", pagers[i].Clear(ctx, alert))
	}
	if mirror, err := mirrorOf(c, nil); err != nil || mirror != nil && mirror.Name() == n.Name {
		return tryMirror(ctx, console.out, mirror, err)
	}
	return fmt.Errorf("%w: no webhook of the name %q is configured, under notify.webhooks or paging.webhooks", tickets.ErrInvalid, n.Name)
}

// tryMirror says as whom the other ticket system knows us.
func tryMirror(ctx context.Context, w io.Writer, mirror *notify.Zendesk, err error) error {
	if err != nil {
		return err
	}
	name, err := mirror.Login(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", mirror.Name(), err)
	}
	_, err = fmt.Fprintf(w, "%s knows us as %q\n", mirror.Name(), name)
	return err
}

func testAlert(c *config.Config, now time.Time) tickets.Alert {
	return tickets.Alert{
		ID: "test:" + c.Node, Reason: "test", Summary: "A test of the way to those on call: there is nothing to do", Node: c.Node, At: now,
	}
}

// tried says what became of a test.
func tried(w io.Writer, name, what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s did not take %s: %w", name, what, err)
	}
	_, err = fmt.Fprintf(w, "%s took %s\n", name, what)
	return err
}
