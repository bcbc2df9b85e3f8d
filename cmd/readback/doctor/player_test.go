package doctor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// A wrongPeer is a gateway that answers as a test says: given the method and the request, the lines of an answer up
// to the body; an empty answer is none.
type wrongPeer struct {
	conn  *net.UDPConn
	ended sync.WaitGroup

	methods []string      // that came
	all     chan []string // told when END has come
}

func startPeer(t *testing.T, answer func(method string, times int) string) (*wrongPeer, Target) {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &wrongPeer{conn: conn, all: make(chan []string, 1)}
	p.ended.Go(func() { p.serve(answer) })
	t.Cleanup(func() {
		_ = conn.Close()
		p.ended.Wait()
	})
	loopback := netip.MustParseAddr("127.0.0.1")
	return p, Target{Address: conn.LocalAddr().(*net.UDPAddr).AddrPort(), From: loopback, Number: "+18885550100", Digits: "18885550100"}
}

func (p *wrongPeer) serve(answer func(string, int) string) {
	buffer := make([]byte, maxMessage)
	times := map[string]int{}
	for {
		n, from, err := p.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		request, err := readMessage([]byte(string(buffer[:n])))
		if err != nil {
			continue
		}
		times[request.method]++
		if request.method == "END" {
			p.all <- p.methods
			continue
		}
		p.methods = append(p.methods, request.method)
		start, rest, _ := strings.Cut(answer(request.method, times[request.method]), "\n")
		if start == "" {
			continue
		}
		var b strings.Builder
		b.WriteString("SIP/2.0 " + start + "\r\n")
		for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
			for _, value := range request.all(name) {
				if name == "To" && request.tag("To") == "" {
					value += ";tag=peer"
				}
				b.WriteString(name + ": " + value + "\r\n")
			}
		}
		headers, body, _ := strings.Cut(rest, "\n\n")
		if headers != "" {
			b.WriteString(strings.ReplaceAll(headers, "\n", "\r\n") + "\r\n")
		}
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
		_, _ = p.conn.WriteToUDPAddrPort([]byte(b.String()), from)
	}
}

// got are the methods of all that came.
func (p *wrongPeer) got(t *testing.T) string {
	t.Helper()
	conn, err := net.Dial("udp", p.conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("END sip:peer SIP/2.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	return strings.Join(<-p.all, " ")
}

// playOne plays a persona with one check.
func playOne(t *testing.T, steps string, to Target) Result {
	t.Helper()
	p, err := Parse("t.txt", []byte("persona t\nbody offer\n| v=0\n| m=audio {rtp} RTP/AVP 0\ncheck c\nrfc 3261 8\nadvice mend it\n"+steps))
	if err != nil {
		t.Fatal(err)
	}
	return p.Play(t.Context(), &p.Checks[0], to)
}

const found = "200 OK\nContact: <sip:peer@127.0.0.1:9>\nContent-Type: application/sdp\n\nv=0\r\na=crypto:1 X inline:sesame\r\n"

func TestAWrongGatewayFails(t *testing.T) {
	good := func(method string, _ int) string {
		if method == "ACK" {
			return ""
		}
		return found
	}
	for name, test := range map[string]struct {
		answer                func(method string, times int) string
		steps                 string
		expected, got, header string
		hangs                 string // what ends the call
	}{
		"refuses": {
			func(string, int) string { return "404 Not Found\nReason: Q.850;cause=1" }, "> INVITE offer\n< 200 sdp\n",
			"200 to INVITE with a session description", "SIP/2.0 404 Not Found", "Reason: Q.850;cause=1", "INVITE ACK",
		},
		"takes what it must refuse": {good, "> INVITE offer\n< 420\n", "420 to INVITE", "SIP/2.0 200 OK", "", "INVITE ACK BYE"},
		"no session": {
			func(m string, n int) string { return map[bool]string{true: "200 OK\nContact: <sip:p@h>"}[m != "ACK"] },
			"> INVITE offer\n< 200 sdp\n", "200 with a session description", "SIP/2.0 200 OK without", "Content-Type: (none)", "INVITE ACK BYE",
		},
		"a header is missing": {
			good, "> INVITE offer\n< 200\n+ Record-Route: <sip:{host};lr>\n",
			"that it has Record-Route: <sip:127.0.0.1;lr>", "SIP/2.0 200 OK", "Record-Route: (none)", "INVITE ACK BYE",
		},
		"a header too many":  {good, "> OPTIONS\n< 200\n- Contact\n", "that it has no Contact", "SIP/2.0 200 OK", "Contact: <sip:peer@127.0.0.1:9>", "OPTIONS"},
		"keys are not shown": {good, "> INVITE offer\n< 200\n+ body: a=recvonly\n", "that it has body: a=recvonly", "SIP/2.0 200 OK", "body: v=0 a=crypto:1 X inline:[masked]", "INVITE ACK BYE"},
		"answers what it must not": {
			func(string, int) string { return found }, "> INVITE offer\n< 200\n> ACK\n< nothing within 300ms\n",
			"nothing", "SIP/2.0 200 OK", "", "INVITE ACK BYE",
		},
		"is silent": {
			func(string, int) string { return "" }, "> OPTIONS\n< 200 within 700ms\n", "200 to OPTIONS", "nothing within 700ms", "", "OPTIONS OPTIONS",
		},
		"has no sound": {good, "> INVITE offer\n< 200\n> ACK\nhear within 100ms\n", "sound at port", "0 packets", "", "INVITE ACK BYE"},
		"sends something else": {
			func(m string, n int) string { return "180 Ringing" }, "> INVITE offer\n< 200 within 100ms\n",
			"200 to INVITE", "nothing such within 100ms, but SIP/2.0 180 Ringing", "", "INVITE CANCEL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer, target := startPeer(t, test.answer)
			got := playOne(t, test.steps, target)
			if got.Verdict != Fail || !strings.Contains(got.Expected, test.expected) || !strings.HasPrefix(got.Got, test.got) || got.Header != test.header || got.Advice != "mend it" {
				t.Errorf("got %+v, want %s, %s, %s", got, test.expected, test.got, test.header)
			}
			if methods := peer.got(t); !strings.HasPrefix(methods, test.hangs) {
				t.Errorf("the peer got %s, want %s", methods, test.hangs)
			}
		})
	}
}

func TestARightGatewayPasses(t *testing.T) {
	peer, target := startPeer(t, func(method string, times int) string {
		switch {
		case method == "ACK", method == "INVITE" && times == 1:
			return "" // lost
		case method == "OPTIONS":
			return "503 Service Unavailable\nRetry-After: 1"
		}
		return found
	})
	if got := playOne(t, "> INVITE offer\n< 200 sdp\n> ACK\n> BYE\n< 200\n", target); got.Verdict != Pass || got.MS < 400 {
		t.Errorf("got %+v, want a pass after a repetition", got)
	}
	if got := peer.got(t); got != "INVITE INVITE ACK BYE" {
		t.Errorf("the peer got %s", got)
	}
	if got := playOne(t, "needs timer\n> INVITE offer\n", target); got.Verdict != Skipped || got.Why != "the trunk is set without timer" {
		t.Errorf("got %+v, want it skipped", got)
	}
}

// Sound that does not come from the port of the answer is lost behind a firewall.
func TestSoundFromElsewhereFails_RFC4961_4(t *testing.T) {
	e, err := listenSound(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.close)
	conn, err := net.Dial("udp", e.conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sending, stop := context.WithCancel(t.Context())
	var sender sync.WaitGroup
	defer sender.Wait()
	defer stop()
	sender.Go(func() {
		packet := make([]byte, 172)
		packet[0] = 0x80
		for pause(sending, time.Millisecond) == nil {
			_, _ = conn.Write(packet)
		}
	})
	port := conn.LocalAddr().(*net.UDPAddr).Port
	s := &player{ear: e, soundFrom: port}
	step := &Step{Kind: Hear, Within: 5 * time.Second}
	if err := s.listen(t.Context(), step); err != nil {
		t.Errorf("from the port of the answer: %v", err)
	}
	s.soundFrom = port ^ 1
	if err := s.listen(t.Context(), step); err == nil || !strings.Contains(err.Error(), "got sound from 127.0.0.1:") {
		t.Errorf("from another port: got %v", err)
	}
	if err := s.listen(t.Context(), &Step{Kind: Quiet, Within: 100 * time.Millisecond}); err == nil || !strings.Contains(err.Error(), "expected no sound") {
		t.Errorf("while there is sound: got %v", err)
	}
}

func TestABusyGatewayIsAskedAgain(t *testing.T) {
	_, target := startPeer(t, func(method string, times int) string {
		if times == 1 {
			return "503 Service Unavailable\nRetry-After: 1"
		}
		return "200 OK"
	})
	begun := time.Now()
	if got := playOne(t, "> OPTIONS\n< 200\n", target); got.Verdict != Pass || time.Since(begun) < time.Second {
		t.Errorf("got %+v after %v, want a pass after the second it asks for", got, time.Since(begun))
	}
}

func TestNobodyListens(t *testing.T) {
	peer, target := startPeer(t, func(string, int) string { return "" })
	_ = peer.conn.Close()
	if got := playOne(t, "> OPTIONS\n< 200\n", target); got.Verdict != Fail || got.Got != "nobody listens there" {
		t.Errorf("got %+v", got)
	}
}

func TestTheDoctorStops(t *testing.T) {
	_, target := startPeer(t, func(string, int) string { return "" })
	p, err := Parse("t.txt", []byte("persona t\ncheck c\nrfc 3261 8\nwait 10s\n"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if got := p.Play(ctx, &p.Checks[0], target); got.Verdict != Fail || time.Since(begun) > 5*time.Second {
		t.Errorf("got %+v after %v", got, time.Since(begun))
	}
}
