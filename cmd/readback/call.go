package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"readback/media"
	"readback/sip"
)

type callCommand struct {
	URI     string        `arg:"" help:"Whom to call, like sip:+18887999666@127.0.0.1:5060."`
	Press   string        `help:"What to do on cue: PROMPT:KEYS, PROMPT:speak or PROMPT:hangup, parted by spaces." placeholder:"SCRIPT"`
	From    string        `help:"The number that calls." default:"+14155550199"`
	Locale  []string      `help:"Languages to listen for, like en-US; all without." placeholder:"LOCALE"`
	Encrypt bool          `help:"Encrypt the sound: RTP/SAVP with keys by SDES."`
	Timeout time.Duration `help:"Hang up after this long." default:"5m"`
	JSON    bool          `help:"Print JSON at the end instead of the conversation as it happens."`
}

func (k *callCommand) Run(ctx context.Context, console *console) error {
	cues, err := parseCues(k.Press)
	if err != nil {
		return fmt.Errorf("%w: --press: %w", errUsage, err)
	}
	gateway, err := hostAddress(ctx, k.URI)
	if err != nil {
		return err
	}
	sounds, err := loadSounds(nil)
	if err != nil {
		return err
	}
	out := console.out
	if k.JSON {
		out = io.Discard
	}
	report, err := testCall(ctx, testCallParts{
		uri: k.URI, from: k.From, gateway: gateway, cues: cues, sounds: sounds, scene: newScene(out), encrypt: k.Encrypt, timeout: k.Timeout, locales: k.Locale,
	})
	if err != nil {
		return err
	}
	if k.JSON {
		return printJSON(console.out, report)
	}
	return report.print(console.out)
}

// hostAddress finds the address of a SIP URI's host.
func hostAddress(ctx context.Context, uri string) (netip.Addr, error) {
	rest, ok := strings.CutPrefix(uri, "sip:")
	if !ok {
		return netip.Addr{}, fmt.Errorf("%w: %q is not a SIP address; write sip:NUMBER@HOST", errUsage, uri)
	}
	host := rest[strings.LastIndexByte(rest, '@')+1:]
	host, _, _ = strings.Cut(host, ";")
	if at, err := netip.ParseAddrPort(host); err == nil {
		return at.Addr().Unmap(), nil
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("find %s: %w", host, err)
	}
	return found[0].Unmap(), nil
}

// testCallParts are what a test call needs to know.
type testCallParts struct {
	uri, from string
	gateway   netip.Addr
	cues      []cue
	encrypt   bool
	sounds    *sounds
	locales   []string // to listen for; none is all
	scene     *scene
	timeout   time.Duration
}

// testCall makes one call from this machine and shows it as it happens.
func testCall(ctx context.Context, with testCallParts) (*callReport, error) {
	local, err := localAddress(with.gateway)
	if err != nil {
		return nil, err
	}
	phone, err := newPhone(phoneParts{
		listen:  sip.Listen{Network: "udp", Address: netip.AddrPortFrom(local, 0).String()},
		media:   media.Config{Address: local, PortMin: 40000, PortMax: 49999},
		sound:   media.Options{Encryption: encryption(with.encrypt)},
		gateway: []netip.Prefix{netip.PrefixFrom(with.gateway, with.gateway.BitLen())},
		message: func(e sip.Event) { showMessage(with.scene, e) },
	})
	if err != nil {
		return nil, err
	}
	report, err := phone.perform(ctx, with)
	return report, errors.Join(err, phone.close())
}

// perform dials, goes through the cues and hangs up at the end of its time.
func (p *phone) perform(ctx context.Context, with testCallParts) (*callReport, error) {
	ctx, cancel := context.WithTimeout(ctx, with.timeout)
	defer cancel()
	speech, err := sampleSpeech()
	if err != nil {
		return nil, err
	}
	book, err := with.sounds.book(with.locales...)
	if err != nil {
		return nil, err
	}
	session, err := p.lift()
	if err != nil {
		return nil, err
	}
	with.scene.begin()
	report := newReport(with.uri)
	ear := newEar(with.sounds.texts, book, session)
	defer ear.close()
	call, err := p.dial(ctx, session, with.uri, with.from)
	if err != nil {
		return nil, err
	}
	defer call.close()
	report.AnsweredMS = report.since(time.Now())
	show := &performance{call: call, heard: ear.heard, speech: speech, scene: with.scene, report: report}
	err = show.run(ctx, with.cues)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // a call as long as it was meant to be
	}
	err = errors.Join(err, call.hangup(context.WithoutCancel(ctx)))
	ear.close()
	show.catchUp()
	with.scene.end()
	report.finish(call)
	return report, err
}

// localAddress is the address of this machine that a peer sees.
func localAddress(peer netip.Addr) (netip.Addr, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(peer, 5060)))
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

// showMessage puts a SIP message at the margin of the scene.
func showMessage(s *scene, e sip.Event) {
	switch e.Kind {
	case sip.Sent:
		s.message(">", firstWords(e))
	case sip.Received:
		s.message("<", firstWords(e))
	}
}

func firstWords(e sip.Event) string {
	if e.Status == 0 {
		return e.Method
	}
	return strings.TrimPrefix(e.Line, "SIP/2.0 ")
}

func (r *callReport) print(w io.Writer) error {
	q := r.Quality
	_, err := fmt.Fprintf(w, "\nanswered after %.0f ms, %.1f s long, %s; %s, %d packets sent, %d received, %d lost, jitter %.1f ms, MOS %.2f\n",
		r.AnsweredMS, r.DurationMS/1e3, r.EndedBy, q.Codec, q.Sent, q.Received, q.Lost, q.JitterMS, q.MOS)
	return err
}
