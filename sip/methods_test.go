package sip

import (
	"strings"
	"testing"
	"testing/synctest"
)

// What is not done here is refused with what is.
func TestMethodsThatAreNotDoneHere_RFC3261_8_2_1_RFC6665_4_1_3(t *testing.T) {
	for name, tt := range map[string]struct {
		method, headers, want string
		inside                bool
		header, value         string
	}{
		"MESSAGE":                        {"MESSAGE", "", "SIP/2.0 405", false, "Allow", allow},
		"SUBSCRIBE":                      {"SUBSCRIBE", "Event: presence\r\n", "SIP/2.0 405", false, "Allow", allow},
		"PUBLISH":                        {"PUBLISH", "Event: presence\r\n", "SIP/2.0 405", false, "Allow", allow},
		"REGISTER":                       {"REGISTER", "", "SIP/2.0 405", false, "Allow", allow},
		"REFER outside a call":           {"REFER", "Refer-To: <sip:x@203.0.113.1>\r\n", "SIP/2.0 405", false, "Allow", allow},
		"REFER in a call":                {"REFER", "Refer-To: <sip:x@203.0.113.1>\r\n", "SIP/2.0 405", true, "Allow", allow},
		"MESSAGE in a call":              {"MESSAGE", "", "SIP/2.0 405", true, "Allow", allow},
		"news of waiting messages":       {"NOTIFY", "Event: message-summary\r\nSubscription-State: active\r\n", "SIP/2.0 489", false, "Allow-Events", "refer"},
		"such news in a call":            {"NOTIFY", "Event: message-summary\r\nSubscription-State: active\r\n", "SIP/2.0 489", true, "Allow-Events", "refer"},
		"news of nothing":                {"NOTIFY", "Subscription-State: active\r\n", "SIP/2.0 489", false, "Allow-Events", "refer"},
		"news of a transfer that is not": {"NOTIFY", "Event: refer\r\nSubscription-State: active\r\n", "SIP/2.0 481", false, "", ""},
		"such news in a call that is":    {"NOTIFY", "Event: refer\r\nSubscription-State: active\r\n", "SIP/2.0 481", true, "", ""},
		"INFO outside a call":            {"INFO", "", "SIP/2.0 481", false, "", ""},
		"PRACK outside a call":           {"PRACK", "RAck: 1 1 INVITE\r\n", "SIP/2.0 481", false, "", ""},
		"OPTIONS tells what is":          {"OPTIONS", "", "SIP/2.0 200", false, "Allow", allow},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, answers(&negotiator{}), func(r *rig) {
				p := r.peer(carrier)
				m := invite().with(tt.method, 7)
				if tt.inside {
					m = invite().inside(tt.method, 7, p.establish(invite()))
				}
				m.headers = tt.headers
				p.send(m)
				res := p.expect(tt.want)
				if tt.header != "" && field(res, tt.header) != tt.value {
					t.Errorf("%s: %q, want %q", tt.header, field(res, tt.header), tt.value)
				}
				synctest.Wait()
				if got := r.rules(); (got == "") != strings.HasPrefix(tt.want, "SIP/2.0 200") {
					t.Errorf("refusals %q", got)
				}
				p.quiet(1) // and nobody is called
			})
		})
	}
}

func TestURIWithoutAUserIs404_RFC3261_21_4_5(t *testing.T) {
	for _, uri := range []string{"sip:192.0.2.1", "sip:192.0.2.1;user=phone", "sip:@192.0.2.1", "tel:;ext=2", "sip:;ext=2@192.0.2.1", "sip:1888@192.0.2.1", "tel:+1888799966"} {
		inBubble(t, rings, func(r *rig) {
			p := r.peer(carrier)
			m := invite()
			m.uri, m.to = uri, "<"+uri+">"
			p.send(m)
			res := <-p.got
			rule := map[string]string{"SIP/2.0 404": "unknown-number", "SIP/2.0 400": "malformed"}[res[:11]]
			synctest.Wait()
			if got := r.rules(); got == "" || got != rule {
				t.Errorf("%s: %s, refusals %q", uri, firstLineOf(res), got)
			}
			p.send(m.ack(res))
			p.skip()
		})
	}
}
