package sip

// comesBy notes the way of a request inside the dialog, when the connection that made the dialog is gone: a
// browser that has lost its WebSocket cannot be reached by any other.
func (c *Call) comesBy(f *flow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn, ok := c.dialog.flow.carrier().(*connection); ok && !conn.alive() {
		c.dialog.flow = f
	}
}

// reroute deals with the requests of ours that wait for their answer on a connection that is gone: each is
// sent once more, over another (the peer knows it by its branch), or fails at once.
func (u *UserAgent) reroute(dead *connection) {
	if u.ctx.Err() != nil {
		return
	}
	var waiting []*clientTx
	u.mu.Lock()
	for _, t := range u.clients {
		if t.flow.carrier() == dead {
			waiting = append(waiting, t)
		}
	}
	u.mu.Unlock()
	for _, t := range waiting {
		u.work.Go(t.resend)
	}
}

func (t *clientTx) resend() {
	<-t.started
	t.mu.Lock()
	decided, resent := t.decided, t.resent
	t.resent = true
	t.mu.Unlock()
	switch {
	case decided:
	case resent || t.flow.WriteMsg(t.req) != nil:
		t.lose()
	}
}

// lose fails a request that no connection takes.
func (t *clientTx) lose() {
	t.lost.Store(true)
	t.tx.Terminate()
}
