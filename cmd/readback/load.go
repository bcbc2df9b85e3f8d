package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"strings"
	"time"

	"readback/config"
	"readback/media"
	"readback/sip"
)

type loadCommand struct {
	URI      string        `arg:"" help:"Whom to call, like sip:+18887999666@127.0.0.1:5060."`
	Calls    int           `help:"Calls at once." default:"100"`
	Rate     float64       `help:"New calls a second." default:"10"`
	Duration time.Duration `help:"Length of a call." default:"30s"`
	Total    int           `help:"Calls in all; as many as at once without." placeholder:"CALLS"`
	Codec    string        `help:"What is spoken: ${enum}." enum:"pcmu,pcma,g722" default:"pcmu"`
	Keys     string        `help:"What to press, a word each time the other side has gone quiet, over and over; \"\" is nothing." default:"2 *"`
	Speak    string        `help:"What to say all the while, as a WAV or FLAC file; the demo's sentence without." placeholder:"FILE" type:"existingfile"`
	Encrypt  bool          `help:"Encrypt the sound: RTP/SAVP with keys by SDES."`
	From     string        `help:"The number that calls." default:"+14155550199"`
	JSON     bool          `help:"Print JSON."`
}

func (k *loadCommand) Run(ctx context.Context, console *console) error {
	if err := k.check(); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	collectSeldom()
	test, err := k.prepare(ctx, console)
	if err != nil {
		return err
	}
	stop := test.watch(console)
	test.run(ctx)
	stop()
	if err := test.phone.close(); err != nil {
		return err
	}
	found := test.report()
	if k.JSON {
		err = printJSON(console.out, found)
	} else {
		err = found.print(console.out)
	}
	if err == nil && found.Answered == 0 && ctx.Err() == nil {
		return errReported
	}
	return err
}

// Open files: those of a call at either end, and of everything else.
const (
	filesOfPhone   = 2                // RTP and RTCP
	filesOfGateway = filesOfPhone + 1 // and the recording
	otherFiles     = 64
)

// anyPhase is the packet time that both sides agree on: telephones are anywhere in it when the gateway sends.
const anyPhase = 20 * time.Millisecond

// The range of RTP ports of the calling side, away from the gateway's own: two for each call.
const (
	loadPortMin, loadPortMax = 30000, 59999
	maxLoadCalls             = (loadPortMax - loadPortMin + 1) / 2
)

func (k *loadCommand) check() error {
	if k.Total == 0 {
		k.Total = k.Calls
	}
	switch {
	case k.Calls < 1 || k.Calls > maxLoadCalls:
		return fmt.Errorf("--calls %d: make 1 to %d calls at once", k.Calls, maxLoadCalls)
	case k.Total < 1:
		return fmt.Errorf("--total %d: make at least one call", k.Total)
	case !(k.Rate > 0) || math.IsInf(k.Rate, 0):
		return fmt.Errorf("--rate %v: place more than 0 calls a second", k.Rate)
	case k.Duration <= 0:
		return fmt.Errorf("--duration %v: a call lasts longer than 0s", k.Duration)
	}
	for word := range strings.FieldsSeq(k.Keys) {
		if strings.Trim(word, dialable) != "" {
			return fmt.Errorf("--keys: %q is not something to press; keys are %s", word, dialable)
		}
	}
	return checkFiles(k.Calls, filesOfPhone)
}

// prepare opens the telephone.
func (k *loadCommand) prepare(ctx context.Context, console *console) (*loadTest, error) {
	gateway, err := hostAddress(ctx, k.URI)
	if err != nil {
		return nil, err
	}
	local, err := localAddress(gateway)
	if err != nil {
		return nil, err
	}
	speech, err := k.speech()
	if err != nil {
		return nil, err
	}
	l := &loadTest{plan: *k, words: strings.Fields(k.Keys), speech: speech}
	log := newLog(console.err, config.Observe{LogLevel: "warn"})
	l.phone, err = newPhone(phoneParts{
		listen:  sip.Listen{Network: "udp", Address: netip.AddrPortFrom(local, 0).String()},
		media:   media.Config{Address: local, PortMin: loadPortMin, PortMax: loadPortMax, Quarantine: time.Second, Log: log},
		sound:   media.Options{Codecs: []string{k.Codec}, Encryption: encryption(k.Encrypt), Pacing: &l.pacing, Reaction: &l.reaction},
		dawdle:  anyPhase,
		longest: k.Duration + time.Minute,
		gateway: []netip.Prefix{netip.PrefixFrom(gateway, gateway.BitLen())},
		log:     log,
	})
	return l, err
}

func (k *loadCommand) speech() (*media.Clip, error) {
	if k.Speak == "" {
		return sampleSpeech()
	}
	file, err := os.Open(k.Speak)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	clip, err := media.Decode(file)
	if err == nil && clip.Duration() == 0 {
		err = errors.New("there is nothing in it")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.Speak, err)
	}
	return clip, nil
}
