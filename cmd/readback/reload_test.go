package main

import (
	"context"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"readback/config"
	"readback/tickets"
)

// TestReloadLeavesCallsAlone takes the number out of the configuration on which a call is in progress: that call goes on
// to its ticket, and the next one gets 404. A bad file changes nothing.
func TestReloadLeavesCallsAlone(t *testing.T) {
	p := startGateway(t, "")
	sounds, err := loadSounds(nil)
	if err != nil {
		t.Fatal(err)
	}
	phone, call, show := p.phoneIn(t, sounds)
	t.Cleanup(func() {
		call.close()
		if err := phone.close(); err != nil {
			t.Error(err)
		}
	})
	p.reload(func(text string) string {
		return strings.ReplaceAll(text, `{number: "+1 888 799 9666"`, `{number: "+1 888 799 9667"`)
	}, "the configuration is applied to new calls")
	if got := p.ask("INVITE"); !strings.HasPrefix(got, "SIP/2.0 404 ") {
		t.Errorf("a call to the number that is gone: %s; want 404", got)
	}
	p.reload(func(text string) string { return text + "trunks: nonsense\n" }, "the configuration is refused")
	p.reload(func(text string) string { return strings.TrimSuffix(text, "trunks: nonsense\n") }, "the configuration is applied to new calls")
	if got := p.ask("OPTIONS"); !strings.HasPrefix(got, "SIP/2.0 200 ") {
		t.Errorf("OPTIONS after a bad file: %s; want 200", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it listens, on a machine that may be busy
	defer cancel()
	cues, err := parseCues("menu-support:2 severity-2:2 record-notice:hangup")
	if err != nil {
		t.Fatal(err)
	}
	if err := show.follow(ctx, cues); err != nil {
		t.Fatalf("%v; heard %+v", err, show.report.Heard)
	}
	deadline := time.Now().Add(time.Minute)
	for len(p.tickets()) == 0 && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
	}
	if found := p.tickets(); len(found) != 1 || found[0].Priority != tickets.P2 {
		t.Errorf("the tickets are %+v; want that of the call that was there", found)
	}
}

// reload changes the configuration file, sends SIGHUP, and waits for what the log is to say.
func (p *process) reload(change func(string) string, said string) {
	p.t.Helper()
	text, err := os.ReadFile(p.config)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.config, []byte(change(string(text))), 0o600); err != nil {
		p.t.Fatal(err)
	}
	before := strings.Count(p.log.String(), said)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		p.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); strings.Count(p.log.String(), said) == before; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("the log does not say %q:\n%s", said, p.log)
		}
	}
}

// TestWhatOnlyAStartReads: a reload keeps it as it is, and names it.
func TestWhatOnlyAStartReads(t *testing.T) {
	running, next := config.Default(), config.Default()
	next.Node, next.HTTP.Listen = "other", running.SIP.Listen[0].Address
	next.SIP.Listen = next.SIP.Listen[:1]
	next.SIP.MaxCalls = 7
	if got, want := restartOnly(running, next), []string{"node", "sip.listen", "http"}; !reflect.DeepEqual(got, want) {
		t.Errorf("what changed for the next start is %v; want %v", got, want)
	}
	kept := keepFixed(next, running)
	if kept.Node != running.Node || len(kept.SIP.Listen) != len(running.SIP.Listen) || kept.SIP.MaxCalls != 7 {
		t.Errorf("node %s, %d listeners, %d calls; want those that run, and the new 7", kept.Node, len(kept.SIP.Listen), kept.SIP.MaxCalls)
	}
	if next.Node != "other" || len(next.SIP.Listen) != 1 {
		t.Error("the configuration that was read has changed itself")
	}
}
