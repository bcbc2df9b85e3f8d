package sip

import (
	"bytes"
	"errors"
	"sync"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// outboxSize bounds the bytes that wait for a connection, and for one that is being opened.
const outboxSize = 1 << 20

var errOutboxFull = errors.New("too much waits for the connection")

// A parcel is a message on its way out.
type parcel struct {
	flow  *flow // nil for what is nobody's message, such as a keep-alive
	bytes []byte
	req   *sipgo.Request // that waits for its answer; else nil
}

// An outbox is what a connection has yet to write, in order. Its writer alone waits for the peer: who sends a message holds
// the lock of its call, and the reader must go on.
type outbox struct {
	mu     sync.Mutex
	queue  []parcel
	late   []parcel      // for another connection, because this one is broken
	size   int           // bytes of both
	until  time.Time     // when the connection is being closed: how long the peer has to take the rest
	idle   chan struct{} // closed when the writer that runs has ended; nil when none does
	closed bool          // nothing is taken any more
}

// send takes a message that has yet to be framed.
func (c *connection) send(p parcel) error {
	p.bytes = bytes.Clone(p.bytes)
	return c.put(p)
}

// write takes bytes that are framed.
func (c *connection) write(p []byte) error { return c.put(parcel{bytes: p}) }

func (c *connection) put(p parcel) error {
	o := &c.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return errBroken
	case o.size+len(p.bytes) > outboxSize:
		return errOutboxFull
	case c.broken.Load():
		o.late = append(o.late, p) // behind what the writer has in hand
	default:
		o.queue = append(o.queue, p)
	}
	o.size += len(p.bytes)
	c.startWriter()
	return nil
}

// startWriter is for a caller that holds the outbox's mu, before the connection is closed: its reader does that, and waits
// for the writer.
func (c *connection) startWriter() {
	if c.outbox.idle == nil {
		c.outbox.idle = make(chan struct{})
		c.ua.readers.Go(c.runWriter)
	}
}

// runWriter writes all of each message, or breaks the connection: half a message would spoil the next one.
func (c *connection) runWriter() {
	for {
		p, late, ok := c.next()
		switch {
		case !ok:
			return
		case late:
			c.ua.forward(p)
		case c.writeOne(p) != nil:
			c.breaks(p)
		}
	}
}

// next is what the writer does next; when there is nothing it has ended.
func (c *connection) next() (p parcel, late, ok bool) {
	o := &c.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	from := &o.queue
	switch {
	case len(o.queue) > 0:
		deadline := o.until
		if !c.broken.Load() {
			deadline = time.Now().Add(c.ua.config.Limits.Write)
		}
		_ = c.conn.SetWriteDeadline(deadline)
	case len(o.late) > 0:
		from, late = &o.late, true
	default:
		o.queue, o.late, o.closed = nil, nil, c.broken.Load()
		close(o.idle)
		o.idle = nil
		return parcel{}, false, false
	}
	p = (*from)[0]
	(*from)[0] = parcel{}
	*from = (*from)[1:]
	o.size -= len(p.bytes)
	return p, late, true
}

func (c *connection) writeOne(p parcel) error {
	framed := p.bytes
	if p.flow != nil {
		framed = c.framing.frame(p.bytes)
	}
	_, err := c.conn.Write(framed)
	return err
}

// breaks leaves a message that could not be written, and all behind it, to another connection.
func (c *connection) breaks(p parcel) {
	o := &c.outbox
	o.mu.Lock()
	c.broken.Store(true)
	o.late = append(append([]parcel{p}, o.queue...), o.late...)
	o.size += len(p.bytes)
	o.queue = nil
	o.mu.Unlock()
	_ = c.conn.Close()
}

// close ends the connection with some last bytes, once what waits is written.
func (c *connection) close(farewell []byte) {
	o := &c.outbox
	o.mu.Lock()
	if c.broken.Swap(true) {
		o.mu.Unlock()
		return
	}
	o.until = time.Now().Add(farewellWithin)
	if len(farewell) > 0 {
		o.queue = append(o.queue, parcel{bytes: farewell})
		o.size += len(farewell)
		c.startWriter()
	}
	idle := o.idle
	if idle == nil {
		o.closed = true
	} else {
		_ = c.conn.SetWriteDeadline(o.until)
	}
	o.mu.Unlock()
	if idle != nil {
		<-idle
	}
	_ = c.conn.Close()
}

// farewellWithin is short: closing waits for nobody.
const farewellWithin = 200 * time.Millisecond
