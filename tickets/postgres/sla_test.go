package postgres_test

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"readback/tickets/postgres"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/storetest"
)

// manySQL makes up tickets of three months. Most were told, resolved and thus changed; of a hundred one was late and one never
// told, and agents were alarmed.
var manySQL = []string{
	`with t as (
    select i, timestamptz '2026-01-01Z' + i * (interval '90 days' / $1::int) received from generate_series(0, $1::int - 1) i
)
insert into tickets (
    number, call_key, join_key, account, plan, contact, email, caller, callback, callback_verified, priority, kind, status, channel,
    called, trunk, language, received_at, due_at, acknowledged_at, acknowledged_by, verified, recording, changed_at
)
select
    (10000000 + i)::text, 'call-' || i, '', 'a' || (i % 500), (array['enterprise', 'education'])[1 + i % 2], '', '', '', '', false, 1 + i % 4,
    'problem', 'resolved', 'phone', '', '', 'en-US', received, received + interval '4 hours',
    case i % 100 when 0 then null when 1 then received + interval '4 hours 1 minute' else received + interval '90 seconds' + i % 60 * interval '1 second' end,
    case i % 100 when 0 then '' else 'readback' end, true, '', case when i % 10 > 0 then received + interval '4 hours' end
from t`,
	`insert into events (ticket, seq, at, who, what, detail)
select number, 1, received_at, 'caller', 'received', '{"priority":"P2","node":"a"}'::jsonb from tickets
union all
select number, 2, due_at - interval '1 hour', 'readback', 'alarmed', '{"reason":"unacknowledged","by":"log"}' from tickets
where acknowledged_at is null or acknowledged_at > due_at
union all
select number, 3, acknowledged_at, 'readback', 'acknowledged', jsonb_build_object('by', 'readback', 'priority', 'P' || priority, 'due', '2026-01-01T04:00:00.5Z') from tickets
where acknowledged_at is not null
union all
select number, 4, changed_at, 'dana', 'changed', '{"status":"resolved","from":"open"}' from tickets
where changed_at is not null
order by 1, 2`,
}

func putMany(t testing.TB, address string, many int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), manySQL[0], many); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{manySQL[1], "analyze tickets", "analyze events"} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkSLA(b *testing.B) {
	address := pgtest.Database(b, migrate)
	putMany(b, address, storetest.ManyTickets)
	store, err := postgres.Open(b.Context(), address)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	storetest.BenchmarkSLA(b, store, storetest.ManyTickets)
}

// TestReportsGoByAnIndex: a page of a report reads the tickets of its time, and sorts nothing.
func TestReportsGoByAnIndex(t *testing.T) {
	address := pgtest.Database(t, migrate)
	putMany(t, address, 20_000)
	query, err := os.ReadFile("queries/promises.sql")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.NewReplacer("$1", "timestamptz '2026-02-01Z'", "$2", "''", "$3", "timestamptz '2026-03-01Z'", "$4", "1000").Replace(string(query))
	rows, err := connect(t, address).Query(t.Context(), "explain "+page)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(plan, "\n")
	if !strings.Contains(all, "Index Scan using tickets_received on tickets t") || strings.Contains(all, "Seq Scan") {
		t.Errorf("the plan is\n%s", all)
	}
}
