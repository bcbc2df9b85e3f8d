package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

// A linphone is the softphone of that name, told what to do at its keyboard.
type linphone struct {
	t        *testing.T
	dir      string
	keyboard io.Writer
	said     *lockedBuffer
	seen     int // what await has passed of what was said
}

// startLinphone runs linphonec with the fields of its configuration, and silence at its microphone.
func startLinphone(t *testing.T, fields ...string) *linphone {
	t.Helper()
	path := tool(t, "linphonec", "linphone-cli")
	l := &linphone{t: t, dir: t.TempDir(), said: &lockedBuffer{}}
	settings, err := os.ReadFile("../../testdata/interop/linphone/linphonerc")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(append(fields, "{encryption}", "none", "{authority}", "", "{certificate}", "", "{key}", "")...).Replace(string(settings))
	if err := os.WriteFile(filepath.Join(l.dir, "linphonerc"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// Without a place for its database it comes up, and cannot call.
	if err := os.MkdirAll(filepath.Join(l.dir, ".local/share/linphone"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-c", filepath.Join(l.dir, "linphonerc"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = l.dir, l.said, l.said
	cmd.Env = append(os.Environ(), "HOME="+l.dir)
	if l.keyboard, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("linphonec:\n%s", lastLines(l.said.String(), 60))
		}
	})
	background(t, cmd)
	l.await(linphonePrompt)
	l.types("soundcard use files")
	l.types("play " + microphone(t, l.dir, 8000))
	return l
}

const (
	linphonePrompt = "linphonec> "
	callsNow       = "Media streams established with"
)

// types enters a line, and waits until linphonec asks for the next: a key is sent by then.
func (l *linphone) types(line string) {
	l.t.Helper()
	if _, err := io.WriteString(l.keyboard, line+"\n"); err != nil {
		l.t.Fatal(err)
	}
	l.await(linphonePrompt)
}

// await waits until linphonec says something that it had not said at the last wait: at most for the rest of a call.
func (l *linphone) await(text string) {
	l.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if at := strings.Index(l.said.String()[l.seen:], text); at >= 0 {
			l.seen += at + len(text)
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("linphonec never says %q", text)
		}
	}
}

func (l *linphone) dial(address string) {
	l.t.Helper()
	l.types("call sip:+18887999666@" + address)
	l.await(callsNow)
}

// presses presses keys, each for as long as linphonec does: about a second.
func (l *linphone) presses(keys string) {
	l.t.Helper()
	for _, key := range keys {
		l.types(string(key))
	}
}

// TestLinphoneHoldsAndHearsItsNumber makes a whole call by udp: the caller puts it on hold and takes it back
// (RFC 3264 section 8.4), presses keys (RFC 4733), and hears the ticket's number in what linphonec recorded.
func TestLinphoneHoldsAndHearsItsNumber(t *testing.T) {
	t.Parallel()
	p := startGateway(t, "")
	l := startLinphone(t)
	l.dial(p.sip.String())
	l.presses("2")
	l.types("pause")
	l.await("is now paused")
	p.showsMessages("a=recvonly", 1)
	l.types("resume")
	l.await(callsNow)
	recording := filepath.Join(l.dir, "heard.wav")
	l.types("record " + recording)
	l.presses("30471234#246810#2219")
	l.await("ended")
	found := p.tickets()
	wantTicket(t, found)
	if heard := heardNumber(t, recording); heard != found[0].Number {
		t.Errorf("linphonec heard the number %q; the ticket is %q", heard, found[0].Number)
	}
}

// TestLinphoneOverTLS has a phone known by its certificate (RFC 5922) encrypt its sound (RFC 4568) and hang up
// while it hears its number.
func TestLinphoneOverTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	authority := newSigner(t, dir)
	authority.issue("gateway", "gateway.example.com", "127.0.0.1")
	files := authority.issue("phone", "phone.example.com", "127.0.0.1")
	p := startConfigured(t, binary, strings.ReplaceAll(encrypted, "{dir}", dir))
	l := startLinphone(t, "{encryption}", "srtp", "{authority}", filepath.Join(dir, "authority.crt"),
		"{certificate}", files.Certificate, "{key}", files.Key)
	l.dial(p.tls.String() + ";transport=tls")
	l.presses("230471234#246810#221")
	p.showsMessages("said: ticket-registered", 1)
	l.types("terminate")
	call := p.record()
	found := p.tickets()
	if call.EndedBy != tickets.EndedByCaller || len(found) != 1 || found[0].Account != "30471234" || found[0].AcknowledgedBy == tickets.ByReadback {
		t.Errorf("the record is %+v and the tickets %+v; want a caller who hung up, and a ticket of account 30471234 that was not read back", call, found)
	}
	wantSaid(t, p.log, "encryption=AES_CM_128_HMAC_SHA1_80")
}

// TestLinphoneLogsIn has a phone at an unknown address answer our challenges: one, the other, or one of two.
func TestLinphoneLogsIn_RFC8760(t *testing.T) {
	t.Parallel()
	for _, algorithms := range []string{"sha-256", "md5", "sha-256, md5"} {
		t.Run(algorithms, func(t *testing.T) {
			t.Parallel()
			config := strings.NewReplacer("algorithms: [md5]", "algorithms: ["+algorithms+"]", "{plain}", loopback(t, "127.0.0.1").String()).Replace(roaming)
			p := startConfigured(t, binary, config+unhurried)
			l := startLinphone(t)
			l.dial(p.sip.String())
			l.presses("2")
			p.showsMessages("pressed: 2", 1)
			l.types("terminate")
			if call := p.record(); call.Trunk != "roaming" || call.Keys != "2" {
				t.Errorf("the call is %+v; want one of the trunk roaming, key 2", call)
			}
		})
	}
}
