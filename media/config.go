package media

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"readback/media/sdp"
)

// Config is what an Engine needs to know. Zero values are the defaults named.
type Config struct {
	// Address is where RTP is received; 127.0.0.1 when not set.
	Address netip.Addr
	// Advertise is the address that peers are told; Address when not set. It is needed when Address is unspecified.
	Advertise netip.Addr
	// PortMin and PortMax are the range of ports, of which each call has an even one and the odd one above: 20000–29999.
	PortMin, PortMax uint16
	// Silence is how long a call not on hold may be without any packet before Session.Silent tells: 30 s.
	Silence time.Duration
	// Quarantine is how long a port rests after its call: 10 s.
	Quarantine time.Duration
	// Workers is the most threads to use; the number of processors when 0. The second starts when the first is over 60 % busy.
	Workers int
	// IO is the way packets reach the kernel: "io_uring", "plain", or "" for io_uring where the kernel allows it.
	IO string
	// Network opens the ports; nil means UDP sockets of the kernel. With a Network the engine sleeps by time.Sleep.
	Network func(netip.AddrPort) (PacketConn, error)
	// Log is told of what nobody can be returned; nil discards.
	Log *slog.Logger
}

// PacketConn is an open port of a Network.
type PacketConn interface {
	// TryRead takes a waiting datagram, if there is one.
	TryRead(p []byte) (n int, from netip.AddrPort, ok bool)
	// WriteToAddrPort sends a datagram.
	WriteToAddrPort(p []byte, to netip.AddrPort) (int, error)
	Close() error
}

// Options are one call's.
type Options struct {
	// Allowed are the networks that RTP may go to and come from; nil means any. Sound also comes from the address
	// in the session description.
	Allowed []netip.Prefix
	// Codecs are the encoding names (RFC 3551) to use; nil means all: G722, PCMU and PCMA.
	Codecs []string
	// Encryption says whether SRTP (RFC 3711, keys by RFC 4568) is used.
	Encryption Encryption
	// InBand says whether tones in the sound are taken for keys.
	InBand InBand
	// Pacing measures the peer's packets and Reaction how soon it answers keys; nil measures nothing.
	Pacing   *Pacing
	Reaction *Reaction
}

// Encryption is a policy for SRTP.
type Encryption uint8

// The policies; off is the default.
const (
	EncryptionOff      Encryption = iota // RTP/AVP only
	EncryptionOptional                   // what the peer offers; our own offers are RTP/AVP
	EncryptionRequired                   // nothing without keys; our own offers are RTP/SAVP
)

// InBand is when tones in the sound (ITU-T Q.23) are taken for keys.
type InBand uint8

// The times; without events is the default.
const (
	InBandWithoutEvents InBand = iota // where telephone-events were not agreed on
	InBandNever
	InBandAlways
)

func (c Config) withDefaults() (Config, error) {
	if !c.Address.IsValid() {
		c.Address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if !c.Advertise.IsValid() {
		c.Advertise = c.Address
	}
	if c.PortMin == 0 && c.PortMax == 0 {
		c.PortMin, c.PortMax = 20000, 29999
	}
	if c.Silence == 0 {
		c.Silence = 30 * time.Second
	}
	if c.Quarantine == 0 {
		c.Quarantine = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, c.check()
}

func (c Config) check() error {
	switch {
	case c.Advertise.IsUnspecified():
		return errors.New("media: peers cannot be told the address " + c.Advertise.String() + "; set the address to advertise")
	case c.Address.Is4() != c.Advertise.Is4():
		return fmt.Errorf("media: address %s and advertised address %s are of different families", c.Address, c.Advertise)
	case c.PortMin < 1024 || c.PortMax < c.PortMin+1:
		return fmt.Errorf("media: ports %d-%d hold no even port with the odd one above; start at 1024 or above", c.PortMin, c.PortMax)
	}
	return nil
}

// way chooses how packets reach the kernel.
func (c Config) way() (string, error) {
	switch {
	case c.IO != "" && c.IO != ioRing && c.IO != ioPlain:
		return "", fmt.Errorf("media: unknown way of I/O %q; ways are %s and %s", c.IO, ioRing, ioPlain)
	case c.IO == ioPlain || c.Network != nil:
		return ioPlain, nil
	}
	err := probeUring()
	switch {
	case err == nil:
		return ioRing, nil
	case c.IO == ioRing:
		return "", fmt.Errorf("media: %w; leave the choice to the program, or use %s", err, ioPlain)
	}
	c.Log.Info("media: packets go by plain system calls", "reason", err)
	return ioPlain, nil
}

func (o Options) codecs() ([]sdp.Codec, error) {
	if o.Codecs == nil {
		return sdp.Codecs(), nil
	}
	var codecs []sdp.Codec
	for _, name := range o.Codecs {
		c := sdp.CodecNamed(name)
		if c == sdp.None {
			return nil, fmt.Errorf("media: unknown codec %q; known are %v", name, sdp.Codecs())
		}
		codecs = append(codecs, c)
	}
	return codecs, nil
}

// allows reports whether RTP may be sent to an address.
func (o Options) allows(a netip.Addr) bool {
	for _, p := range o.Allowed {
		if p.Contains(a) {
			return true
		}
	}
	return o.Allowed == nil
}
