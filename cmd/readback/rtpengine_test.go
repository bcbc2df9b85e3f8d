package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"readback/ivr"
	"readback/media"
	"readback/media/recognize"
)

// relaying is where rtpengine has its ports: all sound that comes from there went through it.
const relaying = "127.0.0.21"

// startRTPEngine runs rtpengine without the kernel's help. It returns where Kamailio gives it orders.
func startRTPEngine(t *testing.T) string {
	t.Helper()
	path := tool(t, "rtpengine", "rtpengine-daemon")
	at, log := udpLoopback(t), &lockedBuffer{}
	cmd := exec.Command(path, "--config-file=none", "--table=-1", "--foreground", "--log-stderr", "--log-level=6", "--num-threads=2",
		"--interface="+relaying, "--listen-ng="+at, "--port-min=30000", "--port-max=30999")
	cmd.Stdout, cmd.Stderr = log, log
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("rtpengine at %s:\n%s", at, lastLines(log.String(), 60))
		}
	})
	background(t, cmd)
	conn, err := net.Dial("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for deadline := time.Now().Add(20 * time.Second); !pinged(conn); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("rtpengine does not answer:\n%s", log)
		}
	}
	return at
}

// pinged asks rtpengine in its own language whether it is there.
func pinged(conn net.Conn) bool {
	answer := make([]byte, 512)
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("1 d7:command4:pinge")); err != nil {
		return false
	}
	n, err := conn.Read(answer)
	return err == nil && string(answer[:n]) == "1 d6:result4:ponge"
}

// udpLoopback is a free UDP port of this machine.
func udpLoopback(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().String()
}

// TestKamailioWithRTPEngine makes calls whose sound a relay takes: in the clear on both sides, and in the clear to
// the caller alone, with SRTP to the gateway (RFC 3711, RFC 4568), which takes sound from the relay only.
func TestKamailioWithRTPEngine(t *testing.T) {
	t.Parallel() // mostly it waits
	sounds, err := loadSounds(nil)
	if err != nil {
		t.Fatal(err)
	}
	relay := startRTPEngine(t)
	calls := []struct{ name, policy, offer, encryption string }{
		{"RTP", "off", "RTP/AVP", "none"},
		{"SRTP", "required", "RTP/SAVP DTLS=off", "AEAD_AES_256_GCM"},
	}
	t.Run("calls", func(t *testing.T) {
		for _, call := range calls {
			t.Run(call.name, func(t *testing.T) {
				t.Parallel()
				gateway := startConfigured(t, binary, strings.NewReplacer("{listen}", "127.0.0.1:0", "{trunk}", "127.0.0.1",
					"[127.0.0.0/8]", "["+relaying+"/32]\n    encryption: "+call.policy).Replace(behind))
				proxy := startKamailio(t, "rtpengine.cfg", loopback(t, "127.0.0.1"), "{rtpengine}", relay,
					"{offer}", call.offer, "{answer}", "RTP/AVP", "{next}", gateway.sip.String())
				proxy.opensATicket(gateway, sounds)
				gateway.wantMetrics(`readback_answered_calls_total{codec="G722",encryption="` + call.encryption + `",trunk="carrier"} 1`)
			})
		}
	})
}

// opensATicket is a call by way of Kamailio until the ticket is registered: the caller hears the gateway's prompts, and
// the gateway the caller's keys and words.
func (k *kamailio) opensATicket(gateway *process, sounds *sounds) {
	k.t.Helper()
	through := *gateway
	through.t, through.sip = k.t, k.addr
	phone, call, show := through.phoneIn(k.t, sounds)
	defer func() {
		call.close()
		if err := phone.close(); err != nil {
			k.t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	defer cancel()
	words, err := sounds.clip(ivr.Prompt{Locale: "en-US", Name: "severity-2"})
	if err != nil {
		k.t.Fatal(err)
	}
	cues, err := parseCues("22 tone:speak #11 ticket-registered:hangup")
	if err != nil {
		k.t.Fatal(err)
	}
	show.speech = words
	if err := show.run(ctx, cues); err != nil {
		k.t.Fatalf("%v; heard %+v", err, show.report.Heard)
	}
	found := gateway.tickets()
	if len(found) != 1 || found[0].Callback != "+14155550100" {
		k.t.Fatalf("the store holds %+v; want one ticket", found)
	}
	file, err := os.Open(filepath.Join(gateway.dir, "data", "recordings", found[0].Recording))
	if err != nil {
		k.t.Fatal(err)
	}
	defer file.Close()
	recording, err := media.Decode(file)
	if err != nil {
		k.t.Fatal(err)
	}
	listener := recognize.NewBook(map[string][]int16{"the words": words.PCM()}).Listen()
	if said := append(listener.Hear(recording.PCM()), listener.End()...); len(said) != 1 {
		k.t.Errorf("the caller's words are %d times in the recording, want once", len(said))
	}
	if source := call.session.Stats().Source; source.Addr().String() != relaying {
		k.t.Errorf("the caller hears %s, want the relay", source)
	}
}
