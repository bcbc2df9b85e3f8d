package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"readback/tickets/storetest"
)

// manySQL makes up tickets of three months. Most were told, resolved and thus changed; of a hundred one was late and one never
// told, and agents were alarmed.
const manySQL = `
with recursive n (i) as (select 0 union all select i + 1 from n where i + 1 < ?1),
t (i, received, due, told) as (
    select i, 1767225600000000 + i * (7776000000000 / ?1), 1767225600000000 + i * (7776000000000 / ?1) + 14400000000, i % 100
    from n
)
insert into tickets (
    number, call_key, join_key, account, plan, contact, email, caller, callback, callback_verified, priority, kind, status, channel,
    called, trunk, language, received_at, due_at, acknowledged_at, acknowledged_by, verified, recording, changed_at
)
select
    printf('%08d', 10000000 + i), 'call-' || i, '', 'a' || (i % 500), case i % 2 when 0 then 'enterprise' else 'education' end, '', '', '', '', 0, 1 + i % 4,
    'problem', 'resolved', 'phone', '', '', 'en-US', received, due,
    case told when 0 then null when 1 then due + 60000000 else received + 90000000 + i % 60 * 1000000 end,
    case told when 0 then '' else 'readback' end, 1, '', case when i % 10 > 0 then due end
from t;
insert into events (ticket, seq, at, who, what, detail, head)
select number, 1, received_at, 'caller', 'received', '{"priority":"P2","node":"a"}', zeroblob(32) from tickets;
insert into events (ticket, seq, at, who, what, detail, head)
select number, 2, due_at - 3600000000, 'readback', 'alarmed', '{"reason":"unacknowledged","by":"log"}', zeroblob(32) from tickets
where acknowledged_at is null or acknowledged_at > due_at;
insert into events (ticket, seq, at, who, what, detail, head)
select number, 3, acknowledged_at, 'readback', 'acknowledged', '{"by":"readback","priority":"P' || priority || '","due":"2026-01-01T04:00:00.5Z"}', zeroblob(32) from tickets
where acknowledged_at is not null;
insert into events (ticket, seq, at, who, what, detail, head)
select number, 4, changed_at, 'dana', 'changed', '{"status":"resolved","from":"open"}', zeroblob(32) from tickets
where changed_at is not null;
`

func openMany(t testing.TB, many int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "tickets.db")
	open(t, path)
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(manySQL, many); err != nil {
		t.Fatal(err)
	}
	return path
}

func BenchmarkSLA(b *testing.B) {
	storetest.BenchmarkSLA(b, open(b, openMany(b, storetest.ManyTickets)), storetest.ManyTickets)
}

// TestReportsGoByAnIndex: a page of a report reads the tickets of its time, and sorts nothing.
func TestReportsGoByAnIndex(t *testing.T) {
	query, err := os.ReadFile("queries/promises.sql")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := raw(t, openMany(t, 500)).Query("explain query plan "+string(query), 0, "", 1, 1000)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(plan, "\n")
	if !strings.Contains(all, "SEARCH t USING INDEX tickets_received") || strings.Contains(all, "SCAN") || strings.Contains(all, "TEMP B-TREE") {
		t.Errorf("the plan is\n%s", all)
	}
}
