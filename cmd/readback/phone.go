package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"readback/media"
	"readback/sip"
)

// A phone makes calls: a user agent and sound, the same parts as the gateway's, the other way round.
type phone struct {
	agent  *sip.UserAgent
	media  *media.Engine
	sound  media.Options
	dawdle time.Duration
	stop   context.CancelFunc
	served chan error
}

// phoneParts are what a phone is made of.
type phoneParts struct {
	listen  sip.Listen
	media   media.Config
	sound   media.Options  // of each call
	dawdle  time.Duration  // the longest that it takes, by chance, from an answer to its first packet
	longest time.Duration  // call; sip.DefaultMaxCallTime when zero
	gateway []netip.Prefix // whom it may call
	message func(sip.Event)
	log     *slog.Logger
}

// encryption is what a phone does with --encrypt.
func encryption(encrypt bool) media.Encryption {
	if encrypt {
		return media.EncryptionRequired
	}
	return media.EncryptionOff
}

func newPhone(with phoneParts) (*phone, error) {
	engine, err := media.New(with.media)
	if err != nil {
		return nil, err
	}
	agent, err := sip.New(sip.Config{
		Listen: []sip.Listen{with.listen}, UserAgent: "readback-phone", Observe: with.message, Log: with.log,
		Trunks: []sip.Trunk{{Name: "gateway", Networks: with.gateway}}, MaxCallTime: with.longest,
	}, nil)
	if err != nil {
		engine.Close()
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &phone{agent: agent, media: engine, sound: with.sound, dawdle: with.dawdle, stop: stop, served: make(chan error, 1)}
	go func() { p.served <- agent.Serve(ctx) }()
	return p, nil
}

// close hangs up and waits for everything to end.
func (p *phone) close() error {
	p.agent.Close()
	p.stop()
	err := <-p.served
	p.media.Close()
	return err
}

// A phoneCall is a call that was answered.
type phoneCall struct {
	call    *sip.Call
	session *media.Session
	offers  *holding
	setup   time.Duration // from INVITE to 200
}

// holding makes the session's offers, as they are or on hold (RFC 3264 section 8.4).
type holding struct {
	*media.Session
	held     atomic.Bool
	dawdle   time.Duration
	answered time.Time
}

// Accept takes the answer when the telephone has come round to it: its packets are in no step with those of the gateway.
func (h *holding) Accept(answer []byte) error {
	h.answered = time.Now()
	if h.dawdle > 0 {
		time.Sleep(rand.N(h.dawdle))
	}
	return h.Session.Accept(answer)
}

func (h *holding) Offer() ([]byte, error) {
	offer, err := h.Session.Offer()
	if h.held.Load() {
		offer = bytes.ReplaceAll(offer, []byte("a=sendrecv"), []byte("a=sendonly"))
	}
	return offer, err
}

// lift opens the sound of a call to come.
func (p *phone) lift() (*media.Session, error) { return p.media.Open(p.sound) }

// dial calls and returns when the call is answered. It closes the session of a call that is not.
func (p *phone) dial(ctx context.Context, session *media.Session, uri, from string) (*phoneCall, error) {
	offers, began := &holding{Session: session, dawdle: p.dawdle}, time.Now()
	call, err := p.agent.Dial(ctx, uri, offers, sip.DialOptions{From: from})
	if err != nil {
		session.Close()
		return nil, err
	}
	return &phoneCall{call: call, session: session, offers: offers, setup: offers.answered.Sub(began)}, nil
}

// ended is closed when either side has hung up.
func (c *phoneCall) ended() <-chan struct{} { return c.call.Context().Done() }

func (c *phoneCall) press(ctx context.Context, keys string) error {
	return c.session.SendKeys(ctx, keys)
}

func (c *phoneCall) speak(ctx context.Context, words ...*media.Clip) error {
	return c.session.Play(ctx, words...)
}

// hold puts the gateway on hold, or talks to it again.
func (c *phoneCall) hold(ctx context.Context, on bool) error {
	c.offers.held.Store(on)
	return c.call.Reinvite(ctx)
}

func (c *phoneCall) hangup(ctx context.Context) error { return c.call.Hangup(ctx) }

// close frees the sound of a call that has ended.
func (c *phoneCall) close() { c.session.Close() }

// whoHungUp says in words how the call ended.
func (c *phoneCall) whoHungUp() string {
	switch cause := context.Cause(c.call.Context()); {
	case errors.Is(cause, sip.ErrHangup):
		return "the gateway hung up"
	case errors.Is(cause, sip.ErrFinished):
		return "the caller hung up"
	default:
		return cause.Error()
	}
}
