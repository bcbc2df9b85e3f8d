package sip

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
)

// messages are the captured messages so far, by kind and first word.
func (r *rig) messages() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, e := range r.events {
		if len(e.Message) > 0 {
			list = append(list, string(e.Kind)+" "+strings.Join(strings.Fields(string(e.Message))[:2], " "))
		}
	}
	return strings.Join(list, ", ")
}

func traced(c *Config) { c.Trace = true }

func TestCaptureOfACall(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		bye := m.inside("BYE", 2, ok)
		bye.headers = "Reason: Q.850;cause=16;text=\"Terminated\"\r\n"
		p.send(bye)
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
		want := "received INVITE sip:+18887999666@192.0.2.1, sent SIP/2.0 200, received ACK sip:readback@192.0.2.1:5060, received BYE sip:readback@192.0.2.1:5060, sent SIP/2.0 200"
		if got := r.messages(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		last := r.events[len(r.events)-2]
		if last.Reason != `Q.850;cause=16;text="Terminated"` || last.CSeq != 2 || last.Transport != "udp" || last.Local.String() != gateway || last.Peer.String() != carrier {
			t.Errorf("the BYE is %+v", last)
		}
	}, traced)
}

func TestCaptureIsOffByDefault(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		r.peer(carrier).establish(invite())
		if got := r.messages(); got != "" || r.count(Received) != 2 {
			t.Errorf("captured %q of %d messages, want none of 2", got, r.count(Received))
		}
	})
}

func TestCaptureOfRefusedAndBrokenMessages(t *testing.T) {
	for name, test := range map[string]struct {
		message any
		source  string
		want    string
	}{
		"unknown number": {
			func() msg {
				m := invite()
				m.uri, m.to = "sip:+14155550000@192.0.2.1", "<sip:+14155550000@192.0.2.1>"
				return m
			}(), carrier,
			"received INVITE sip:+14155550000@192.0.2.1, sent SIP/2.0 404",
		},
		"not a message": {"Authorization: Digest response=" + planted + "\r\nCall-ID: a\r\n\r\n", carrier, "received Authorization: Digest"},
		"broken":        {strings.Replace(invite().String(), "CSeq: 1 INVITE", "CSeq: one INVITE", 1), carrier, "received INVITE sip:+18887999666@192.0.2.1, sent SIP/2.0 400"},
		"a stranger's":  {invite(), stranger, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				r.peer(test.source).send(test.message)
				synctest.Wait()
				if got := r.messages(); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
				for _, e := range r.events {
					if strings.Contains(string(e.Message)+e.Line+e.Text, planted) {
						t.Errorf("a secret is in %+v", e)
					}
				}
			}, traced)
		})
	}
}

func TestRefusalsTellTheCaller(t *testing.T) {
	inBubble(t, func(context.Context, *Call) {}, func(r *rig) {
		m := invite()
		m.uri = "sip:bob:" + planted + "@192.0.2.1"
		r.peer(carrier).send(m)
		synctest.Wait()
		for _, e := range r.events {
			if e.Kind == Refused && e.Caller == "+14155550100" && e.Line == "INVITE sip:bob:[masked]@192.0.2.1 SIP/2.0" && e.Transport == "udp" {
				return
			}
		}
		t.Errorf("no refusal names caller and request: %+v", r.events)
	})
}
