package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A kamailio is the SIP server of that name, with a configuration of testdata/interop/kamailio.
type kamailio struct {
	t    *testing.T
	addr netip.AddrPort // UDP and TCP
	log  *lockedBuffer
	cmd  *exec.Cmd
}

// startKamailio runs Kamailio at addr with the fields of its configuration, and {listen}, filled in.
func startKamailio(t *testing.T, config string, addr netip.AddrPort, fields ...string) *kamailio {
	t.Helper()
	return startKamailioIn(t, t.TempDir(), config, addr, fields)
}

// startKamailioIn does that with its files in a folder, and with flags.
func startKamailioIn(t *testing.T, dir, config string, addr netip.AddrPort, fields []string, flags ...string) *kamailio {
	t.Helper()
	path := tool(t, "kamailio", "kamailio kamailio-tls-modules")
	fill := strings.NewReplacer(append(fields, "{listen}", addr.String(), "{host}", addr.Addr().String(), "{dir}", dir)...)
	files, err := filepath.Glob("../../testdata/interop/kamailio/*.cfg")
	if err != nil || len(files) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(fill.Replace(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := &kamailio{t: t, addr: addr, log: &lockedBuffer{}}
	cmd := exec.Command(path, append([]string{"-f", filepath.Join(dir, config), "-DD", "-E", "-w", dir, "-Y", dir, "-m", "16", "-M", "4"}, flags...)...)
	cmd.Stdout, cmd.Stderr, k.cmd = k.log, k.log, cmd
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Kamailio %s at %s:\n%s", config, addr, lastLines(k.log.String(), 60))
		}
	})
	background(t, cmd)
	k.until("it listens", func() bool {
		conn, err := net.Dial("tcp", addr.String())
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return k
}

// until waits for something that a running Kamailio brings about.
func (k *kamailio) until(what string, done func() bool) {
	k.t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			k.t.Fatalf("waited in vain until %s; Kamailio:\n%s", what, lastLines(k.log.String(), 40))
		}
	}
}

// says waits until Kamailio has logged a text so many times.
func (k *kamailio) says(text string, times int) {
	k.t.Helper()
	k.until(fmt.Sprintf("%q was said %d times", text, times), func() bool { return strings.Count(k.log.String(), text) >= times })
}

// loopback is a free port of one of the addresses of this machine.
func loopback(t testing.TB, address string) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return netip.MustParseAddrPort(listener.Addr().String())
}

// behind is a gateway at {listen} whose trunk is at {trunk} alone; the caller's sound comes from elsewhere.
const behind = `
node: test
data: data
sip:
  listen:
    - {network: udp, address: "{listen}"}
    - {network: tcp, address: "{listen}"}
http: {listen: "127.0.0.1:0"}
trunks:
  - name: carrier
    networks: [{trunk}/32]
    media: [127.0.0.0/8]
    country: US
    trust_caller: true
numbers:
  - {number: "+1 888 799 9666", country: US, locale: en-US, languages: {9: fr-FR}, time_zone: America/Los_Angeles}
  - {number: "+1 650 397 6096", country: US, locale: en-US, time_zone: America/Los_Angeles, ring_time: 2s}
` + unhurried

func startBehind(t *testing.T, listen, trunk string) *process {
	t.Helper()
	return startConfigured(t, binary, strings.NewReplacer("{listen}", listen, "{trunk}", trunk).Replace(behind))
}

// calls plays a scenario of SIPp by way of Kamailio.
func (k *kamailio) calls(gateway *process, scenario, number string, more ...string) {
	k.t.Helper()
	p := *gateway
	p.t, p.sip = k.t, k.addr
	p.sipp(scenario, number, more...)
}

// outside and inside are where two proxies are, one behind the other.
const outside, inside = "127.0.0.11", "127.0.0.12"

// TestKamailioProxies makes calls through proxies that record their routes (RFC 3261 sections 12.2 and 16.6): one that
// holds, resumes and hangs up, one that gives up, and, where it is whole, one of digits that the gateway hangs up.
func TestKamailioProxies(t *testing.T) {
	t.Parallel() // mostly it waits
	gateway := startBehind(t, "127.0.0.1:0", inside)
	calls := []struct {
		name                 string
		caller, middle, last string // transports; no middle is no outer proxy
		whole                bool
	}{
		{"TCP, UDP and TCP", "tcp", "udp", "tcp", true},
		{"UDP, TCP and UDP", "udp", "tcp", "udp", false},
		{"UDP", "udp", "udp", "udp", false},
		{"TCP", "tcp", "tcp", "tcp", false},
		{"a strict router", "udp", "", "udp", false},
	}
	t.Run("calls", func(t *testing.T) {
		for _, call := range calls {
			t.Run(call.name, func(t *testing.T) {
				t.Parallel()
				to, record := gateway.sip, "record_route();"
				if call.last == "tcp" {
					to = gateway.tcp
				}
				at := loopback(t, inside)
				if call.middle == "" { // RFC 2543 knew no lr
					record = fmt.Sprintf(`insert_hf("Record-Route: <sip:%s>\r\n");`, at)
				}
				proxy := startKamailio(t, "proxy.cfg", at, "{name}", "inside", "{record}", record, "{next}", to.String()+";transport="+call.last)
				if call.middle != "" {
					next := proxy.addr.String() + ";transport=" + call.middle
					proxy = startKamailio(t, "proxy.cfg", loopback(t, outside), "{name}", "outside", "{record}", record, "{next}", next)
				}
				flags := map[string][]string{"udp": nil, "tcp": {"-t", "t1"}}[call.caller]
				proxy.calls(gateway, "hold-resume", "+18887999666", flags...)
				proxy.calls(gateway, "cancel", "+16503976096", flags...)
				if call.whole {
					proxy.calls(gateway, "dtmf-info", "+18887999666", flags...)
				}
			})
		}
	})
	wantTicket(t, gateway.tickets())
}

// TestKamailioBalancer takes each of two gateways out of the pool of a balancer, and back, without the loss of a call.
func TestKamailioBalancer(t *testing.T) {
	t.Parallel()
	gateways := map[string]*process{}
	list := filepath.Join(t.TempDir(), "dispatcher.list")
	var lines strings.Builder
	for range 2 {
		at := loopback(t, "127.0.0.1").String()
		gateways["sip:"+at] = startBehind(t, at, "127.0.0.1")
		fmt.Fprintf(&lines, "1 sip:%s\n", at)
	}
	if err := os.WriteFile(list, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	balancer := startKamailio(t, "balancer.cfg", loopback(t, "127.0.0.1"), "{gateways}", list)

	phone := newTestPhone(t)
	t.Cleanup(func() {
		if err := phone.close(); err != nil {
			t.Error(err)
		}
	})
	session, err := phone.lift()
	if err != nil {
		t.Fatal(err)
	}
	held, err := phone.dial(t.Context(), session, "sip:+18887999666@"+balancer.addr.String(), "+14155550100")
	if err != nil {
		t.Fatal(err)
	}
	defer held.close()
	first := inviteTo.FindStringSubmatch(balancer.log.String())[1]
	second := first
	for name := range gateways {
		if name != first {
			second = name
		}
	}

	_ = gateways[first].cmd.Process.Signal(syscall.SIGTERM)
	balancer.says("pool: "+first+" left", 1)
	balancer.calls(gateways[second], "hold-resume", "+18887999666", "-m", "4", "-r", "20", "-l", "4")
	if got := balancer.invites(first); got != 1 {
		t.Errorf("%d calls went to the gateway that drains; want the one that it has", got)
	}
	if held.call.Context().Err() != nil {
		t.Fatalf("the call of the gateway that drains is over: %s", held.whoHungUp())
	}
	if err := held.hangup(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-gateways[first].exited; err != nil {
		t.Errorf("the gateway ended with %v", err)
	}

	gateways[first].start()
	balancer.says("pool: "+first+" is back", 1)
	_ = gateways[second].cmd.Process.Signal(syscall.SIGTERM)
	balancer.says("pool: "+second+" left", 1)
	before := balancer.invites(second)
	balancer.calls(gateways[first], "hold-resume", "+18887999666", "-m", "4", "-r", "20", "-l", "4")
	if got := balancer.invites(second) - before; got != 0 {
		t.Errorf("%d calls went to the gateway that is gone", got)
	}
}

var inviteTo = regexp.MustCompile(`pool: INVITE to (sip:\S+)`)

// invites is how many calls a balancer has sent to a gateway.
func (k *kamailio) invites(gateway string) (n int) {
	for _, found := range inviteTo.FindAllStringSubmatch(k.log.String(), -1) {
		if found[1] == gateway {
			n++
		}
	}
	return n
}
