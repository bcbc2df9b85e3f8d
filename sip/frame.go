package sip

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

var (
	errFrameTooLarge = errors.New("the message is larger than is taken")
	errFrameLength   = errors.New("the message has no valid Content-Length")
)

// streamFraming is how messages lie in TCP and TLS: head, empty line, Content-Length bytes.
type streamFraming struct{}

// read answers keep-alives (RFC 5626 section 3.5.1) on its way to the next message.
func (streamFraming) read(c *connection, firstBy time.Time) ([]byte, error) {
	for breaks := 0; ; {
		if err := c.await(firstBy); err != nil {
			return nil, err
		}
		b, err := c.r.ReadByte()
		if err != nil {
			return nil, err
		}
		switch b {
		case '\r':
			continue
		case '\n':
			if c.pinged {
				c.pinged, c.ponged, breaks = false, true, 0
				c.trunk.mute.Store(false)
			} else if breaks++; breaks%2 == 0 {
				err = c.write(pong)
			}
		default:
			c.pinged = false
			_ = c.r.UnreadByte() // a byte was just read
			return readFrame(c.r, c.ua.config.Limits.MessageSize)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (streamFraming) frame(p []byte) []byte { return p }

func (streamFraming) farewell() []byte { return nil }

// readFrame reads one message of a stream (RFC 3261 section 18.3): a head up to an empty line, then as
// many bytes as Content-Length says, at most so many in all. With an error other than the reader's own it
// returns the head, for the answer; the stream has no boundary to go on from then.
func readFrame(r *bufio.Reader, most int) ([]byte, error) {
	var frame []byte
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		frame = append(frame, line...)
		if len(frame) > most {
			return frame, errFrameTooLarge
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue // a long line goes on
		}
		if err != nil {
			return nil, err
		}
		text := lastLine(frame)
		if len(text) == 0 {
			break
		}
		if n, ok := contentLength(text); ok {
			length = n
		}
	}
	if length < 0 {
		return frame, errFrameLength
	}
	if len(frame)+length > most {
		return frame, errFrameTooLarge
	}
	head := len(frame)
	frame = append(frame, make([]byte, length)...)
	_, err := io.ReadFull(r, frame[head:])
	return frame, err
}

// lastLine is the text of the line that ends the frame, without CRLF.
func lastLine(frame []byte) []byte {
	frame = bytes.TrimSuffix(bytes.TrimSuffix(frame, []byte("\n")), []byte("\r"))
	return frame[bytes.LastIndexByte(frame, '\n')+1:]
}

// contentLength reads a Content-Length header; ok is false for every other line, and the number is -1
// when the header holds none.
func contentLength(line []byte) (n int, ok bool) {
	name, value, found := bytes.Cut(line, []byte(":"))
	name = bytes.TrimSpace(name)
	if !found || !strings.EqualFold(fullName(string(name)), "Content-Length") {
		return 0, false
	}
	number, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 31)
	if err != nil {
		return -1, true
	}
	return int(number), true
}
