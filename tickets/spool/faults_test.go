package spool_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/postgres"
	"readback/tickets/postgres/pgtest"
)

// callsVariable says how many calls are to be made among faults.
const callsVariable = "READBACK_FAULTS_CALLS"

// TestFaults has calls come in at two gateways while PostgreSQL is paused, killed, shut down, made read-only and filled up, while a
// gateway's own disk is full, and while a gateway is killed. Then: every number that was spoken is the ticket of its call, no call has
// two, and every ticket is acknowledged once, in time.
func TestFaults(t *testing.T) {
	calls := 60
	if text := os.Getenv(callsVariable); text != "" {
		var err error
		if calls, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	f := newFaults(t)
	for _, g := range f.gateways {
		g.start()
	}
	f.await("the accounts to be copied", time.Minute, func() bool {
		return strings.Count(f.log.String(), "there is a copy of all accounts") >= len(f.gateways)
	})
	kinds := f.kinds()
	for _, i := range rand.Perm(len(kinds)) {
		f.suffer(kinds[i])
	}
	rounds := len(kinds)
	for ; f.count("over") < calls; rounds++ {
		f.suffer(kinds[rand.IntN(len(kinds))])
	}
	for _, g := range f.gateways {
		g.kill()
		g.settings.Calls = 0
		g.start()
	}
	f.await("every ticket to be acknowledged", 3*time.Minute, f.allAcknowledged)
	for _, g := range f.gateways {
		g.stop()
	}
	f.check()
	if !strings.Contains(f.log.String(), "the database is back") {
		t.Error("no outage was noticed")
	}
	if _, race, found := strings.Cut(f.log.String(), "DATA RACE"); found {
		t.Errorf("a data race:%s", race[:min(len(race), 4000)])
	}
	t.Logf("%d faults; calls %d begun, %d over, %d numbers spoken, %d callers told that nothing can be registered; %d gateways",
		rounds, f.count("call"), f.count("over"), len(f.spoken), f.count("sorry"), f.started)
}

// faults are gateways, their database and their disks, and what is done to them.
type faults struct {
	t        *testing.T
	server   *pgtest.Server
	store    *postgres.Store
	gateways []*faultyGateway
	log      syncBuffer
	started  int

	mu     sync.Mutex
	counts map[string]int
	spoken map[string]tickets.Number // by key of the call
}

// A faultyGateway is a process that is killed and started again, on a disk of its own.
type faultyGateway struct {
	*faults
	settings gatewaySettings
	cmd      *exec.Cmd
	input    io.Closer
	heard    sync.WaitGroup
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func newFaults(t *testing.T) *faults {
	t.Helper()
	f := &faults{t: t, counts: map[string]int{}, spoken: map[string]tickets.Number{}}
	var err error
	if f.server, err = pgtest.StartSmall(t.Context(), 160, "min_wal_size=4MB", "max_wal_size=16MB"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			text := f.log.String()
			t.Logf("the gateways' log ends with:\n%s", text[max(0, len(text)-8000):])
		}
		if err := f.server.Stop(); err != nil {
			t.Error(err)
		}
	})
	address := f.server.URL("postgres")
	for _, node := range []string{"one", "two"} {
		f.gateways = append(f.gateways, &faultyGateway{
			faults: f, settings: gatewaySettings{Node: node, Dir: smallDisk(t), URL: address, Calls: 4},
		})
	}
	if f.store, err = postgres.Open(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.store.Close() })
	if _, err := f.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.putAccounts()
	return f
}

// smallDisk is a directory on a file system that is soon full.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Fatalf("mount a small file system: %v: run the test as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (f *faults) putAccounts() {
	f.t.Helper()
	desk := tickets.Desk{Store: f.store, Pepper: []byte("pepper for tests"), Cost: faultsCost}
	pin, err := tickets.NewPIN(faultsPIN)
	if err != nil {
		f.t.Fatal(err)
	}
	hash, err := desk.Hash(f.t.Context(), pin)
	if err != nil {
		f.t.Fatal(err)
	}
	accounts := make([]tickets.Account, faultsAccounts)
	for i := range accounts {
		accounts[i] = tickets.Account{
			ID: fmt.Sprint(1000 + i), Name: "Customer", Plan: "enterprise", PINHash: hash,
			Contacts: []tickets.Contact{{Name: "Ann", Phone: faultsPhone(i), Email: "ann@example.com"}},
		}
	}
	if err := f.store.PutAccounts(f.t.Context(), accounts); err != nil {
		f.t.Fatal(err)
	}
}

// start starts a gateway; one that cannot start now, with its disk full, is started again.
func (f *faultyGateway) start() {
	f.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		if f.tryStart() {
			f.started++
			return
		}
		pause(100, 300)
		if time.Now().After(deadline) {
			f.t.Fatal("no gateway starts")
		}
	}
}

func (f *faultyGateway) tryStart() bool {
	f.t.Helper()
	text, err := json.Marshal(f.settings)
	if err != nil {
		f.t.Fatal(err)
	}
	f.cmd = exec.Command(os.Args[0])
	f.cmd.Env = append(os.Environ(), gatewayVariable+"="+string(text))
	f.cmd.Stderr = &f.log
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	input, err := f.cmd.StdinPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	output, err := f.cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.input = input
	ready := make(chan bool, 1)
	f.heard.Go(func() { f.hear(output, ready) })
	if <-ready {
		return true
	}
	f.heard.Wait()
	_ = f.cmd.Wait()
	return false
}

// hear writes down what a gateway says, up to its last word.
func (f *faultyGateway) hear(output io.Reader, ready chan<- bool) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		var what, call, number string
		if n, err := fmt.Sscan(lines.Text(), &what, &call, &number); n != 3 || err != nil {
			continue // its last word was cut off
		}
		f.mu.Lock()
		f.counts[what]++
		if what == "spoken" {
			if before, ok := f.spoken[call]; ok && before != tickets.Number(number) {
				f.t.Errorf("call %s was told %s and %s", call, before, number)
			}
			f.spoken[call] = tickets.Number(number)
		}
		f.mu.Unlock()
		if what == "ready" {
			ready <- true
		}
	}
	select {
	case ready <- false:
	default:
	}
}

func (f *faults) count(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[what]
}

func (f *faultyGateway) kill() {
	f.t.Helper()
	_ = f.cmd.Process.Kill()
	f.heard.Wait()
	if err := f.cmd.Wait(); err == nil {
		f.t.Error("the gateway ended by itself")
	}
}

func (f *faultyGateway) stop() {
	f.t.Helper()
	_ = f.input.Close()
	f.heard.Wait()
	if err := f.cmd.Wait(); err != nil {
		f.t.Errorf("the gateway ended with %v", err)
	}
}

// A kind of fault begins and ends.
type kind struct {
	name       string
	begin, end func() error
}

func (f *faults) kinds() []kind {
	kinds := []kind{
		{"paused", f.server.Pause, f.server.Resume},
		{"killed", f.server.Kill, f.restart},
		{"shut down", func() error { f.server.Shutdown(); return nil }, f.restart},
		{"read-only", func() error { return f.readOnly(true) }, func() error { return f.readOnly(false) }},
		{"full", f.server.Fill, f.server.Free},
	}
	both := kind{diskFull, f.server.Pause, f.server.Resume} // there is nothing left to keep a ticket on
	for _, g := range f.gateways {
		one := kind{diskFull, func() error { return pgtest.Exhaust(g.ballast()) }, func() error { return os.Remove(g.ballast()) }}
		both = kind{diskFull, inOrder(both.begin, one.begin), inOrder(both.end, one.end)}
		kinds = append(kinds, one)
	}
	return append(kinds, both)
}

func inOrder(first, second func() error) func() error {
	return func() error { return errors.Join(first(), second()) }
}

const diskFull = "disk full"

func (f *faultyGateway) ballast() string { return filepath.Join(f.settings.Dir, "ballast") }

// suffer has something go wrong for a while; perhaps a gateway is killed meanwhile.
func (f *faults) suffer(k kind) {
	f.t.Helper()
	if err := k.begin(); err != nil {
		f.t.Fatalf("%s: %v", k.name, err)
	}
	pause(100, 1500)
	victim := f.gateways[rand.IntN(len(f.gateways))]
	killed := rand.IntN(2) == 0
	if killed {
		victim.kill()
	}
	if killed && k.name != diskFull { // with a full disk it need not start
		victim.start()
		killed = false
	}
	pause(100, 1000)
	if err := k.end(); err != nil {
		f.t.Fatalf("%s: %v", k.name, err)
	}
	if killed {
		victim.start()
	}
	pause(100, 1500)
}

func pause(least, most int) {
	time.Sleep(time.Duration(least+rand.IntN(most-least)) * time.Millisecond)
}

func (f *faults) restart() error { return f.server.Restart(context.Background()) }

// readOnly tries until the server, which may be starting up after another fault, does it.
func (f *faults) readOnly(on bool) error {
	var err error
	for range 100 {
		if err = f.server.ReadOnly(context.Background(), on); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

func (f *faults) await(what string, limit time.Duration, so func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(limit); !so(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("waited %v for %s", limit, what)
		}
	}
}

// all reads every ticket of the database.
func (f *faults) all() ([]tickets.Ticket, error) {
	var found []tickets.Ticket
	for page := (tickets.TicketPage{Limit: tickets.MaxPage}); ; {
		some, err := f.store.ListTickets(f.t.Context(), page)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
		if len(some) < page.Limit {
			return found, nil
		}
		page.After = some[len(some)-1].Number
	}
}

// allAcknowledged: each number that was spoken is in the database, and every ticket is acknowledged.
func (f *faults) allAcknowledged() bool {
	found, err := f.all()
	if err != nil {
		return false
	}
	there := map[tickets.Number]bool{}
	for _, ticket := range found {
		there[ticket.Number] = true
		if ticket.Acknowledged.IsZero() && ticket.Email != "" {
			return false
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, number := range f.spoken {
		if !there[number] {
			return false
		}
	}
	return true
}

// check holds the database against what was heard.
func (f *faults) check() {
	f.t.Helper()
	for call, number := range f.spoken {
		ticket, err := f.store.TicketByCall(f.t.Context(), call)
		if err != nil || ticket.Number != number {
			f.t.Errorf("call %s was told %s; its ticket is %s, %v", call, number, ticket.Number, err)
		}
	}
	found, err := f.all()
	if err != nil {
		f.t.Fatal(err)
	}
	opened := map[string]tickets.Number{}
	for _, ticket := range found {
		if other, twice := opened[ticket.CallID]; twice {
			f.t.Errorf("call %s opened %s and %s", ticket.CallID, other, ticket.Number)
		}
		opened[ticket.CallID] = ticket.Number
		f.checkTicket(ticket)
	}
	if len(f.spoken) == 0 || len(found) == 0 {
		f.t.Error("nothing happened")
	}
}

func (f *faults) checkTicket(ticket tickets.Ticket) {
	f.t.Helper()
	events, err := f.store.Events(f.t.Context(), ticket.Number)
	if err != nil {
		f.t.Error(err)
	}
	seen := map[string]int{}
	for _, e := range events {
		seen[e.What]++
	}
	if seen[tickets.EventReceived] != 1 || seen[tickets.EventAcknowledged] > 1 {
		f.t.Errorf("ticket %s has the events %v", ticket.Number, seen)
	}
	if ticket.Email != "" && (seen[tickets.EventAcknowledged] != 1 || ticket.Acknowledged.After(ticket.Due)) {
		f.t.Errorf("ticket %s was acknowledged %d times, at %v, and was due %v", ticket.Number, seen[tickets.EventAcknowledged], ticket.Acknowledged, ticket.Due)
	}
	if !ticket.Acknowledged.IsZero() {
		return
	}
	notices, err := f.store.Notices(f.t.Context(), ticket.Number, 0)
	alarmed := false
	for _, n := range notices {
		alarmed = alarmed || n.Kind == tickets.Alarm && !n.Due.After(ticket.Due)
	}
	if err != nil || !alarmed {
		f.t.Errorf("ticket %s is neither acknowledged nor alarmed about: %+v, %v", ticket.Number, notices, err)
	}
}
