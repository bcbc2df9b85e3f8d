package sip

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	sipgo "github.com/emiago/sipgo/sip"
)

func TestReasonsAreRead_RFC3326_2(t *testing.T) {
	for value, want := range map[string][]Reason{
		`Q.850;cause=16;text="Terminated"`:                       {{"Q.850", 16, "Terminated"}},
		`SIP ;cause=200 ;text="Call completed elsewhere"`:        {{"SIP", 200, "Call completed elsewhere"}},
		`SIP;cause=600;text="a, b; \"c\"", Q.850;cause=17`:       {{"SIP", 600, `a, b; "c"`}, {"Q.850", 17, ""}},
		`Q.850;text=busy;CAUSE=17;location=user`:                 {{"Q.850", 17, "busy"}},
		`preemption`:                                             {{"preemption", 0, ""}},
		`Q.850;cause=99999999999`:                                {{"Q.850", 0, ""}},
		`two words;cause=1`:                                      nil,
		`;cause=1`:                                               nil,
		"SIP;text=\"a\x1b[31mb\"":                                {{"SIP", 0, "a[31mb"}},
		`A;cause=1,B;cause=2,C;cause=3,D;cause=4,E;cause=5`:      {{"A", 1, ""}, {"B", 2, ""}, {"C", 3, ""}, {"D", 4, ""}},
		`Q.850;cause=16;text="` + strings.Repeat("x", 200) + `"`: {{"Q.850", 16, strings.Repeat("x", reasonTextMax)}},
	} {
		bye := sipgo.NewRequest(sipgo.BYE, sipgo.Uri{})
		bye.AppendHeader(header("Reason", value))
		if got := reasonsOf(bye); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

func FuzzReason(f *testing.F) {
	f.Add(`Q.850;cause=16;text="Terminated"`)
	f.Add(`SIP;text="\";cause=2`)
	f.Fuzz(func(t *testing.T, value string) {
		r, ok := parseReason(value)
		if !ok {
			return
		}
		if r.Cause < 0 || r.Cause > causeMax || len(r.Text) > reasonTextMax || !utf8.ValidString(r.Text) || strings.ContainsAny(r.String(), "\r\n") {
			t.Errorf("%q is read as %+v", value, r)
		}
		if again, ok := parseReason(r.String()); !ok || again != r {
			t.Errorf("%+v is written as %q, which is read as %+v", r, r.String(), again)
		}
	})
}

func TestHowACallEnded_RFC3326_1(t *testing.T) {
	for name, tt := range map[string]struct {
		serve func(context.Context, *Call)
		end   func(p *peer, m msg, ok string)
		by    Side
		cause error
		line  string
	}{
		"the peer's BYE": {answers(&negotiator{}), func(p *peer, m msg, ok string) {
			bye := m.inside("BYE", 2, ok)
			bye.headers = "Reason: Q.850;cause=27;text=\"Destination out of order\"\r\nReason: SIP;cause=200\r\n"
			p.send(bye)
			p.expect("SIP/2.0 200")
		}, Peer, ErrHangup, `peer: the other side hung up; Q.850;cause=27;text="Destination out of order"; SIP;cause=200`},
		"the peer's BYE, without a word": {answers(&negotiator{}), func(p *peer, m msg, ok string) {
			p.send(m.inside("BYE", 2, ok))
			p.expect("SIP/2.0 200")
		}, Peer, ErrHangup, "peer: the other side hung up"},
		"ours": {func(ctx context.Context, c *Call) {
			answers(&negotiator{})(ctx, c)
		}, func(p *peer, _ msg, _ string) {
			time.Sleep(DefaultMaxCallTime)
			bye := p.expect("BYE ")
			if got := field(bye, "Reason"); !strings.HasPrefix(got, "Q.850;cause=31;") {
				t.Errorf("Reason %q", got)
			}
			p.send(respond(bye, "200 OK"))
		}, Us, ErrTooLong, `us: the call reached its longest time; Q.850;cause=31;text="the call reached its longest time"`},
	} {
		t.Run(name, func(t *testing.T) {
			var call *Call
			inBubble(t, func(ctx context.Context, c *Call) {
				if _, over := c.Ended(); over {
					t.Error("it has ended before it began")
				}
				call = c
				tt.serve(ctx, c)
			}, func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				ok := p.establish(m)
				tt.end(p, m, ok)
				synctest.Wait()
				how, over := call.Ended()
				if !over || how.By != tt.by || !errors.Is(how.Cause, tt.cause) || how.String() != tt.line {
					t.Errorf("ended %v, %q, want %q", over, how, tt.line)
				}
			})
		})
	}
}

func TestReasonOfACancel_RFC3326_1(t *testing.T) {
	var call *Call
	inBubble(t, func(ctx context.Context, c *Call) {
		call = c
		rings(ctx, c)
	}, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		p.expect("SIP/2.0 180")
		stop := invite().cancel()
		stop.headers = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"
		p.send(stop)
		p.expect("SIP/2.0 200")
		p.send(invite().ack(p.expect("SIP/2.0 487")))
		r.ended(ErrCancelled)
		if how, _ := call.Ended(); how.By != Peer || !slices.Equal(how.Reasons, []Reason{elsewhere}) {
			t.Errorf("ended %q", how)
		}
	})
}
