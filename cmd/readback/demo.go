package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"readback/config"
	"readback/media"
	"readback/tickets"
)

//go:embed demo/accounts.csv
var demoAccounts []byte

// demoSpeech is what the built-in caller says after the tone: demoWords.
//
//go:embed demo/problem.flac
var demoSpeech []byte

const demoWords = "Hello, this is Tom Reyes at Northwind Robotics. Since nine this morning, our calls drop after about a minute, in every office."

// The built-in caller: Tom, of the first sample account, from a telephone nobody knows.
const (
	demoNumber  = "+18887999666"
	demoCaller  = "+14155550199"
	demoAccount = "30471234"
	demoPIN     = "246810"
	demoCues    = "menu-support:2 account:" + demoAccount + "# pin:" + demoPIN + "# %sseverity-2:2 tone:speak record-keep:1 callback-right:1 choice-end:9"
	demoTimeout = 3 * time.Minute
)

type demoCommand struct {
	configFlag
	Once bool `help:"End after the call: status 0 only if its ticket is in the store."`
}

func (d *demoCommand) Run(ctx context.Context, console *console) error {
	c, err := d.load()
	if err != nil {
		return err
	}
	c.Observe.LogLevel = "warn" // the conversation is the show
	moved := freeAddresses(c)
	server, err := newServer(ctx, c, newLog(console.err, c.Observe), parts{})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var serving sync.WaitGroup
	var served error
	serving.Go(func() { served = server.serve(ctx) })
	if moved {
		fmt.Fprintln(console.out, "an address of the configuration is in use, so the demo took free ports")
	}
	fmt.Fprintf(console.out, "readback ready: %s; data %s\n\n", server.addresses(), c.Data)
	err = d.show(ctx, console.out, server)
	if err == nil && !d.Once {
		server.invite(console.out)
		<-ctx.Done()
	}
	stop()
	serving.Wait()
	return errors.Join(err, served, server.close())
}

// show phones in, and prints the conversation and its ticket.
func (d *demoCommand) show(ctx context.Context, out io.Writer, s *server) error {
	if err := s.addSamples(ctx); err != nil {
		return err
	}
	script, err := s.demoScript(ctx)
	if err != nil {
		return err
	}
	cues, err := parseCues(script)
	if err != nil {
		return err
	}
	address := s.sipAddress()
	uri := "sip:" + demoNumber + "@" + address.String()
	fmt.Fprintf(out, "%s phones %s\n\n", demoCaller, uri)
	report, err := testCall(ctx, testCallParts{
		uri: uri, from: demoCaller, gateway: address.Addr(), cues: cues, sounds: s.gateway.now.Load().sounds,
		scene: newScene(out), timeout: demoTimeout, locales: []string{"en-US", "fr-FR"},
	})
	if err != nil {
		return fmt.Errorf("the demo call: %w", err)
	}
	if err := report.print(out); err != nil {
		return err
	}
	return s.showTicket(ctx, out, report)
}

// demoScript is what the caller presses: a demo of before may have left tickets and incidents, and this is another problem.
func (s *server) demoScript(ctx context.Context) (string, error) {
	if err := s.desk.ReadIncidents(ctx); err != nil {
		return "", err
	}
	open, err := s.desk.OpenTickets(ctx, demoAccount)
	if err != nil {
		return "", err
	}
	another := strings.Repeat("incident-choices:2 ", len(s.desk.Touching(numberOf(s.config, demoNumber).Region)))
	if len(open) > 0 {
		another += "open-choices:2 "
	}
	return fmt.Sprintf(demoCues, another), nil
}

// addSamples stores the sample accounts, but not beside somebody's real ones.
func (s *server) addSamples(ctx context.Context) error {
	known, err := allAccounts(ctx, s.store)
	if err != nil {
		return err
	}
	samples, err := tickets.ReadAccounts(bytes.NewReader(demoAccounts), policyOf(s.config), func(pin tickets.PIN) (string, error) {
		return s.desk.Hash(ctx, pin)
	})
	if err != nil {
		return err
	}
	for _, account := range known {
		if !slices.ContainsFunc(samples, func(sample tickets.Account) bool { return sample.Name == account.Name }) {
			return fmt.Errorf("%s holds accounts of your own: run the demo in another folder", s.config.Data)
		}
	}
	return s.store.PutAccounts(ctx, samples)
}

// errNoTicket ends a demo whose call left nothing in the store.
var errNoTicket = errors.New("the call made no ticket")

// showTicket prints the ticket that the call heard the number of, as it is in the store.
func (s *server) showTicket(ctx context.Context, out io.Writer, report *callReport) error {
	number := report.ticketNumber()
	if number == "" {
		return errNoTicket
	}
	found, err := readDossier(ctx, s.store, number)
	if err != nil {
		return fmt.Errorf("ticket %s was read out: %w", number, err)
	}
	fmt.Fprintln(out)
	return found.print(out)
}

// invite tells the reader how to phone in.
func (s *server) invite(out io.Writer) {
	fmt.Fprintf(out, `
Now you: dial sip:%s@%s from a softphone on this machine, account %s, PIN %s.
Or from another terminal:
  go run ./cmd/readback call sip:%s@%s --press "menu-support:2"
  go run ./cmd/readback tickets list
Ctrl-C ends the demo.
`, demoNumber, s.sipAddress(), demoAccount, demoPIN, demoNumber, s.sipAddress())
}

// sipAddress is the first UDP address the gateway listens on.
func (s *server) sipAddress() netip.AddrPort {
	for _, address := range s.agent.Addrs() {
		if udp, ok := address.(*net.UDPAddr); ok {
			at := udp.AddrPort()
			return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
		}
	}
	return netip.AddrPort{}
}

// freeAddresses moves the listeners whose port is taken to free ones, so that a demo always runs.
func freeAddresses(c *config.Config) (moved bool) {
	for i, listen := range c.SIP.Listen {
		if inUse(listen.Network, listen.Address) {
			c.SIP.Listen[i].Address = netip.AddrPortFrom(listen.Address.Addr(), 0)
			moved = true
		}
	}
	if inUse("tcp", c.HTTP.Listen) {
		c.HTTP.Listen = netip.AddrPortFrom(c.HTTP.Listen.Addr(), 0)
		moved = true
	}
	return moved
}

func inUse(network string, at netip.AddrPort) bool {
	var closer io.Closer
	var err error
	if network == "udp" {
		closer, err = net.ListenPacket(network, at.String())
	} else {
		closer, err = net.Listen(network, at.String())
	}
	if err == nil {
		_ = closer.Close()
	}
	return errors.Is(err, syscall.EADDRINUSE)
}

// sampleSpeech is the built-in caller's problem.
func sampleSpeech() (*media.Clip, error) { return media.Decode(bytes.NewReader(demoSpeech)) }
