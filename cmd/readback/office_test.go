package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"readback/config"
	"readback/tickets"
)

// A clerkroom is the desk's clerk on a stage, who works when told to.
type clerkroom struct {
	work sync.WaitGroup
	stop context.CancelFunc
}

// offerCalls has the gateway call customers back and phone engineers, all by the agents' trunk.
func (s *stage) offerCalls() {
	now := *s.server.gateway.now.Load()
	c := *now.config
	c.Notify.Callback.Trunk = "pbx"
	c.Paging.Phone.Trunk = "pbx"
	c.Paging.Phone.Engineers = []config.Engineer{
		{Name: "Amy", Number: "+14155550181"}, {Name: "Bob", Number: "sip:+14155550182@" + agentAddress, Language: "en-GB"},
	}
	now.config = &c
	s.server.gateway.now.Store(&now)
	s.server.desk.CallBack, s.server.desk.Paging = true, true
}

// officeDoes understands what is said of the office.
func (s *stage) officeDoes(words []string) error {
	switch strings.Join(words, " ") {
	case "calls":
		s.offerCalls()
		s.learnPrompts()
		return nil
	case "works":
		s.clerkWorks()
		return nil
	case "rests":
		s.office.work.Wait()
		return nil
	case "stops":
		s.office.stop()
		return nil
	case "accepts":
		found, err := allTickets(s.t.Context(), s.server.store, "", 0)
		if err != nil {
			return err
		}
		_, err = s.server.desk.Accept(s.t.Context(), found[0].Number, "Zoe", "console")
		return err
	}
	return fmt.Errorf("no office knows how to %q", words)
}

// clerkWorks has the clerk do now what is due, one thing after the other.
func (s *stage) clerkWorks() {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(s.t.Context()))
	s.office.stop = stop
	clerk := tickets.Clerk{Desk: s.server.desk, Phone: s.server.phone, Engineers: engineersOf(s.server.gateway.now.Load().config)}
	found, err := s.server.store.OpenNotices(ctx, false, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	s.office.work.Go(func() {
		defer stop()
		for _, n := range found {
			if n.Due.After(time.Now()) || n.Kind == tickets.Alarm {
				continue
			}
			if err := clerk.Work(ctx, n.ID); err != nil {
				s.t.Errorf("work %s: %v", n.ID, err)
			}
		}
	})
}

// outward are lines about a call of ours: there is no caller on it.
func outward(lines []string) []string {
	for i, line := range lines {
		lines[i] = strings.Replace(line, "caller:  ", "called:  ", 1)
	}
	return lines
}
