package jobs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/jobs"
	"readback/tickets/postgres"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/sqlite"
)

// A post counts letters by what they are about.
type post struct {
	mu   sync.Mutex
	sent map[tickets.Number]int
}

func (p *post) Mail(_ context.Context, l tickets.Letter) error {
	time.Sleep(2 * time.Millisecond) // of a relay
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent == nil {
		p.sent = map[tickets.Number]int{}
	}
	p.sent[l.Ticket.Number]++
	return nil
}

func (p *post) letters() map[tickets.Number]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent
}

// TestTwoGatewaysShareTheWork: both have a part of it, and nobody gets a letter twice.
func TestTwoGatewaysShareTheWork(t *testing.T) {
	t.Parallel()
	const count = 200
	address := pgtest.Database(t, migrate)
	first, second := postgresAt(t, address), postgresAt(t, address)
	filed := abandon(t, deskOf(t, first, "first"), count)
	one, two := &post{}, &post{}
	for s, box := range map[store]*post{first: one, second: two} {
		run(t, runner(t, s, &tickets.Clerk{Desk: &tickets.Desk{Store: s}, Mailer: box}, jobs.Config{}))
	}
	awaitTold(t, first, filed)
	if len(one.letters()) == 0 || len(two.letters()) == 0 {
		t.Errorf("one gateway wrote %d letters, the other %d", len(one.letters()), len(two.letters()))
	}
	for _, number := range filed {
		if n := one.letters()[number] + two.letters()[number]; n != 1 {
			t.Errorf("ticket %s got %d letters", number, n)
		}
	}
}

// deskOf is a desk whose tickets are acknowledged by letters, and whose engineers can be woken.
func deskOf(t testing.TB, s tickets.Store, node string) *tickets.Desk {
	t.Helper()
	numbers := tickets.NewNumbers(node, s, nil)
	if err := numbers.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = numbers.Close() })
	return &tickets.Desk{Store: s, Numbers: numbers, Node: node, Mail: true, Paging: true}
}

// abandon files tickets of callers who are gone.
func abandon(t testing.TB, desk *tickets.Desk, count int) (filed []tickets.Number) {
	t.Helper()
	for range count {
		ticket, err := desk.Open(t.Context(), abandoned())
		if err != nil {
			t.Fatal(err)
		}
		filed = append(filed, ticket.Number)
	}
	return filed
}

// awaitTold waits until the customer of each ticket was told, and checks that it is noted once.
func awaitTold(t *testing.T, s tickets.Store, filed []tickets.Number) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for _, number := range filed {
		ticket, err := s.Ticket(t.Context(), number)
		for err == nil && ticket.Acknowledged.IsZero() && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
			ticket, err = s.Ticket(t.Context(), number)
		}
		if err != nil || ticket.Acknowledged.IsZero() {
			t.Fatalf("ticket %s is not acknowledged: %+v, %v", number, ticket, err)
		}
		events, err := s.Events(t.Context(), number)
		if n := count(events, tickets.EventAcknowledged); err != nil || n != 1 {
			t.Errorf("ticket %s was acknowledged %d times, %v", number, n, err)
		}
	}
}

func count(events []tickets.Event, what string) (n int) {
	for _, e := range events {
		if e.What == what {
			n++
		}
	}
	return n
}

// childVariable makes of this test program a gateway that is to be killed.
const childVariable = "READBACK_TEST_JOBS_CHILD"

// A place is where a store is.
type place struct{ Path, URL string }

func (p place) open(ctx context.Context) (store, error) {
	if p.URL != "" {
		return postgres.Open(ctx, p.URL)
	}
	return sqlite.Open(ctx, p.Path)
}

// workForever works a store's jobs, tells of each letter and each engineer who is phoned, and lets the telephone ring.
func workForever(text string) error {
	var at place
	if err := json.Unmarshal([]byte(text), &at); err != nil {
		return err
	}
	s, err := at.open(context.Background())
	if err != nil {
		return err
	}
	r, err := newRunner(s, clerkOf(s, teller{}), jobs.Config{Node: "child", Poll: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	return r.Run(context.Background())
}

// teller is both the relay and the telephone.
type teller struct{}

func (teller) Mail(_ context.Context, l tickets.Letter) error {
	fmt.Println("letter", l.Ticket.Number)
	time.Sleep(20 * time.Millisecond) // of a relay, in which it may be killed
	return nil
}

func (teller) Acknowledge(context.Context, tickets.Ticket) (tickets.Acknowledgement, error) {
	return tickets.Acknowledgement{}, tickets.ErrNobody
}

func (teller) Page(ctx context.Context, _ tickets.Engineer, ticket tickets.Ticket) error {
	fmt.Println("page", ticket.Number)
	<-ctx.Done()
	return context.Cause(ctx)
}

// answered is a telephone that an engineer answers.
type answered struct {
	teller
	post
	pages chan tickets.Number
}

func (a *answered) Mail(ctx context.Context, l tickets.Letter) error { return a.post.Mail(ctx, l) }

func (a *answered) Page(_ context.Context, _ tickets.Engineer, ticket tickets.Ticket) error {
	a.pages <- ticket.Number
	return nil
}

type means interface {
	tickets.Mailer
	tickets.Phone
}

func clerkOf(s tickets.Store, by means) *tickets.Clerk {
	return &tickets.Clerk{
		Desk: &tickets.Desk{Store: s}, Mailer: by, Phone: by, Engineers: []tickets.Engineer{{Name: "Eve", Number: "+14155550111"}},
	}
}

// takenUp is the time within which the work of a killed gateway is taken up: a claim of 15 s and a sweep of 5 s, and what a busy
// machine needs.
const takenUp = 25 * time.Second

// TestAKilledGatewaysWorkGoesOn kills a gateway while it writes letters and an engineer's telephone rings: another gateway on its
// PostgreSQL, or the same one started again on its SQLite file, does what is left.
func TestAKilledGatewaysWorkGoesOn(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		testKilled(t, place{URL: pgtest.Database(t, migrate)}, true)
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "tickets.db")
		lite(t, path) // its tables
		testKilled(t, place{Path: path}, false)
	})
}

func testKilled(t *testing.T, at place, together bool) {
	const many, before = 200, 30
	s, err := at.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	desk := deskOf(t, s, "parent")
	urgent := abandoned()
	urgent.Priority = tickets.P1
	outage, err := desk.Open(t.Context(), urgent)
	if err != nil {
		t.Fatal(err)
	}
	child := startChild(t, at)
	if got := child.until("page"); got != outage.Number {
		t.Fatalf("the engineer was called about %s, want %s", got, outage.Number)
	}
	filed := append(abandon(t, desk, many), outage.Number)
	mine := &answered{pages: make(chan tickets.Number, 10)}
	work := func() { run(t, runner(t, s, clerkOf(s, mine), jobs.Config{})) }
	if together {
		work()
	}
	for range before {
		child.until("letter")
	}
	child.kill()
	killed := time.Now()
	if !together {
		work()
	}
	select {
	case number := <-mine.pages:
		t.Logf("the engineer was called again %.1f s after the gateway was killed", time.Since(killed).Seconds())
		if number != outage.Number {
			t.Errorf("an engineer is called about %s, want %s", number, outage.Number)
		}
	case <-time.After(takenUp):
		t.Errorf("no engineer was called in the %v after the gateway was killed", takenUp)
	}
	awaitTold(t, s, filed)
	if ticket, err := s.Ticket(t.Context(), outage.Number); err != nil || ticket.NeedsEngineer() {
		t.Errorf("nobody has accepted %+v, %v", ticket, err)
	}
	twice := 0
	for _, number := range filed {
		n := child.letters[number] + mine.letters()[number]
		if n > 1 {
			twice++ // it was killed between the letter and the note of it
		}
		if n < 1 || n > 2 {
			t.Errorf("ticket %s got %d letters", number, n)
		}
	}
	if most := jobs.DefaultQueues()[tickets.QueueMail].Workers; twice > most || len(mine.letters()) == 0 {
		t.Errorf("%d letters were written twice, want at most the %d that were being written; %d by the other gateway", twice, most, len(mine.letters()))
	}
}

// A child is a gateway in another process, and what it told.
type child struct {
	t       *testing.T
	cmd     *exec.Cmd
	lines   *bufio.Scanner
	letters map[tickets.Number]int
}

func startChild(t *testing.T, at place) *child {
	t.Helper()
	text, err := json.Marshal(at)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: cmd, lines: bufio.NewScanner(out), letters: map[tickets.Number]int{}}
	t.Cleanup(c.kill)
	return c
}

// until is the ticket of the next line of a kind.
func (c *child) until(kind string) tickets.Number {
	c.t.Helper()
	for c.lines.Scan() {
		if what, number := c.told(); what == kind {
			return number
		}
	}
	c.t.Fatalf("the other gateway ended: %v", errors.Join(c.lines.Err(), c.cmd.Wait()))
	return ""
}

func (c *child) told() (what string, number tickets.Number) {
	if n, _ := fmt.Sscan(c.lines.Text(), &what, &number); n == 2 && what == "letter" {
		c.letters[number]++
	}
	return what, number
}

// kill kills it, once, and hears what it had told before.
func (c *child) kill() {
	if c.cmd.ProcessState != nil {
		return
	}
	_ = c.cmd.Process.Kill()
	for c.lines.Scan() {
		c.told()
	}
	_ = c.cmd.Wait() // it was killed
}
