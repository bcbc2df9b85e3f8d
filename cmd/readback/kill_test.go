package main

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"readback/media"
	"readback/sip"
)

// TestKilledOnceTheNumberWasSpokenTheTicketIsThere pulls the plug after the first reading of the number.
func TestKilledOnceTheNumberWasSpokenTheTicketIsThere(t *testing.T) {
	p := startGateway(t, "")
	sounds, err := loadSounds(nil)
	if err != nil {
		t.Fatal(err)
	}
	phone, call, show := p.phoneIn(t, sounds)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cues, err := parseCues("menu-support:2 severity-2:2 record-notice:2 callback-right:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := show.follow(ctx, cues); err != nil {
		t.Fatalf("%v; heard %+v", err, show.report.Heard)
	}
	if err := show.await(ctx, "ticket-repeat"); err != nil {
		t.Fatalf("%v; heard %+v", err, show.report.Heard)
	}
	p.kill()
	number := show.report.ticketNumber()
	call.close()
	if err := phone.close(); err != nil {
		t.Error(err)
	}
	p.start()
	found := p.tickets()
	if len(found) != 1 || found[0].Number != number || found[0].AcknowledgedBy == "" {
		t.Errorf("the number %q was read out; the store holds %+v", number, found)
	}
}

// newTestPhone calls from this machine over real sockets.
func newTestPhone(t testing.TB) *phone {
	t.Helper()
	loopback := netip.MustParseAddr("127.0.0.1")
	phone, err := newPhone(phoneParts{
		listen:  sip.Listen{Network: "udp", Address: "127.0.0.1:0"},
		media:   media.Config{Address: loopback, PortMin: 40000, PortMax: 49999},
		gateway: []netip.Prefix{netip.PrefixFrom(loopback, 32)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return phone
}

// phoneIn calls the gateway from a number it knows and listens.
func (p *process) phoneIn(t *testing.T, sounds *sounds) (*phone, *phoneCall, *performance) {
	t.Helper()
	phone := newTestPhone(t)
	book := shortBook(t, sounds)
	session, err := phone.lift()
	if err != nil {
		t.Fatal(err)
	}
	ear := newEar(sounds.texts, book, session)
	t.Cleanup(ear.close)
	uri := fmt.Sprintf("sip:+18887999666@%s", p.sip)
	call, err := phone.dial(t.Context(), session, uri, "+14155550100")
	if err != nil {
		t.Fatal(err)
	}
	return phone, call, &performance{call: call, heard: ear.heard, report: newReport(uri)}
}
