package sip

import (
	"strings"
	"testing"
)

// nowhere are Contacts to which no request can go.
var nowhere = []string{"<aa:>", "*", "<sip:>", "sip:>", "<tel:+14155550100>", "<mailto:a@198.51.100.7>"}

func TestContactThatLeadsNowhereMakesNoCall_RFC3261_8_1_1_8(t *testing.T) {
	for _, contact := range nowhere {
		t.Run(contact, func(t *testing.T) {
			inBubble(t, answers(&negotiator{}), func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				m.contact = contact
				p.send(m)
				p.send(m.ack(p.expect("SIP/2.0 400")))
				p.leavesNothing()
			})
		})
	}
}

func TestContactThatLeadsNowhereMovesNoCall_RFC3261_12_2_2(t *testing.T) {
	for _, method := range []string{"INVITE", "UPDATE"} {
		for _, contact := range nowhere {
			t.Run(method+" "+contact, func(t *testing.T) {
				inTalk(t, func(c *talk) {
					change := c.change(method, 2, "hold")
					change.contact = contact
					c.send(change)
					res := c.expect("SIP/2.0 ")
					if method == "INVITE" {
						c.send(change.ack(res))
					}
					c.stop()
					bye := c.expect("BYE ")
					if got := firstLineOf(bye); !strings.HasPrefix(got, "BYE sip:sbc@198.51.100.7:5060 ") {
						t.Errorf("got %q; want the BYE to go where the first Contact said", got)
					}
					c.send(respond(bye, "200 OK"))
				})
			})
		}
	}
}

func TestRecordRouteThatLeadsNowhereIsNoRoute_RFC3261_12_1_1(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.headers = "Record-Route: <aa:>, <sip:198.51.100.7;lr>\r\n"
		p.establish(m)
		r.stop()
		bye := p.expect("BYE sip:sbc@198.51.100.7:5060 ")
		if got := field(bye, "Route"); got != "<sip:198.51.100.7;lr>" {
			t.Errorf("Route %q; want the one that there is", got)
		}
		p.send(respond(bye, "200 OK"))
	})
}
