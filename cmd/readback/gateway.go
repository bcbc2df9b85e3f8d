package main

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"

	"readback/config"
	"readback/ivr"
	"readback/media"
	"readback/sip"
	"readback/tickets"
)

// A gateway is a call coming in, from its INVITE to its record: the one place that knows signalling, sound and
// conversation.
type gateway struct {
	config  *config.Config
	media   *media.Engine
	sound   map[string]media.Options // by trunk
	sounds  *sounds
	desk    *tickets.Desk
	records *records
	traces  *traces
	metrics *metrics
	log     *slog.Logger
	watch   func(*sip.Call, ivr.Step) // told what happens in a conversation; may be nil
}

var errPanic = errors.New("the conversation failed on our side")

// ServeCall answers one call and has the conversation with its caller.
func (g *gateway) ServeCall(ctx context.Context, call *sip.Call) {
	diary := g.newDiary(call)
	defer diary.close()
	session, err := g.media.Open(g.sound[call.Trunk.Name])
	if err != nil {
		diary.refused(call.Refuse(503, "Out Of Ports"), err)
		return
	}
	defer session.Close()
	call.OnInfo(session.Info)
	if err := call.Ring(ctx); err != nil {
		diary.unanswered(err)
		return
	}
	if err := call.Answer(ctx, session); err != nil {
		diary.unanswered(err)
		return
	}
	diary.answered()
	outcome, err := g.converse(ctx, call, session, diary)
	diary.finished(outcome, err, session.Stats())
	if err := call.Hangup(context.WithoutCancel(ctx)); err != nil {
		diary.log.Debug("the call was over before our BYE", "error", err)
	}
}

// converse runs the script until the caller or the line has nothing more to say. A panic ends this call alone.
func (g *gateway) converse(ctx context.Context, call *sip.Call, session *media.Session, diary *diary) (outcome ivr.Outcome, err error) {
	ctx, stop := whileHeard(ctx, session, diary)
	defer stop()
	line := &line{session: session, sounds: g.sounds, folder: recordingsFolder(g.config), call: diary.key()}
	number := numberOf(g.config, call.Called)
	defer func() {
		if failure := recover(); failure != nil {
			diary.log.Error("a conversation failed", "panic", failure, "stack", string(debug.Stack()))
			_ = line.Play(ctx, ivr.Prompt{Locale: number.Locale, Name: "apology"}) // the line may be gone too
			outcome, err = ivr.Outcome{Disposition: tickets.DispositionFailed}, errPanic
		}
	}()
	defer func() { line.tidy(outcome) }()
	script := ivr.Script{
		Desk: g.desk, Numbering: numbering{}, PINPolicy: ivr.PINPolicy(g.config.Identify.PIN), Lookup: g.desk.Store.Account, Tries: g.config.Identify.Tries,
		Patience: patienceOf(g.config), Observe: diary.observe, Log: diary.log,
	}
	return script.Run(ctx, line, ivr.Call{
		Key: diary.key(), Number: number, Called: call.Called, Extension: call.Extension, Received: call.Received,
		Caller: tickets.Caller{Number: call.Caller, Vouched: call.CallerVouched, Trunk: call.Trunk.Name, CallKey: diary.key()},
	})
}
