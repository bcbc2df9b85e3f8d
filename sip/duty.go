package sip

import (
	"context"
	"time"
)

// A duty is what is done for a trunk of our own accord, as long as it is configured and calls are served: a
// registration, or pings.
type duty interface {
	// run returns soon after stop is closed, or at once when the user agent ends.
	run(stop <-chan struct{})
}

// A post is a duty at work.
type post struct {
	duty duty
	stop chan struct{}
	done chan struct{}
}

// attend starts the duties of a configuration that are not attended to, and stops the others. The caller holds
// reloading.
func (u *UserAgent) attend(config *Config) {
	if !u.serving.Load() || u.relieved {
		return
	}
	wanted := map[any]func() duty{}
	for _, t := range config.Trunks {
		for _, r := range t.Registrations {
			wanted[registrationOf{t.Name, r.of(t)}] = func() duty { return u.newRegistering(t.Name, r.of(t)) }
		}
		if t.Ping > 0 && t.Address != "" {
			wanted[pingsOf{t.Name, t.Address, t.Ping}] = func() duty { return &pinging{u, pingsOf{t.Name, t.Address, t.Ping}} }
		}
	}
	for key, p := range u.posts {
		if wanted[key] != nil {
			continue
		}
		if g, ok := p.duty.(*registering); ok {
			g.handedOver.Store(g.goesOn(wanted))
		}
		close(p.stop)
		delete(u.posts, key)
	}
	for key, begin := range wanted {
		if u.posts[key] == nil {
			u.posts[key] = u.begin(begin())
		}
	}
}

func (u *UserAgent) begin(d duty) *post {
	p := &post{duty: d, stop: make(chan struct{}), done: make(chan struct{})}
	u.duties.Go(func() {
		defer close(p.done)
		d.run(p.stop)
	})
	return p
}

// relieve ends all duties, and waits for their last words for a while.
func (u *UserAgent) relieve() {
	u.reloading.Lock()
	u.relieved = true
	posts := u.posts
	u.posts = map[any]*post{}
	u.reloading.Unlock()
	for _, p := range posts {
		close(p.stop)
	}
	timeout := time.After(goodbyeTime)
	for _, p := range posts {
		select {
		case <-p.done:
		case <-timeout:
			return
		case <-u.ctx.Done():
			return
		}
	}
}

// idleFor waits; false when it is time to stop.
func (u *UserAgent) idleFor(d time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
	case <-u.ctx.Done():
	}
	return false
}

// until is a context that ends at stop, or with the user agent.
func (u *UserAgent) until(stop <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(u.ctx)
	done := make(chan struct{})
	u.work.Go(func() {
		select {
		case <-stop:
			cancel()
		case <-done:
		}
	})
	return ctx, func() { cancel(); close(done) }
}
