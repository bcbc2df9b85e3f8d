package spool_test

import (
	"bufio"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"readback/ivr"
	"readback/tickets"
	"readback/tickets/jobs"
	"readback/tickets/postgres"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/spool"
	"readback/tickets/sqlite"
)

// gatewayVariable makes of this test program a gateway that is to be killed.
const gatewayVariable = "READBACK_FAULTS_GATEWAY"

// gatewaySettings are what such a gateway is told.
type gatewaySettings struct {
	Node, Dir, URL string
	Calls          int // at once
}

func TestMain(m *testing.M) {
	if text := os.Getenv(gatewayVariable); text != "" {
		var settings gatewaySettings
		err := json.Unmarshal([]byte(text), &settings)
		if err == nil {
			err = runGateway(settings)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "gateway:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(pgtest.Main(m))
}

const faultsPIN = "246810"

var faultsCost = tickets.Cost{Memory: 8, Passes: 1}

// runGateway takes calls until its input ends.
func runGateway(settings gatewaySettings) (err error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	database, err := postgres.Open(ctx, settings.URL)
	if err != nil {
		return err
	}
	local, err := sqlite.Open(ctx, filepath.Join(settings.Dir, "spool.db"))
	if err != nil {
		return err
	}
	store, err := spool.Open(ctx, database, local, spool.Options{Log: log})
	if err != nil {
		return err
	}
	numbers := tickets.NewNumbers(settings.Node, store, tickets.FileShelf(filepath.Join(settings.Dir, "numbers.json")))
	numbers.LeaseAtOnce(4000)
	if err := numbers.Prepare(ctx); err != nil {
		return err
	}
	policy := tickets.DefaultPolicy()
	policy.Ladder = tickets.Ladder{After: 3 * time.Second, AtLeast: time.Second}
	policy.JoinWithin = 200 * time.Millisecond
	desk := &tickets.Desk{Store: store, Policy: policy, Pepper: []byte("pepper for tests"), Cost: faultsCost, Node: settings.Node, Numbers: numbers, Mail: true, Log: log}
	clerk := &tickets.Clerk{Desk: desk, Mailer: relay{faulty: settings.Calls > 0}, Log: log}
	config := jobs.Config{Node: settings.Node, Poll: 200 * time.Millisecond, Sweep: 2 * time.Second, Grace: time.Second, Log: log}
	far, err := jobs.New(database.River(), database, clerk, config)
	if err != nil {
		return err
	}
	near, err := jobs.New(local.River(), local, clerk, config)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	group.Go(func() { store.Run(ctx) })
	for _, runner := range []*jobs.Runner{far, near} {
		group.Go(func() { _ = runner.Run(ctx) })
	}
	g := &faultsGateway{desk: desk, script: &ivr.Script{Desk: desk, Numbering: anyNumbering{}, Patience: ivr.Patience{
		Menu: 50 * time.Millisecond, First: 50 * time.Millisecond, Between: 20 * time.Millisecond, Account: 20 * time.Millisecond, Notice: 20 * time.Millisecond,
	}}}
	g.say("ready", "-", "-")
	for range settings.Calls {
		group.Go(func() { g.takeCalls(ctx) })
	}
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // it ends with the parent
	stop()
	group.Wait()
	return errors.Join(numbers.Close(), store.Close())
}

// A relay takes letters most of the time, and always once the faults are over: one that goes on failing is waited for ever longer.
type relay struct{ faulty bool }

func (r relay) Mail(context.Context, tickets.Letter) error {
	if r.faulty && rand.IntN(10) == 0 {
		return errors.New("try again later")
	}
	return nil
}

type faultsGateway struct {
	desk   *tickets.Desk
	script *ivr.Script
	mu     sync.Mutex
}

// say tells the parent, before anything else happens.
func (g *faultsGateway) say(what, call, number string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	fmt.Fprintln(os.Stdout, what, call, number)
}

func (g *faultsGateway) takeCalls(ctx context.Context) {
	for ctx.Err() == nil {
		g.takeCall(ctx)
	}
}

// takeCall is one conversation: most callers are known by their number, some have to prove who they are, some cannot.
func (g *faultsGateway) takeCall(ctx context.Context) {
	ctx, hangUp := context.WithCancelCause(context.WithoutCancel(ctx))
	defer hangUp(nil)
	key := crand.Text()
	account := rand.IntN(faultsAccounts)
	l := &line{call: key, hangUp: hangUp, say: g.say, keys: fmt.Sprintf("%d#%s#", 1000+account, faultsPIN)}
	caller := tickets.Caller{Number: faultsPhone(account), Vouched: true, Trunk: "carrier", CallKey: key, Attestation: "A"}
	switch rand.IntN(10) {
	case 0:
		caller.Number, caller.Vouched = "", false
	case 1:
		caller.Vouched = false
		l.keys = fmt.Sprintf("%d#%s#%[1]d#%[2]s#%[1]d#%[2]s#", 1000+account, "000000")
	}
	if rand.IntN(3) == 0 {
		l.hangAt = 1 + rand.IntN(40)
	}
	g.say("call", key, "-")
	_, _ = g.script.Run(ctx, l, ivr.Call{
		Key: key, Caller: caller, Called: "+18887999666", Number: ivr.Number{Locale: "en-US", Region: "US"}, Received: time.Now(),
	})
	g.say("over", key, "-")
}

const faultsAccounts = 300

func faultsPhone(account int) string { return fmt.Sprintf("+1415555%04d", account) }
