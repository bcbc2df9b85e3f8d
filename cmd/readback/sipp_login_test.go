package main

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

// roaming is a gateway with one trunk, known by name and password alone, and a second udp listener that asks nobody.
const roaming = `
node: test
data: data
sip:
  listen:
    - {network: udp, address: "127.0.0.1:0", challenge: true, algorithms: [md5]}
    - {network: tcp, address: "127.0.0.1:0"}
    - {network: udp, address: "{plain}"}
http: {listen: "127.0.0.1:0"}
trunks:
  - {name: roaming, country: US, users: [{username: alice, password: "correct horse battery"}]}
numbers:
  - {number: "+1 888 799 9666", country: US, locale: en-US, languages: {9: fr-FR}, time_zone: America/Los_Angeles}
`

func TestSIPpLogsIn_RFC3261_22_2(t *testing.T) {
	t.Parallel()
	const number = "+18887999666"
	plain := loopback(t, "127.0.0.1")
	p := startConfigured(t, binary, strings.Replace(roaming, "{plain}", plain.String(), 1)+unhurried)
	as := func(password string) []string {
		return []string{"-au", "alice", "-ap", password, "-auth_uri", number + "@" + p.sip.String()}
	}

	p.sipp("login", number, as("correct horse battery")...)
	call := p.record()
	if call.Trunk != "roaming" || call.Called != number || call.Keys != "2" || call.Sent == 0 || call.Received == 0 {
		t.Errorf("the call is %+v; want one of the trunk roaming, key 2, with sound both ways", call)
	}

	p.sipp("login-wrong", number, as("incorrect horse battery")...)
	until(t, "the refusal is recorded", func() bool {
		return strings.Count(p.run("calls", "--refused", "-c", p.config), "refused 401") == 1
	})
	refused := p.record()
	if refused.Disposition != tickets.DispositionRefused || refused.Rule != "credentials" || refused.Status != 401 || refused.Trunk != "" {
		t.Errorf("after a wrong password the record is %+v; want refused, 401, by credentials", refused)
	}
	said := p.log.String()
	if !strings.Contains(said, "rule=credentials") || strings.Contains(said, "horse") {
		t.Errorf("want rule=credentials in the log, and no password:\n%s", said)
	}

	for name, listener := range map[string]string{"one that challenges": p.sip.String(), "one that does not": plain.String()} {
		t.Run(name, func(t *testing.T) { silent(t, listener) })
	}
}

// silent checks that a stranger's OPTIONS gets no answer from a listener.
func silent(t *testing.T, listener string) {
	conn, err := net.Dial("udp", listener)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := "OPTIONS sip:" + listener + " SIP/2.0\r\nVia: SIP/2.0/UDP " + conn.LocalAddr().String() + ";branch=z9hG4bK-o;rport\r\nMax-Forwards: 70\r\n" +
		"From: <sip:o@127.0.0.1>;tag=o\r\nTo: <sip:" + listener + ">\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	answer := make([]byte, 1<<10)
	if n, err := conn.Read(answer); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a stranger hears %q (%v); want silence", answer[:n], err)
	}
}
