package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"readback/tickets"
)

// binaries are the program itself, each built once: for tests with the race detector, for benchmarks without.
var (
	binary     = sync.OnceValues(func() (string, error) { return build("-race") })
	fastBinary = sync.OnceValues(func() (string, error) { return build() })
)

func build(flags ...string) (string, error) {
	dir, err := os.MkdirTemp("", "readback-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "readback")
	out, err := exec.Command("go", append(append([]string{"build"}, flags...), "-o", path, ".")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// A process is a running gateway.
type process struct {
	t      testing.TB
	binary func() (string, error)
	dir    string
	config string
	sip    netip.AddrPort // udp
	tcp    netip.AddrPort
	tls    netip.AddrPort // where it listens there too
	http   string
	cmd    *exec.Cmd
	log    *lockedBuffer
	exited chan error
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// processConfig answers the shipped numbers on free ports for a trunk that vouches for callers. The second number rings.
const processConfig = `
node: test
data: data
sip:
  max_calls: 5000
  listen:
    - {network: udp, address: "127.0.0.1:0"}
    - {network: tcp, address: "127.0.0.1:0"}
http: {listen: "127.0.0.1:0"}
trunks:
  - name: carrier
    networks: [127.0.0.0/8]
    country: US
    trust_caller: true
    calls_per_second: 1000
    burst: 5000
    max_calls: 5000
numbers:
  - {number: "+1 888 799 9666", country: US, locale: en-US, languages: {9: fr-FR}, time_zone: America/Los_Angeles}
  - {number: "+1 650 397 6096", country: US, locale: en-US, time_zone: America/Los_Angeles, ring_time: 2s}
`

// Tests share their machine: late ticks are no overload there, where a test does not say so itself.
const unhurried = "rtp: {overload: {busy: 1, late: 1s}}\n"

var readyLine = regexp.MustCompile(`^readback ready: sip udp (\S+), tcp ([^ ,;]+)(?:, (?:tcp|udp) [^ ,;]+)?(?:, tls ([^ ,;]+))?; http (\S+); media (io_uring|plain);`)

// startGateway runs the program with the sample accounts and waits for its ready line. More configuration may be added.
func startGateway(t testing.TB, more string) *process {
	if !strings.Contains(more, "rtp:") {
		more += unhurried
	}
	return startProgram(t, binary, more)
}

func startProgram(t testing.TB, binary func() (string, error), more string) *process {
	t.Helper()
	return startConfigured(t, binary, processConfig+more)
}

func startConfigured(t testing.TB, binary func() (string, error), config string) *process {
	t.Helper()
	dir := t.TempDir()
	p := &process{t: t, binary: binary, dir: dir, config: filepath.Join(dir, "readback.yaml")}
	if err := os.WriteFile(p.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	accounts := filepath.Join(dir, "accounts.csv")
	if err := os.WriteFile(accounts, demoAccounts, 0o600); err != nil {
		t.Fatal(err)
	}
	p.run("accounts", "import", "-c", p.config, accounts)
	p.start()
	t.Cleanup(p.stop)
	return p
}

// start runs serve, for the first time or after a kill.
func (p *process) start() {
	p.t.Helper()
	path, err := p.binary()
	if err != nil {
		p.t.Fatal(err)
	}
	p.log, p.exited = &lockedBuffer{}, make(chan error, 1)
	p.cmd = exec.Command(path, "serve", "-c", p.config)
	p.cmd.Dir, p.cmd.Stderr = p.dir, p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	match := readyLine.FindStringSubmatch(line)
	if err != nil || match == nil {
		_ = p.cmd.Process.Kill()
		p.t.Fatalf("no ready line but %q (%v); log:\n%s", line, err, p.log)
	}
	p.sip, p.tcp, p.http = netip.MustParseAddrPort(match[1]), netip.MustParseAddrPort(match[2]), match[4]
	if match[3] != "" {
		p.tls = netip.MustParseAddrPort(match[3])
	}
	go func() { p.exited <- p.cmd.Wait() }()
}

// stop asks the gateway to end, and the race detector and the log whether all was well.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.exited:
		if err != nil && !strings.Contains(err.Error(), "killed") {
			p.t.Errorf("the gateway ended with %v; log:\n%s", err, p.log)
		}
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		p.t.Errorf("the gateway does not end; log:\n%s", p.log)
	}
	if strings.Contains(p.log.String(), "DATA RACE") {
		p.t.Errorf("a data race:\n%s", p.log)
	}
	if p.t.Failed() {
		p.t.Logf("log:\n%s", p.log)
	}
}

// kill ends the gateway as a power failure would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	if err := <-p.exited; err == nil {
		p.t.Error("the gateway ended by itself before it was killed")
	}
}

// run runs another command of the program and returns what it prints.
func (p *process) run(args ...string) string {
	p.t.Helper()
	path, err := p.binary()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	var out, errOut bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, &out, &errOut
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("readback %s: %v\n%s%s", strings.Join(args, " "), err, &out, &errOut)
	}
	return out.String()
}

// fails runs a command that is to fail, and returns what it says.
func (p *process) fails(args ...string) string {
	p.t.Helper()
	path, err := p.binary()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = p.dir
	said, err := cmd.CombinedOutput()
	if err == nil {
		p.t.Errorf("readback %s succeeds", strings.Join(args, " "))
	}
	return string(said)
}

// tickets reads the tickets through the command line.
func (p *process) tickets() []tickets.Ticket {
	p.t.Helper()
	var found []tickets.Ticket
	if err := json.Unmarshal([]byte(p.run("tickets", "list", "--json", "-c", p.config)), &found); err != nil {
		p.t.Fatal(err)
	}
	return found
}

// tool is a program that the tests call; without it they fail and say how to get it.
func tool(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed: apt-get install %s", name, debian)
	}
	return path
}

// within runs a program for a limited time and returns what it prints.
func within(t testing.TB, limit time.Duration, dir, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// background runs a program and its children until the test is over.
func background(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(10 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-exited
		}
	})
}
