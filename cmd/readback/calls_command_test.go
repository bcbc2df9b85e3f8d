package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A rawCaller speaks SIP word by word over UDP, as a carrier would.
type rawCaller struct {
	t    testing.TB
	p    *process
	conn *net.UDPConn
	id   string
	to   string // with its tag, once there is one
	seq  int
}

func newRawCaller(t testing.TB, p *process, id string) *rawCaller {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(p.sip))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &rawCaller{t: t, p: p, conn: conn, id: id}
}

// send sends a request to a number with more headers and a body; the blank line before the body belongs to more.
func (c *rawCaller) send(method, number, more, body string) {
	c.t.Helper()
	if method != "ACK" && method != "CANCEL" {
		c.seq++
	}
	if c.to == "" {
		c.to = "<sip:" + number + "@127.0.0.1>"
	}
	branch := fmt.Sprintf("z9hG4bK-%s-%d", c.id, c.seq)
	if method == "ACK" {
		branch += "-ack"
	}
	text := fmt.Sprintf("%s sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\nFrom: <sip:+14155559999@127.0.0.1>;tag=raw\r\nTo: %s\r\n"+
		"Call-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:raw@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, number, c.p.sip, c.conn.LocalAddr(), branch, c.to, c.id, c.seq, method, c.conn.LocalAddr(), more, len(body), body)
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// answer is the next final answer; it waits for one with the status.
func (c *rawCaller) answer(status int) string {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	buffer := make([]byte, 64<<10)
	for {
		n, err := c.conn.Read(buffer)
		if err != nil {
			c.t.Fatalf("no answer %d: %v; log:\n%s", status, err, c.p.log)
		}
		text := string(buffer[:n])
		if !strings.HasPrefix(text, fmt.Sprintf("SIP/2.0 %d", status)) {
			continue
		}
		for line := range strings.SplitSeq(text, "\r\n") {
			if to, ok := strings.CutPrefix(line, "To: "); ok {
				c.to = to
			}
		}
		return text
	}
}

// follow runs a command of the program that goes on, and returns what it prints.
func (p *process) follow(args ...string) *lockedBuffer {
	p.t.Helper()
	path, err := p.binary()
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	var said lockedBuffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, &said, &said
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { stop(); _ = cmd.Wait() })
	return &said
}

// until waits for something that has no event to wait for: another process does it.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never comes to this: %s", what)
		}
	}
}

// onDisk are all files below the data directory, in one.
func (p *process) onDisk(folder string) string {
	p.t.Helper()
	var all bytes.Buffer
	err := filepath.WalkDir(filepath.Join(p.dir, "data", folder), func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	return all.String()
}

// TestCallsCommand looks at calls as they ring, are refused and end, and after the gateway was killed.
func TestCallsCommand(t *testing.T) {
	t.Parallel() // mostly it waits
	p := startConfigured(t, binary, strings.Replace(processConfig, "ring_time: 2s", "ring_time: 30s", 1)+unhurried)
	followed := p.follow("calls", "--follow", "-c", p.config)
	refused := newRawCaller(t, p, "refused-call")
	until(t, "the follower follows", func() bool { // it has no way to tell
		refused.send("INVITE", "+14155550000", "", "")
		refused.answer(404)
		refused.to = ""
		return strings.Contains(followed.String(), "refused 404")
	})
	ringing := newRawCaller(t, p, "ringing-call")
	ringing.send("INVITE", "+16503976096", "", "")
	ringing.answer(180)
	if live := p.run("calls", "--live", "-c", p.config); !strings.Contains(live, "+14155559999  +16503976096  ringing") || strings.Contains(live, "refused") {
		t.Errorf("calls --live prints\n%s", live)
	}
	if trunks := p.run("trunk", "list", "-c", p.config); !regexp.MustCompile(`(?m)^carrier  127\.0\.0\.0/8 .* 1/5000 .*unknown-number:\d`).MatchString(trunks) {
		t.Errorf("trunk list prints\n%s", trunks)
	}
	ringing.send("CANCEL", "+16503976096", "Reason: Q.850;cause=102\r\n", "")
	ringing.answer(487)
	until(t, "both calls are on disk", func() bool {
		stored := p.onDisk("calls")
		return strings.Contains(stored, `"sip_call_id":"ringing-call"`) && strings.Contains(stored, `"sip_call_id":"refused-call"`)
	})
	for _, want := range []string{"begins", "ends", "abandoned", "unknown-number"} {
		until(t, want+" in\n"+followed.String(), func() bool { return strings.Contains(followed.String(), want) })
	}
	list := p.run("calls", "--limit", "1", "-c", p.config)
	if !regexp.MustCompile(`carrier  \+14155559999  \+16503976096  abandoned`).MatchString(list) {
		t.Errorf("calls prints\n%s", list)
	}
	running := p.run("calls", "show", "ringing-call", "-c", p.config)
	p.kill()
	if killed := p.run("calls", "show", "ringing-call", "-c", p.config); killed != running {
		t.Errorf("from the disk of a killed gateway, show prints\n%s\nwant, as before,\n%s", killed, running)
	}
	for _, want := range []string{
		"ended by     carrier, Q.850 cause 102 (recovery on timer expiry)", "what to do   The carrier ended the call", "|-- INVITE sip:+16503976096@",
		" 180 Ringing (INVITE) --|", "|-- CANCEL sip:+16503976096@", " 487 Request Terminated (INVITE) --|", "by udp", "node         test",
	} {
		if !strings.Contains(running, want) {
			t.Errorf("show prints\n%s\nwant in it %q", running, want)
		}
	}
	p.start() // in the place of the one that was killed, socket and all
	if again := p.run("calls", "--refused", "--json", "--limit", "1", "-c", p.config); !strings.Contains(again, `"rule":"unknown-number"`) || strings.Count(again, "\n") != 1 {
		t.Errorf("calls --refused --json prints\n%s", again)
	}
}

// secrets of a call, each unlike everything else.
const (
	secretKey      = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	secretResponse = "6629fae49393a05397450978507c4ef1"
	secretCnonce   = "0a4f113bcn0nce"
	secretSigned   = "c2lnbmF0dXJlLW9mLWEtcGFzc3BvcnQtdGhhdC1ub2JvZHktc2Vlcw"
	secretPassword = "uripassw0rd"
	secretMessage  = "what somebody wrote to somebody"
)

var keyOfAnswer = regexp.MustCompile(`inline:([A-Za-z0-9+/=]+)`)

// TestSecretsAreNowhere makes a call that is full of secrets, and one with a PIN in its sound, and looks for them wherever
// something is kept or shown.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel() // mostly it waits
	config := strings.Replace(processConfig, "trust_caller: true", "trust_caller: true\n    encryption: optional", 1)
	p := startConfigured(t, binary, config+unhurried+"observe: {log_level: debug}\n")
	followed := p.follow("calls", "--follow", "--json", "-c", p.config)
	gatewayKey := p.callWithSecrets()
	p.callWithPIN()
	until(t, "three calls are on disk", func() bool { return strings.Count(p.onDisk("calls"), `{"call_id":`) == 3 })

	shown := followed.String() + p.run("calls", "-c", p.config) + p.run("calls", "--json", "-c", p.config)
	for _, id := range callID.FindAllStringSubmatch(shown, -1) {
		shown += p.run("calls", "show", id[1], "--bodies", "-c", p.config) + p.run("calls", "show", id[1], "--json", "-c", p.config)
	}
	response, err := http.Get("http://" + p.http + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := io.ReadAll(bufio.NewReader(response.Body))
	_ = response.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(shown, "AES_CM_128_HMAC_SHA1_80 [masked]") || !strings.Contains(shown, "response=[masked]") {
		t.Errorf("the calls were not captured:\n%s", shown)
	}
	places := map[string]string{"on disk": p.onDisk(""), "in the log": p.log.String(), "shown": shown, "in the metrics": string(metrics)}
	for where, content := range places {
		for _, secret := range []string{secretKey, gatewayKey, secretResponse, secretCnonce, secretSigned, secretPassword, secretMessage, demoPIN, "Signal="} {
			if i := strings.Index(content, secret); i >= 0 {
				t.Errorf("%s: %q in %q", where, secret, content[max(0, i-100):min(len(content), i+100)])
			}
		}
	}
}

// callWithSecrets has keys, credentials, a signature and a PIN by INFO in its messages, and returns the gateway's key.
func (p *process) callWithSecrets() string {
	p.t.Helper()
	c := newRawCaller(p.t, p, "secret-call")
	const number = "+18887999666"
	c.send("INVITE", number, "Proxy-Authorization: Digest username=\"bob\", realm=\"example.com\",\r\n response=\""+secretResponse+"\", cnonce=\""+secretCnonce+"\"\r\n"+
		"Identity: eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0."+secretSigned+";info=<https://cert.example.com/a.pem>;alg=ES256;ppt=shaken\r\n"+
		"P-Asserted-Identity: <sip:+14155559999:"+secretPassword+"@127.0.0.1>\r\nContent-Type: application/sdp\r\n",
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/SAVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"+
			"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+secretKey+"\r\n")
	answer := c.answer(200)
	key := keyOfAnswer.FindStringSubmatch(answer)
	if key == nil {
		p.t.Fatalf("no key in the answer\n%s", answer)
	}
	c.send("ACK", number, "", "")
	for _, digit := range strings.Split("2 3 0 4 7 1 2 3 4 # 2 4 6 8 1 0 #", " ") {
		c.send("INFO", number, "Content-Type: application/dtmf-relay\r\n", "Signal="+digit+"\r\nDuration=160\r\n")
		c.answer(200)
	}
	p.identified("secret-call")
	c.send("MESSAGE", number, "Content-Type: text/plain\r\n", secretMessage)
	c.answer(405)
	c.send("BYE", number, "Authorization: Digest response="+secretResponse+"\r\n", "")
	c.answer(200)
	refused := newRawCaller(p.t, p, "secret-refused")
	refused.send("INVITE", "+14155550000:"+secretPassword, "", "")
	refused.answer(404)
	return key[1]
}

// callWithPIN presses the PIN as RFC 4733 events.
func (p *process) callWithPIN() {
	p.t.Helper()
	phone := newTestPhone(p.t)
	defer func() {
		if err := phone.close(); err != nil {
			p.t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	session, err := phone.lift()
	if err != nil {
		p.t.Fatal(err)
	}
	call, err := phone.dial(ctx, session, fmt.Sprintf("sip:+18887999666@%s", p.sip), demoCaller)
	if err != nil {
		p.t.Fatal(err)
	}
	defer call.close()
	if err := call.press(ctx, "2"+demoAccount+"#"+demoPIN+"#"); err != nil {
		p.t.Error(err)
	}
	p.identified(callID.FindStringSubmatch(p.run("calls", "--live", "--json", "-c", p.config))[1])
}

var callID = regexp.MustCompile(`"call_id":"(\w+)"`)

// identified waits until the PIN of a call was taken.
func (p *process) identified(id string) {
	p.t.Helper()
	until(p.t, "the PIN is taken", func() bool {
		return strings.Contains(p.run("calls", "show", id, "--json", "-c", p.config), `"identified"`)
	})
}

func TestCallsCommandLine(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"live and refused": {[]string{"calls", "--live", "--refused"}, "exclude each other"},
		"no limit":         {[]string{"calls", "--limit", "0"}, "from 1 to 1000"},
		"nobody to follow": {[]string{"calls", "--follow", "-c", emptyConfig(t)}, "the gateway is not running"},
		"no trunks":        {[]string{"trunk", "list", "-c", emptyConfig(t)}, "the gateway is not running"},
		"no such call":     {[]string{"calls", "show", "NOBODY", "-c", emptyConfig(t)}, "there is no such call"},
	} {
		err := run(t.Context(), test.args, strings.NewReader(""), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "http") {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
	var out, errOut strings.Builder
	if err := run(t.Context(), []string{"calls", "-c", emptyConfig(t)}, strings.NewReader(""), &out, &errOut); err != nil || out.String() != "no calls\n" ||
		!strings.Contains(errOut.String(), "the gateway is not running: this is what is on disk in ") {
		t.Errorf("without a gateway: %v, %q, %q", err, out.String(), errOut.String())
	}
}

func emptyConfig(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "readback.yaml")
	if err := os.WriteFile(file, []byte("data: "+shortDir(t)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
