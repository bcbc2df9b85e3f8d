package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"readback/config"
	"readback/ivr"
	"readback/media"
	"readback/sip"
	"readback/sip/stir"
	"readback/tickets"
	"readback/tickets/jobs"
)

// A server is a whole gateway with its store and listeners. Tests make one as main does.
type server struct {
	config     *config.Config
	store      store
	numbers    *tickets.Numbers
	desk       *tickets.Desk
	signer     *tickets.Signer
	clerk      *tickets.Clerk
	jobs       []*jobs.Runner
	surveys    http.Handler // the pages on which customers vote; nil: there are none
	records    *records
	traces     *traces
	metrics    *metrics
	recordings tickets.Recordings // what callers said, wherever it is kept
	gateway    *gateway
	phone      *dialout
	room       *admission
	signers    *stir.Cache
	listening  []sip.Listen
	agent      *sip.UserAgent
	message    func(sip.Event) // told what happens in signalling; may be nil
	http       net.Listener
	control    net.Listener
	since      time.Time
	draining   atomic.Bool
	ward       ward
	log        *slog.Logger
	unlock     func() error // the data directory
}

// parts are what a caller of newServer may put in the place of the real ones.
type parts struct {
	store   store                                          // already migrated
	listen  []sip.Listen                                   // in place of sip.listen
	network func(netip.AddrPort) (media.PacketConn, error) // in place of the kernel's sockets
	sounds  *sounds                                        // already loaded
	watch   func(*sip.Call, ivr.Step)                      // told what happens in conversations
	message func(sip.Event)                                // told what happens in signalling
	noHTTP  bool
	noJobs  bool // the outbox is left as calls leave it
}

// newServer opens everything that can fail, so that a gateway that starts to serve is one that works.
func newServer(ctx context.Context, c *config.Config, log *slog.Logger, with parts) (s *server, err error) {
	s = &server{config: c, log: log, metrics: newMetrics(), message: with.message, since: time.Now(), ward: ward{plain: c}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := s.openDesk(ctx, with); err != nil {
		return s, err
	}
	sounds := with.sounds
	if sounds == nil {
		if sounds, err = loadSounds(c.Prompts.Directories); err != nil {
			return s, err
		}
	}
	s.gateway.now.Store(newPractice(c, sounds, s.desk))
	mediaConfig := mediaOf(c)
	mediaConfig.Network, mediaConfig.Log = with.network, log
	if s.gateway.media, err = media.New(mediaConfig); err != nil {
		return s, err
	}
	s.room = &admission{limits: c.RTP.Overload, load: s.gateway.media.Load, log: log}
	s.openPhone()
	s.metrics.registry.MustRegister(newEngineMetrics(s.gateway.media, s.room))
	err = s.listen(with)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("%w; end the program that has the address, or change sip.listen or http.listen", err)
	}
	return s, err
}

// openDesk opens the store and the ticket desk on it.
func (s *server) openDesk(ctx context.Context, with parts) (err error) {
	if err := os.MkdirAll(recordingsFolder(s.config), 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if s.unlock, err = lockData(s.config.Data); err != nil {
		return err
	}
	if err := mendRecordings(recordingsFolder(s.config), s.log); err != nil {
		return err
	}
	if err := s.openRecordings(); err != nil {
		return err
	}
	if s.store = with.store; s.store == nil {
		if s.store, err = openForGateway(ctx, s.config, s.log); err != nil {
			return err
		}
	}
	if s.desk, err = deskOf(s.config, s.store); err != nil {
		return err
	}
	s.numbers = tickets.NewNumbers(s.config.Node, s.store, tickets.FileShelf(filepath.Join(s.config.Data, "numbers.json")))
	s.numbers.LeaseAtOnce(s.config.Store.Numbers)
	if err := s.numbers.Prepare(ctx); err != nil {
		return fmt.Errorf("no ticket numbers to give out: %w", err)
	}
	s.metrics.registry.MustRegister(newSpoolMetrics(s.spoolStats))
	s.desk.Numbers, s.desk.Log = s.numbers, s.log
	s.desk.Observe = func(sighting tickets.Sighting) {
		s.metrics.lockouts.WithLabelValues(sighting.Trunk, string(sighting.Kind)).Inc()
	}
	outbox := newJobMetrics(s.store)
	s.metrics.registry.MustRegister(outbox)
	s.clerk = &tickets.Clerk{Desk: s.desk, Log: s.log, Observe: outbox.observe}
	if err := s.openMail(); err != nil {
		return err
	}
	if err := s.openHooks(); err != nil {
		return err
	}
	if err := s.openTranscriber(); err != nil {
		return err
	}
	if !with.noJobs {
		if s.jobs, err = s.runners(); err != nil {
			return fmt.Errorf("nothing can be sent, called or raised: %w", err)
		}
	}
	if s.signer, err = signerOf(s.config, s.store); err != nil {
		return err
	}
	if err := s.openTraces(); err != nil {
		return err
	}
	s.records = newRecords(s.desk, s.traces, s.metrics, s.log)
	s.gateway = &gateway{node: s.config.Node, records: s.records, traces: s.traces, metrics: s.metrics, recordings: s.recordings, log: s.log, watch: with.watch}
	return nil
}

// listen opens the doors: signalling and HTTP.
func (s *server) listen(with parts) (err error) {
	if err := s.openSigners(); err != nil {
		return err
	}
	signalling, err := s.signallingOf(s.config)
	if err != nil {
		return err
	}
	if with.listen != nil {
		signalling.Listen = with.listen
	}
	s.listening = signalling.Listen
	if s.agent, err = sip.New(signalling, s.gateway); err != nil {
		return err
	}
	s.gateway.out.dial = s.agent.Dial
	s.metrics.countStrangers(s.agent)
	s.metrics.registry.MustRegister(newTrunkMetrics(s.agent, s.listening))
	if with.noHTTP {
		return nil
	}
	if s.control, err = listenControl(controlPath(s.config)); err != nil {
		return err
	}
	s.http, err = net.Listen("tcp", s.config.HTTP.Listen.String())
	return err
}

// openTraces opens what keeps the signalling of calls.
func (s *server) openTraces() error {
	log, err := openTracelog(tracesFolder(s.config), s.config.Calls, s.log)
	if err != nil {
		return err
	}
	s.traces = newTraces(log, func(why string) { s.metrics.untraced.WithLabelValues(why).Inc() })
	return nil
}

// serve answers calls until ctx ends and the last call is over.
func (s *server) serve(ctx context.Context) error {
	behind, stop := context.WithCancel(context.WithoutCancel(ctx)) // what calls need outlives the last of them
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	if front, ok := s.store.(*spooled); ok {
		group.Go(func() { front.Run(behind) })
	}
	group.Go(func() { s.work(behind) })
	group.Go(func() { s.records.run(behind) })
	group.Go(func() { s.traces.run(behind) })
	group.Go(func() { s.room.run(behind) })
	if s.config.SIP.STIR.Fetch {
		group.Go(func() { s.signers.Run(behind) })
	}
	group.Go(func() { s.moveRecordings(behind) })
	group.Go(func() { s.tidy(behind) })
	group.Go(func() { s.prepareClerk(behind) })
	group.Go(func() { s.followIncidents(behind) })
	group.Go(func() {
		s.gateway.now.Load().warm(behind, s.log)
	})
	if s.http != nil {
		group.Go(func() {
			if err := serveHTTP(behind, s.http, httpHandler(s.ready, s.stateText, s.metrics.registry, s.surveys)); err != nil {
				s.log.Error("the HTTP listener ended", "error", err)
			}
		})
	}
	if s.control != nil {
		book := &callBook{traces: s.traces, store: s.store, folder: tracesFolder(s.config), node: s.config.Node}
		group.Go(func() {
			if err := serveHTTP(behind, s.control, apiHandler(behind, book, s)); err != nil {
				s.log.Error("the control socket ended", "error", err)
			}
		})
	}
	defer context.AfterFunc(ctx, func() {
		s.draining.Store(true)
		s.phone.drain()
		s.log.Info("draining: new calls are refused, those that there are may finish", "calls", s.gateway.media.Sessions(), "cause", context.Cause(ctx))
	})()
	defer s.phone.stop()
	return s.agent.Serve(ctx)
}

// trunks are the trunks as they are now.
func (s *server) trunks() []trunkLine {
	lines := []trunkLine{}
	for _, status := range s.agent.Trunks() {
		lines = append(lines, trunkLineOf(status, s.gateway.now.Load().config))
	}
	return lines
}

// ready says why calls should go elsewhere.
func (s *server) ready(ctx context.Context) error {
	if !s.agent.Ready() {
		return errors.New("signalling is not ready: starting, draining, or a listener is down")
	}
	if reason := s.room.overloaded(); reason != "" {
		return errors.New("overloaded: " + reason)
	}
	if err := s.store.Ping(ctx); err != nil {
		return fmt.Errorf("the store does not answer: %w", err)
	}
	if s.numbers.Left() == 0 {
		return errors.New("no ticket numbers are left to give out")
	}
	return nil
}

// close releases what newServer opened; serve has returned.
func (s *server) close() error {
	var problems []error
	s.ward.close()
	if s.agent != nil {
		s.agent.Close()
	}
	for _, listener := range []net.Listener{s.http, s.control} {
		if listener != nil {
			_ = listener.Close() // serve has closed it already
		}
	}
	if s.gateway != nil && s.gateway.media != nil {
		s.gateway.media.Close()
	}
	if s.numbers != nil {
		problems = append(problems, s.numbers.Close())
	}
	if s.store != nil {
		problems = append(problems, s.store.Close())
	}
	if s.unlock != nil {
		problems = append(problems, s.unlock())
	}
	return errors.Join(problems...)
}

// addresses is the ready line's list of where the gateway listens, and of the way its packets take.
func (s *server) addresses() string {
	var all []string
	listen := s.gateway.now.Load().config.SIP.Listen
	for i, address := range s.agent.Addrs() {
		all = append(all, fmt.Sprintf("%s %s", listen[i].Network, address))
	}
	list := "sip " + strings.Join(all, ", ")
	if s.http != nil {
		list += "; http " + s.http.Addr().String()
	}
	return list + "; media " + s.gateway.media.IO()
}

// tidy forgets what is old: at once and then from time to time.
func (s *server) tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyPeriod)
	defer ticker.Stop()
	for {
		now := s.gateway.now.Load()
		if _, err := now.desk.Tidy(ctx, now.config.Calls.Keep.D()); err != nil && ctx.Err() == nil {
			s.log.Warn("old call records could not be removed", "error", err)
		}
		if _, err := s.signer.Sign(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("the day's list of tickets could not be signed; it will be later", "error", err)
		}
		if err := removeRecordings(ctx, s.recordings, s.store, now.config.Recording, time.Now()); err != nil && ctx.Err() == nil {
			s.log.Warn("old recordings could not be removed; they will be later", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
