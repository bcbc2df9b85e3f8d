package main

import (
	"strings"
	"testing"
	"time"
)

// startEncrypting runs a gateway whose trunk has a policy for encryption.
func startEncrypting(t *testing.T, policy string) *process {
	t.Helper()
	config := strings.Replace(processConfig, "trust_caller: true", "trust_caller: true\n    encryption: "+policy, 1)
	return startConfigured(t, binary, config+unhurried)
}

// dialWith calls the gateway with a baresip that encrypts in a way of its own: "srtp" offers keys under RTP/AVP,
// "srtp-mand" RTP/SAVP, and "" neither.
func dialWith(t *testing.T, p *process, encryption string) *baresip {
	t.Helper()
	account := "<sip:+14155559999@127.0.0.1>;regint=0;audio_codecs=PCMU/8000"
	if encryption != "" {
		account += ";mediaenc=" + encryption
	}
	b := startBaresip(t, account)
	b.dial(p)
	return b
}

// TestBaresipCallsEncrypted makes whole calls with the SRTP of others: its keys are heard, and so is our number.
func TestBaresipCallsEncrypted_RFC4568(t *testing.T) {
	for encryption, policy := range map[string]string{"srtp": "optional", "srtp-mand": "required"} {
		t.Run(encryption, func(t *testing.T) {
			t.Parallel()
			p := startEncrypting(t, policy)
			b := dialWith(t, p, encryption)
			b.opensATicket(p)
			wantSaid(t, p.log, "encryption=AES_CM_128_HMAC_SHA1_80")
		})
	}
}

// TestTrunksKeepTheirPolicy: what a trunk's policy does not allow is refused with 488.
func TestTrunksKeepTheirPolicy(t *testing.T) {
	tests := []struct{ policy, encryption, wantEvent, wantSaid, wantLog string }{
		{"off", "srtp-mand", "CALL_CLOSED", "session closed: 488 ", "want RTP/AVP audio"},
		{"required", "", "CALL_CLOSED", "session closed: 488 ", "want audio with a=crypto"},
		{"off", "srtp", "CALL_ESTABLISHED", "Call established", "encryption=none"}, // the phone may talk in the clear
	}
	for _, test := range tests {
		t.Run(test.policy+" "+test.encryption, func(t *testing.T) {
			t.Parallel()
			p := startEncrypting(t, test.policy)
			b := dialWith(t, p, test.encryption)
			b.await(test.wantEvent, 20*time.Second)
			b.command("hangup", "")
			wantSaid(t, b.said, test.wantSaid)
			wantSaid(t, p.log, test.wantLog)
		})
	}
}

// wantSaid waits until a program has said something, and checks that it has shown no key.
func wantSaid(t *testing.T, said *lockedBuffer, want string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(said.String(), want) {
		if time.Now().After(deadline) {
			t.Fatalf("%q was not said:\n%s", want, said)
		}
		time.Sleep(50 * time.Millisecond) // what is said has no event to wait for
	}
	if strings.Contains(said.String(), "inline:") {
		t.Errorf("a key was shown:\n%s", said)
	}
}
