package sip

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCloseEndsRegistrations_RFC3261_10_2_2_22_2(t *testing.T) {
	for name, answered := range map[string]bool{"the registrar answers": true, "it says nothing": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(registrar)
				p.send(accept(p.expect("REGISTER "), 600))
				synctest.Wait()
				start, closed := time.Now(), make(chan time.Duration)
				go func() {
					r.ua.Close()
					closed <- time.Since(start)
				}()
				req := p.expect("REGISTER ")
				if !answered {
					if took := <-closed; took != goodbyeTime {
						t.Errorf("Close took %v, want %v", took, goodbyeTime)
					}
					p.skip()
					return
				}
				p.send(respond(req, "401 Unauthorized", `WWW-Authenticate: Digest realm="example.com", nonce="n1", algorithm=MD5, qop="auth"`))
				again := p.expect("REGISTER ")
				checkAnswer(t, again, "alice", "s3cret")
				if field(again, "Expires") != "0" {
					t.Errorf("Expires %s", field(again, "Expires"))
				}
				p.send(respond(again, "200 OK"))
				if took := <-closed; took != 0 {
					t.Errorf("Close took %v", took)
				}
			}, registers(names(registrar)))
		})
	}
}

// A call that comes while the user agent closes is refused, and does not keep it open.
func TestNoCallIsTakenWhileClosing_RFC3261_21_5_4(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		reg, p := r.peer(registrar), r.peer(carrier)
		reg.send(accept(reg.expect("REGISTER "), 600))
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			r.ua.Close()
			close(closed)
		}()
		reg.expect("REGISTER ")
		p.send(invite())
		if res := p.expect("SIP/2.0 503"); field(res, "Retry-After") == "" {
			t.Error("no Retry-After")
		}
		<-closed
		reg.skip()
	}, registers(names(registrar)))
}

func TestGoodNewsIsNoError(t *testing.T) {
	var log bytes.Buffer
	inBubble(t, rings, func(r *rig) {
		reg, p := r.peer(registrar), r.peer(carrier)
		reg.send(accept(reg.expect("REGISTER "), 600))
		p.send(respond(p.expect("OPTIONS "), "200 OK"))
		synctest.Wait()
		r.stop()
		p.skip()
		reg.send(respond(reg.expect("REGISTER "), "200 OK"))
	}, registers(names(registrar)), func(c *Config) {
		c.Observe, c.Log = nil, slog.New(slog.NewTextHandler(&log, nil))
		c.Trunks[0].Address, c.Trunks[0].Ping = "sip:198.51.100.7", time.Hour
	})
	for _, want := range []string{"kind=registered", "kind=trunk-up"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in the log %q", want, log.String())
		}
	}
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("an error in the log: %s", log.String())
	}
}
