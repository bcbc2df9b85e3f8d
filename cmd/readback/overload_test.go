package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

// TestOverloadedTheCallThereIsGoesOn has a gateway that one call is too much for: everyone else is refused, that call
// hears its prompts and its keys are understood; once it is over, calls are taken again.
func TestOverloadedTheCallThereIsGoesOn(t *testing.T) {
	p := startGateway(t, "rtp: {overload: {busy: 0.00001, late: 1s, retry_after: 7s}}\n")
	sounds, err := loadSounds(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.ask("OPTIONS"); !strings.HasPrefix(got, "SIP/2.0 200 ") {
		t.Fatalf("OPTIONS before the first call: %s", got)
	}
	phone, call, show := p.phoneIn(t, sounds)
	t.Cleanup(func() {
		call.close()
		if err := phone.close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	p.until(ctx, "SIP/2.0 503 ")
	for _, method := range []string{"OPTIONS", "INVITE"} {
		if got := p.ask(method); !strings.HasPrefix(got, "SIP/2.0 503 ") || !strings.Contains(got, "\r\nRetry-After: 7\r\n") {
			t.Errorf("%s: got %q; want 503, Retry-After 7", method, got)
		}
	}
	p.wantMetrics(`readback_overloaded 1`, `readback_refusals_total{reason="overload",trunk="carrier"}`, `readback_media_info{io="`,
		`readback_media_worker_sessions{worker="0"} 1`, `readback_media_worker_busy_ratio{worker="0"} 0.`)
	cues, err := parseCues("menu-support:2 severity-2:2 record-notice:hangup")
	if err != nil {
		t.Fatal(err)
	}
	if err := show.follow(ctx, cues); err != nil {
		t.Fatalf("%v; heard %+v", err, show.report.Heard)
	}
	p.until(ctx, "SIP/2.0 200 ")
	p.wantMetrics(`readback_trunk_calls{trunk="carrier"} `, `readback_trunk_calls_max{trunk="carrier"} 5000`, `readback_handshakes 0`)
	p.wantMetrics(`readback_overloaded 0`, `readback_answered_calls_total{codec="`,
		`readback_mos_count{trunk="carrier"} 1`, `readback_loss_ratio_count{trunk="carrier"} 1`)
	if got := strings.Count(p.log.String(), "new calls are refused"); got != 1 {
		t.Errorf("the log tells of the overload %d times; want once:\n%s", got, p.log)
	}
	if found := p.tickets(); len(found) != 1 || found[0].Priority != tickets.P2 {
		t.Errorf("the tickets are %+v; want one with the priority that was pressed", found)
	}
}

// until sends OPTIONS until the answer begins as wanted.
func (p *process) until(ctx context.Context, want string) {
	p.t.Helper()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		got := p.ask("OPTIONS")
		if strings.HasPrefix(got, want) {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			p.t.Fatalf("OPTIONS still gets %q; want %q", got, want)
		}
	}
}

// ask sends a request of its own and returns the first answer that is final.
func (p *process) ask(method string) string {
	p.t.Helper()
	conn, err := net.Dial("udp", p.sip.String())
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	own := conn.LocalAddr()
	id := time.Now().UnixNano()
	fmt.Fprintf(conn, "%s sip:+18887999666@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\nFrom: <sip:a@%s>;tag=%d\r\n"+
		"To: <sip:+18887999666@%s>\r\nCall-ID: %d\r\nCSeq: 1 %s\r\nContact: <sip:a@%s>\r\nContent-Length: 0\r\n\r\n",
		method, p.sip, own, id, own, id, p.sip, id, method, own)
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer := make([]byte, 64<<10)
	for {
		n, err := conn.Read(answer)
		if err != nil {
			p.t.Fatalf("%s: no answer: %v", method, err)
		}
		if got := string(answer[:n]); !strings.HasPrefix(got, "SIP/2.0 1") {
			return got
		}
	}
}

// wantMetrics checks that lines of the metrics begin so.
func (p *process) wantMetrics(lines ...string) {
	p.t.Helper()
	response, err := http.Get("http://" + p.http + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, line := range lines {
		if !strings.Contains("\n"+string(page), "\n"+line) {
			name, _, _ := strings.Cut(line, "{")
			p.t.Errorf("the metrics do not say %s but %q", line, regexp.MustCompile("(?m)^"+name+".*$").FindAllString(string(page), -1))
		}
	}
}
