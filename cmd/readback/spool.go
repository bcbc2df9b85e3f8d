package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"readback/config"
	"readback/tickets"
	"readback/tickets/postgres"
	"readback/tickets/spool"
	"readback/tickets/sqlite"
)

// A spooled store is PostgreSQL with the gateway's own spool in front. Each of the two has jobs of its own.
type spooled struct {
	*spool.Store
	database *postgres.Store
	local    *sqlite.Store
}

func (s *spooled) Pending(ctx context.Context) (int, error) { return s.database.Pending(ctx) }

func spoolPath(c *config.Config) string { return filepath.Join(c.Data, "spool.db") }

// openSpooled opens PostgreSQL with the spool in front. The database may be away.
func openSpooled(ctx context.Context, c *config.Config, log *slog.Logger) (store, error) {
	database, err := postgres.Open(ctx, c.Store.URL.Reveal())
	if err != nil {
		return nil, err
	}
	local, err := sqlite.Open(ctx, spoolPath(c))
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	front, err := spool.Open(ctx, database, local, spool.Options{Log: log})
	if err != nil {
		return nil, errors.Join(err, database.Close(), local.Close())
	}
	return &spooled{front, database, local}, nil
}

// hasSpool reports whether a gateway on this data directory keeps tickets for a database.
func hasSpool(c *config.Config) bool {
	_, err := os.Stat(spoolPath(c))
	return c.Store.URL.Reveal() != "" && err == nil
}

// openForGateway opens the store that a gateway works on, tables up to date, or to be so as soon as the database is there.
func openForGateway(ctx context.Context, c *config.Config, log *slog.Logger) (store, error) {
	if c.Store.URL.Reveal() == "" {
		return openMigrated(ctx, c)
	}
	return openSpooled(ctx, c, log)
}

// spoolStats are what the spool in front of the store holds; ok is false without one.
func (s *server) spoolStats() (stats spool.Stats, ok bool) {
	front, ok := s.store.(*spooled)
	if !ok {
		return spool.Stats{}, false
	}
	return front.Stats(), true
}

// stateText adds to a word what there is to say of the database and of recordings.
func (s *server) stateText(word string) string {
	return s.databaseText(word) + s.recordingsText()
}

func (s *server) databaseText(word string) string {
	stats, ok := s.spoolStats()
	switch {
	case ok && !stats.Away.IsZero():
		return fmt.Sprintf("%s; the database is away since %s, tickets are kept in the spool: %d", word, stamp(stats.Away), stats.Tickets)
	case stats.Tickets > 0:
		return fmt.Sprintf("%s; tickets in the spool: %d", word, stats.Tickets)
	}
	return word
}

// spoolMetrics tells what the spool holds, whenever the metrics are read.
type spoolMetrics struct {
	stats func() (spool.Stats, bool)

	tickets, oldest, misfits, calls, away, accounts *prometheus.Desc
}

func newSpoolMetrics(stats func() (spool.Stats, bool)) *spoolMetrics {
	describe := func(name, help string) *prometheus.Desc { return prometheus.NewDesc("readback_"+name, help, nil, nil) }
	return &spoolMetrics{
		stats:    stats,
		tickets:  describe("spool_tickets", "Tickets in the spool: they are not in the database yet."),
		oldest:   describe("spool_oldest_seconds", "Age of the oldest ticket in the spool; 0 without any."),
		misfits:  describe("spool_misfits", "Tickets in the spool that the database will not take; somebody has to look at them."),
		calls:    describe("spool_calls", "Call records in the spool."),
		away:     describe("spool_database_away_seconds", "For how long the database is away; 0 while it is there."),
		accounts: describe("spool_accounts_age_seconds", "Age of the copy of the accounts that is used while the database is away; -1 without one."),
	}
}

// Describe implements prometheus.Collector.
func (m *spoolMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.tickets, m.oldest, m.misfits, m.calls, m.away, m.accounts} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *spoolMetrics) Collect(ch chan<- prometheus.Metric) {
	stats, ok := m.stats()
	if !ok {
		return
	}
	gauge := func(d *prometheus.Desc, value float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
	since := func(t time.Time, none float64) float64 {
		if t.IsZero() {
			return none
		}
		return time.Since(t).Seconds()
	}
	gauge(m.tickets, float64(stats.Tickets))
	gauge(m.oldest, since(stats.Oldest, 0))
	gauge(m.misfits, float64(stats.Misfits))
	gauge(m.calls, float64(stats.Calls))
	gauge(m.away, since(stats.Away, 0))
	gauge(m.accounts, since(stats.Accounts, -1))
}

type ticketsSpoolCommand struct {
	configFlag
	JSON bool `help:"Print JSON."`
}

// spoolReport is what the spool holds.
type spoolReport struct {
	Running bool             `json:"gateway_running"`
	Stats   spool.Stats      `json:"spool"`
	Tickets []tickets.Ticket `json:"tickets"`
}

// Run reads the spool's file, and asks the gateway how it sees the database, if it runs.
func (t *ticketsSpoolCommand) Run(ctx context.Context, console *console) error {
	c, err := t.load()
	if err != nil {
		return err
	}
	if c.Store.URL.Reveal() == "" {
		return errors.New("there is no spool: tickets are in SQLite, in the data directory (store.url is empty)")
	}
	if _, err := os.Stat(spoolPath(c)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no spool at %s: no gateway has run on this data directory", spoolPath(c))
	}
	report, err := readSpool(ctx, c)
	if err != nil {
		return err
	}
	if t.JSON {
		return printJSON(console.out, report)
	}
	return report.print(console, time.Now())
}

func readSpool(ctx context.Context, c *config.Config) (report spoolReport, err error) {
	local, err := sqlite.Open(ctx, spoolPath(c))
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	if report.Stats, err = spool.Read(ctx, local); err != nil {
		return report, err
	}
	if report.Tickets, err = allTickets(ctx, local, "", 0); err != nil {
		return report, err
	}
	page, err := newControlClient(c).gateway(ctx)
	if errors.Is(err, errNotRunning) {
		return report, nil
	}
	if err != nil {
		return report, err
	}
	report.Running = true
	if page.Spool != nil {
		report.Stats = *page.Spool
	}
	return report, nil
}

func (r spoolReport) print(console *console, now time.Time) error {
	database := "not asked: the gateway is not running"
	switch {
	case r.Running && !r.Stats.Away.IsZero():
		database = fmt.Sprintf("away since %s: %s", stamp(r.Stats.Away), r.Stats.Because)
	case r.Running:
		database = "there"
	}
	accounts := "no copy"
	if !r.Stats.Accounts.IsZero() {
		accounts = fmt.Sprintf("copy of %s, %s old", stamp(r.Stats.Accounts), now.Sub(r.Stats.Accounts).Round(time.Second))
	}
	waiting := fmt.Sprint(r.Stats.Tickets)
	if !r.Stats.Oldest.IsZero() {
		waiting += fmt.Sprintf(", the oldest for %s", now.Sub(r.Stats.Oldest).Round(time.Second))
	}
	if r.Stats.Misfits > 0 {
		waiting += fmt.Sprintf("; %d that the database will not take, see the gateway's log", r.Stats.Misfits)
	}
	table := tabwriter.NewWriter(console.out, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"database", database}, {"tickets", waiting}, {"call records", fmt.Sprint(r.Stats.Calls)}, {"accounts", accounts},
	} {
		fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
	}
	if err := table.Flush(); err != nil || len(r.Tickets) == 0 {
		return err
	}
	fmt.Fprintln(console.out)
	return printTickets(console.out, r.Tickets, now)
}
