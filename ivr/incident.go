package ivr

import (
	"context"

	"readback/tickets"
)

// The keys of a caller who hears of an incident.
const (
	keyAttach Key = '1'
	keyGoOn   Key = '2'
)

// SoundOfIncident begins the name of a prompt that is a recording of an incident. Its digest follows, by which the desk has it.
const SoundOfIncident = "incident:"

// incident tells of the problems that agents know of. A caller who has one of them needs to answer nothing more.
func (c *conversation) incident(ctx context.Context) error {
	if c.attached.ID != "" {
		c.attached, c.priority = tickets.Incident{}, 0 // the caller came back
	}
	known := c.script.Desk.Touching(c.call.Number.Region)
	if len(known) == 0 {
		return errNothing
	}
	for _, incident := range known {
		key, err := c.ask(ctx, string(keyAttach)+string(keyGoOn), c.announcement(incident))
		if err != nil {
			return err
		}
		if key == keyAttach {
			c.attached, c.priority, c.rated = incident, incident.Priority, true
			return nil
		}
	}
	return nil
}

// announcement is what is said about an incident: a recording in the caller's language, or that there is something.
func (c *conversation) announcement(incident tickets.Incident) []Prompt {
	what := Prompt{Locale: c.locale, Name: "incident-generic"}
	if locale, digest, ok := incident.Said(c.locale); ok && c.script.Desk.HasSound(digest) {
		what = Prompt{Locale: locale, Name: SoundOfIncident + digest}
	}
	return append(append(c.prompts("incident-known"), what), c.prompts("incident-choices")...)
}

// unlessAttached is a step that a caller with a known problem is spared.
func (c *conversation) unlessAttached(step func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if c.attached.ID != "" {
			return errNothing
		}
		return step(ctx)
	}
}

// reachable asks whoever is attached only where there would be no telephone number.
func (c *conversation) reachable(ctx context.Context) error {
	if c.attached.ID != "" && c.call.Caller.Number != "" {
		return errNothing
	}
	return c.reach(ctx)
}
