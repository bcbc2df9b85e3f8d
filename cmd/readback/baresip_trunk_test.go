package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// encrypted is a gateway that knows its trunk by the certificate alone, and talks to it encrypted alone.
const encrypted = `
node: test
data: data
sip:
  listen:
    - {network: udp, address: "127.0.0.1:0"}
    - {network: tcp, address: "127.0.0.1:0"}
    - {network: tls, address: "127.0.0.1:0"}
  tls:
    certificates: [{certificate: "{dir}/gateway.crt", key: "{dir}/gateway.key"}]
    client_authorities: "{dir}/authority.crt"
http: {listen: "127.0.0.1:0"}
trunks:
  - name: carrier
    tls_names: [phone.example.com]
    media: [127.0.0.0/8]
    encryption: required
    country: US
    trust_caller: true
numbers:
  - {number: "+1 888 799 9666", country: US, locale: en-US, languages: {9: fr-FR}, time_zone: America/Los_Angeles}
` + unhurried

// TestBaresipOverTLS makes a whole call with signalling and sound encrypted: the phone is known by
// its certificate (RFC 5922), and the keys of its sound come with the offer (RFC 4568).
func TestBaresipOverTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	authority := newSigner(t, dir)
	authority.issue("gateway", "gateway.example.com", "127.0.0.1")
	both := filepath.Join(dir, "phone.pem")
	files := authority.issue("phone", "phone.example.com", "127.0.0.1")
	if err := joinFiles(both, files.Certificate, files.Key); err != nil {
		t.Fatal(err)
	}
	p := startConfigured(t, binary, strings.ReplaceAll(encrypted, "{dir}", dir))
	b := startBaresipAt(t, 8000, "<sip:+14155559999@127.0.0.1;transport=tls>;regint=0;audio_codecs=PCMU/8000;mediaenc=srtp-mand",
		"sip_certificate "+both, "sip_cafile "+filepath.Join(dir, "authority.crt"))
	b.command("dial", fmt.Sprintf("sip:+18887999666@%s;transport=tls", p.tls))
	b.opensATicket(p)
	wantSaid(t, p.log, "encryption=AES_CM_128_HMAC_SHA1_80")
}

// TestBaresipHoldsAndResumes has a phone that says sendonly and then sendrecv again (RFC 3264 section 8.4), encrypted:
// the gateway hears its keys after that, and it hears the gateway. What it records it loses with the hold.
func TestBaresipHoldsAndResumes(t *testing.T) {
	t.Parallel()
	p := startEncrypting(t, "required")
	b := dialWith(t, p, "srtp-mand")
	b.await("CALL_ESTABLISHED", 20*time.Second)
	b.command("hold", "")
	p.showsMessages("a=recvonly", 1)
	b.command("resume", "")
	p.showsMessages("INVITE sip:readback@", 2)
	before := len(b.said.String())
	b.answersAll(p)
	if !bothWays.MatchString(b.said.String()[before:]) {
		t.Error("baresip hears nothing after the hold")
	}
}

// bothWays is how baresip says that it sends and receives sound, in bit/s.
var bothWays = regexp.MustCompile(`audio=[1-9]\d{4}/[1-9]\d{4} `)

var callKey = regexp.MustCompile(`msg=call call_id=(\S+)`)

// showsMessages waits until the messages of the first call have a text so often.
func (p *process) showsMessages(text string, times int) {
	p.t.Helper()
	key := callKey.FindStringSubmatch(p.log.String())
	if key == nil {
		p.t.Fatalf("there was no call; log:\n%s", p.log)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		shown := p.run("calls", "show", "--bodies", "-c", p.config, key[1])
		if strings.Count(shown, text) >= times {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("want %q %d times in\n%s", text, times, shown)
		}
	}
}

func joinFiles(path string, parts ...string) error {
	var all []byte
	for _, part := range parts {
		text, err := os.ReadFile(part)
		if err != nil {
			return err
		}
		all = append(all, text...)
	}
	return os.WriteFile(path, all, 0o600)
}
