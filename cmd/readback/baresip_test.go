package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"readback/media/wav"
	"readback/tickets"
)

// A baresip is the softphone of that name, told what to do over its control port.
type baresip struct {
	t       *testing.T
	dir     string
	control net.Conn
	events  chan string // types of events, like CALL_CLOSED
	said    *lockedBuffer
}

const baresipConfig = `
sip_listen 127.0.0.1:0
audio_player aubridge,nobody
audio_source aufile,%s
audio_alert aubridge,nobody
module_path /usr/lib/baresip/modules
module g711.so
module g722.so
module aufile.so
module aubridge.so
module sndfile.so
module srtp.so
snd_path %s
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:%d
`

// microphoneTime is longer than any call of the tests: where its file ends baresip hangs up.
const microphoneTime = 3 * time.Minute

// microphone makes a sound file of silence at the rate of the codec: baresip plays it in no other.
func microphone(t *testing.T, dir string, rate int) string {
	t.Helper()
	path := filepath.Join(dir, "microphone.wav")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := wav.NewWriter(file, rate)
	if err == nil {
		err = writer.Write(make([]int16, int(microphoneTime.Seconds())*rate))
	}
	if err := errors.Join(err, writer.Sync(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// startBaresip runs baresip with silence at its microphone; it records what it hears in its folder.
func startBaresip(t *testing.T, account string) *baresip {
	t.Helper()
	return startBaresipAt(t, 8000, account)
}

// startBaresipAt does that for codecs of another sample rate in Hz, with more lines of configuration.
func startBaresipAt(t *testing.T, rate int, account string, more ...string) *baresip {
	t.Helper()
	path := tool(t, "baresip", "baresip")
	b := &baresip{t: t, dir: t.TempDir(), events: make(chan string, 1000), said: &lockedBuffer{}}
	port := freePort(t)
	for name, text := range map[string]string{
		"config":   fmt.Sprintf(baresipConfig, microphone(t, b.dir, rate), b.dir, port) + strings.Join(more, "\n") + "\n",
		"accounts": account + "\n",
		"contacts": "",
	} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(path, "-f", b.dir)
	cmd.Dir, cmd.Stdout, cmd.Stderr = b.dir, b.said, b.said
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("baresip:\n%s", lastLines(b.said.String(), 40))
		}
	})
	background(t, cmd)
	b.connect(port)
	return b
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func (b *baresip) connect(port int) {
	b.t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			b.control = conn
			break
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("baresip's control port does not open: %v", err)
		}
		time.Sleep(50 * time.Millisecond) // there is no event to wait for before there is a connection
	}
	b.t.Cleanup(func() { _ = b.control.Close() })
	go b.listen()
}

// listen reads netstrings of JSON until the connection closes.
func (b *baresip) listen() {
	defer close(b.events)
	reader := bufio.NewReader(b.control)
	for {
		length, err := reader.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimLeft(length, ","), ":"))
		if err != nil || n < 0 || n > 1<<20 {
			return
		}
		body := make([]byte, n)
		for read := 0; read < n; {
			m, err := reader.Read(body[read:])
			if err != nil {
				return
			}
			read += m
		}
		var event struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(body, &event) == nil && event.Type != "" {
			b.events <- event.Type
		}
	}
}

func (b *baresip) command(command, params string) {
	b.t.Helper()
	body, err := json.Marshal(map[string]string{"command": command, "params": params, "token": command})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(b.control, "%d:%s,", len(body), body); err != nil {
		b.t.Fatal(err)
	}
}

// await waits for an event.
func (b *baresip) await(event string, limit time.Duration) {
	b.t.Helper()
	timeout := time.After(limit)
	for {
		select {
		case got, open := <-b.events:
			if got == event {
				return
			}
			if !open {
				b.t.Fatalf("baresip went away before %s", event)
			}
		case <-timeout:
			b.t.Fatalf("no %s in %v", event, limit)
		}
	}
}

// TestBaresipCallsAndHearsItsNumber makes a whole call with a softphone that others wrote.
func TestBaresipCallsAndHearsItsNumber(t *testing.T) {
	t.Parallel() // mostly it waits
	p := startGateway(t, "")
	b := startBaresip(t, "<sip:+14155559999@127.0.0.1>;regint=0;audio_codecs=PCMU/8000")
	b.dial(p)
	b.opensATicket(p)
}

func (b *baresip) dial(p *process) { b.command("dial", fmt.Sprintf("sip:+18887999666@%s", p.sip)) }

// opensATicket goes through the whole call. The number that baresip heard, by the sound it recorded, is the ticket's.
func (b *baresip) opensATicket(p *process) {
	b.t.Helper()
	b.await("CALL_ESTABLISHED", 20*time.Second)
	number := b.answersAll(p)
	if heard := heardNumber(b.t, b.recorded()); heard != number {
		b.t.Errorf("baresip heard the number %q; the ticket is %q", heard, number)
	}
}

// answersAll is the rest of a call that was answered. It returns the ticket's number.
func (b *baresip) answersAll(p *process) tickets.Number {
	b.t.Helper()
	for _, key := range "230471234#246810#2219" {
		b.command("sndcode", string(key))
		time.Sleep(300 * time.Millisecond) // a press takes its time, and baresip does not say when it is over
	}
	b.await("CALL_CLOSED", 90*time.Second)
	found := p.tickets()
	wantTicket(b.t, found)
	return found[0].Number
}

// recorded is the file of what baresip heard.
func (b *baresip) recorded() string {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.dir, "dump-*-dec.wav"))
	if err != nil || len(files) != 1 {
		b.t.Fatalf("baresip recorded %v (%v); want one file", files, err)
	}
	return files[0]
}
