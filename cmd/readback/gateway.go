package main

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync/atomic"

	"readback/ivr"
	"readback/media"
	"readback/sip"
	"readback/tickets"
)

// A gateway is a call coming in, from its INVITE to its record: the one place that knows signalling, sound and
// conversation.
type gateway struct {
	node    string
	now     atomic.Pointer[practice]
	media   *media.Engine
	records *records
	traces  *traces
	metrics *metrics
	out     outgoing
	waiting waitingCallers
	// recordings are what callers said, wherever it is kept.
	recordings tickets.Recordings
	// announcements are what incidents' recordings became.
	announcements announcements
	log           *slog.Logger
	watch         func(*sip.Call, ivr.Step) // told what happens in a conversation; may be nil
}

var errPanic = errors.New("the conversation failed on our side")

// ServeCall answers one call and has the conversation with its caller.
func (g *gateway) ServeCall(ctx context.Context, call *sip.Call) {
	now := g.now.Load()
	diary := g.newDiary(call)
	defer diary.close()
	session, err := now.open(g.media, call.Trunk.Name, call.Trunk.Networks)
	if err != nil {
		diary.refused(call.Refuse(503, "Out Of Ports"), err)
		return
	}
	defer session.Close()
	call.OnInfo(session.Info)
	call.Prepare(session)
	if err := call.Ring(ctx); err != nil {
		diary.unanswered(err)
		return
	}
	if err := call.Answer(ctx, session); err != nil {
		diary.unanswered(err)
		return
	}
	diary.answered()
	outcome, err := g.converse(ctx, now, call, session, diary)
	diary.finished(outcome, err, session.Stats())
	if err := call.Hangup(context.WithoutCancel(ctx)); err != nil {
		diary.log.Debug("the call was over before our BYE", "error", err)
	}
}

// converse runs the script until the caller or the line has nothing more to say. A panic ends this call alone.
func (g *gateway) converse(ctx context.Context, now *practice, call *sip.Call, session *media.Session, diary *diary) (outcome ivr.Outcome, err error) {
	ctx, stop := whileHeard(ctx, session, diary)
	defer stop()
	defer g.hold(diary.key())()
	line := &line{
		session: session, sounds: now.sounds, folder: recordingsFolder(now.config), kept: g.recordings, call: diary.key(),
		own: g.announcements.of(now.desk),
	}
	number := numberOf(now.config, call.Called)
	defer func() {
		if failure := recover(); failure != nil {
			diary.log.Error("a conversation failed", "panic", failure, "stack", string(debug.Stack()))
			_ = line.Play(ctx, ivr.Prompt{Locale: number.Locale, Name: "apology"}) // the line may be gone too
			outcome, err = ivr.Outcome{Disposition: tickets.DispositionFailed}, errPanic
		}
	}()
	defer func() { line.tidy(outcome) }()
	script := ivr.Script{
		Desk: now.desk, Numbering: numbering{}, Mail: now.desk.Mail, NoLinks: now.config.Menu.FormURL+now.config.Menu.ChatURL == "", PINPolicy: ivr.PINPolicy(now.config.Identify.PIN), Lookup: now.desk.Store.Account, Tries: now.config.Identify.Tries,
		Patience: patienceOf(now.config), Observe: diary.observe, Log: diary.log,
	}
	toAgents := &connection{gateway: g, now: now, call: call, session: session, diary: diary}
	if agents := now.config.Agents; agents.Connect != "" {
		script.Agents = toAgents
		script.AgentsFor = prioritiesOf(agents.Priorities)
	}
	if phone := now.config.Paging.Phone; phone.On() {
		script.Engineers = &engineerWait{toAgents}
		script.EngineersFor = prioritiesOf(phone.Callers)
	}
	return script.Run(ctx, line, ivr.Call{
		Key: diary.key(), Number: number, Called: call.Called, Extension: call.Extension, Received: call.Received,
		Caller: tickets.Caller{Number: call.Caller, Vouched: call.CallerVouched, Trunk: call.Trunk.Name, CallKey: diary.key(), Attestation: string(call.Attestation)},
	})
}
