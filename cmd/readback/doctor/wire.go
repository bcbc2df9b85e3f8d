package doctor

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxMessage = 64 << 10
	dialing    = 5 * time.Second
	kept       = 200 // messages that may wait to be looked at
)

// A wire carries messages to the gateway and back.
type wire struct {
	conn    net.Conn
	came    chan *message
	bad     chan error // what ended it, or came and is no message
	readers sync.WaitGroup
}

// open connects to the gateway. The wire's reader ends with close.
func open(ctx context.Context, transport string, to, from netip.AddrPort, secure *tls.Config) (*wire, error) {
	dialer := net.Dialer{Timeout: dialing}
	network := "tcp"
	if transport == "udp" {
		network = "udp"
	}
	if from.IsValid() {
		if dialer.LocalAddr = net.Addr(net.TCPAddrFromAddrPort(from)); network == "udp" {
			dialer.LocalAddr = net.UDPAddrFromAddrPort(from)
		}
	}
	conn, err := dialer.DialContext(ctx, network, to.String())
	if err != nil {
		return nil, err
	}
	if transport == "tls" {
		shaken := tls.Client(conn, secure)
		limited, cancel := context.WithTimeout(ctx, dialing)
		defer cancel()
		if err := shaken.HandshakeContext(limited); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		conn = shaken
	}
	w := &wire{conn: conn, came: make(chan *message, kept), bad: make(chan error, 1)}
	if network == "udp" {
		w.readers.Go(w.readDatagrams)
	} else {
		w.readers.Go(w.readStream)
	}
	return w, nil
}

func (w *wire) local() netip.AddrPort {
	at, _ := netip.ParseAddrPort(w.conn.LocalAddr().String())
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

func (w *wire) send(message []byte) error {
	_ = w.conn.SetWriteDeadline(time.Now().Add(dialing)) // a connection that is closed says so at Write
	_, err := w.conn.Write(message)
	return err
}

func (w *wire) close() {
	_ = w.conn.Close()
	w.readers.Wait()
}

func (w *wire) deliver(raw []byte) {
	m, err := readMessage(raw)
	if err != nil {
		w.fail(err)
		return
	}
	select {
	case w.came <- m:
	default: // more than anybody looks at
	}
}

func (w *wire) fail(err error) {
	select {
	case w.bad <- err:
	default:
	}
}

func (w *wire) readDatagrams() {
	buffer := make([]byte, maxMessage)
	for {
		n, err := w.conn.Read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			w.fail(err) // nobody listens there
			return
		}
		if len(bytes.Trim(buffer[:n], "\r\n\x00")) > 0 {
			w.deliver(bytes.Clone(buffer[:n]))
		}
	}
}

func (w *wire) readStream() {
	in := bufio.NewReaderSize(w.conn, 4<<10)
	for {
		raw, err := readFrame(in)
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				w.fail(err)
			}
			return
		}
		w.deliver(raw)
	}
}

// readFrame reads one message off a stream (RFC 3261 section 18.3), past keep-alives.
func readFrame(in *bufio.Reader) ([]byte, error) {
	var raw []byte
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		blank := len(bytes.Trim(line, "\r\n")) == 0
		if blank && len(raw) == 0 {
			continue
		}
		if raw = append(raw, line...); len(raw) > maxMessage {
			return nil, errNoMessage
		}
		if blank {
			break
		}
		name, value, _ := strings.Cut(string(line), ":")
		if name = strings.TrimSpace(name); strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "l") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 0 || length > maxMessage {
				return nil, errNoMessage
			}
		}
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, err
	}
	return append(raw, body...), nil
}
