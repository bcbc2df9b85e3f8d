package main

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"

	"readback/config"
	"readback/media"
	"readback/tickets"
)

// A practice is what a call goes by from its beginning to its end. Calls that come after a reload go by another one.
type practice struct {
	config *config.Config
	sound  map[string]media.Options // by trunk
	sounds *sounds
	desk   *tickets.Desk
}

func newPractice(c *config.Config, sounds *sounds, desk *tickets.Desk) *practice {
	return &practice{config: c, sound: soundOf(c), sounds: sounds, desk: desk}
}

var errNoTrunk = errors.New("the trunk has just been taken out of the configuration")

// open gives a call its sound, as its trunk may have it. Callers who gave a trunk's password are heard from their own
// address, which is all of the trunk's sources then.
func (p *practice) open(engine *media.Engine, trunk string, sources []netip.Prefix) (*media.Session, error) {
	options, ok := p.sound[trunk]
	if !ok {
		return nil, errNoTrunk
	}
	if len(options.Allowed) == 0 {
		options.Allowed = append([]netip.Prefix{}, sources...) // never nil, which is everywhere
	}
	return engine.Open(options)
}

// warm decodes the prompts that callers may hear, before they do.
func (p *practice) warm(ctx context.Context, log *slog.Logger) {
	err := p.sounds.warm(ctx, localesOf(p.config)...)
	if err == nil && (p.config.Agents.Connect != "" || p.config.Paging.Phone.On()) {
		_, err = p.sounds.music.decode()
	}
	if err != nil && ctx.Err() == nil {
		log.Error("a prompt cannot be played", "error", err)
	}
}
