package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"readback/ivr"
	"readback/media"
	"readback/sip"
	"readback/tickets"
)

// A connection is a call going out: the way from one caller to an agent. It is the script's ivr.Agents.
type connection struct {
	gateway *gateway
	now     *practice
	call    *sip.Call      // the caller's
	session *media.Session // and its sound
	diary   *diary
}

// Connect calls the agents, within what may be called, and notes what came of it.
func (c *connection) Connect(ctx context.Context, ticket tickets.Ticket, announce func(context.Context) error) error {
	if err := announce(ctx); err != nil {
		return err
	}
	attempt := agentAttempt{began: time.Now()}
	caller, agents := callerOf(c.call, ticket), c.now.config.Agents
	err := c.gateway.out.admit(forAgent, caller, agents.PerHour, attempt.began)
	if err == nil {
		defer c.gateway.out.leave(caller)
		if agents.Way == "refer" {
			err = c.refer(ctx)
		} else {
			err = c.bridge(ctx, ticket, &attempt)
		}
	}
	c.diary.agent(attempt, err, ctx.Err() != nil)
	return err
}

// refer asks the caller's trunk to call the agents in our place.
func (c *connection) refer(ctx context.Context) error {
	return c.waiting(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeoutCause(ctx, c.now.config.Agents.Ring.D(), sip.ErrNoAnswer)
		defer cancel()
		err := c.call.Refer(ctx, c.now.config.Agents.Connect)
		if err == nil || errors.Is(err, sip.ErrTransferred) {
			return ivr.ErrTransferred
		}
		return err
	})
}

// bridge calls an agent and joins the two until one of them hangs up. The agent's call ends with the caller's.
func (c *connection) bridge(ctx context.Context, ticket tickets.Ticket, attempt *agentAttempt) error {
	session, err := c.now.open(c.gateway.media, c.now.config.Agents.Trunk, nil)
	if err != nil {
		return err
	}
	defer session.Close()
	var leg *sip.Call
	err = c.waiting(ctx, func(ctx context.Context) (err error) {
		leg, err = c.dial(ctx, session, ticket)
		return err
	})
	if err != nil {
		return err
	}
	defer hangUp(ctx, leg)
	session.Answered()
	attempt.answered = time.Now()
	c.gateway.traces.note(c.diary.key(), ladderStep{At: attempt.answered, What: "agent", Text: "answers"})
	return c.talk(ctx, leg, session)
}

// dial returns when an agent has answered. What is to be heard of the other side before stays there: the caller has music.
func (c *connection) dial(ctx context.Context, session *media.Session, ticket tickets.Ticket) (*sip.Call, error) {
	agents, id := c.now.config.Agents, rand.Text()
	c.gateway.traces.join(c.diary.key(), traceKey{agents.Trunk, id})
	return c.gateway.out.dial(ctx, agents.Connect, session, sip.DialOptions{
		Trunk: agents.Trunk, CallID: id, From: c.call.Called, DisplayName: fmt.Sprintf("%v %s", ticket.Priority, ticket.Number),
		Patience: agents.Ring.D(), OnInfo: session.Info,
	})
}

// talk lets the two speak. It is nil when the agent has hung up and the caller has not.
func (c *connection) talk(ctx context.Context, leg *sip.Call, session *media.Session) error {
	music, err := c.now.sounds.music.decode()
	if err != nil {
		return err
	}
	talking, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	defer context.AfterFunc(leg.Context(), func() { hangUp(context.Cause(leg.Context())) })()
	err = media.Bridge(talking, c.session, session, media.BridgeOptions{Music: music})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.diary.log.Info("the talk with an agent is over", "because", err)
	return nil
}

// waiting plays music to the caller meanwhile.
func (c *connection) waiting(ctx context.Context, work func(context.Context) error) error {
	music, err := c.now.sounds.music.decode()
	if err != nil {
		return err
	}
	listening, stop := context.WithCancel(ctx)
	var playing sync.WaitGroup
	defer playing.Wait()
	defer stop()
	playing.Go(func() { _ = c.session.Loop(listening, music) }) // a caller without music waits all the same
	return work(ctx)
}

// callerOf tells callers apart: by number, or by account where it is withheld.
func callerOf(call *sip.Call, ticket tickets.Ticket) string {
	if call.Caller != "" {
		return call.Caller
	}
	return "account " + ticket.Account
}
