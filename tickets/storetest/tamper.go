package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/tickets"
)

// Unseal makes a store what versions left that did not chain events, migrates it and wants the same events, chained.
func Unseal(t *testing.T, store tickets.Store, db Database, migrate func() error, plain string) {
	b := newBench(t, store)
	ticket := b.open(b.request())
	if _, err := b.Change(t.Context(), ticket.Number, tickets.Change{By: "bob", Note: "called back"}); err != nil {
		t.Fatal(err)
	}
	if err := b.HungUp(t.Context(), ticket.Number); err != nil { // which holds nothing personal
		t.Fatal(err)
	}
	before, err := store.Events(t.Context(), ticket.Number)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{plain, "delete from personal"} {
		if err := db.Exec(t, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrate(); err != nil {
		t.Fatal(err)
	}
	after, err := store.Events(t.Context(), ticket.Number)
	if diff := cmp.Diff(before, after); diff != "" || err != nil {
		t.Errorf("events changed (-before +after): %s, %v", diff, err)
	}
	if a := b.audit(t, ""); a.Events != len(before) {
		t.Errorf("audited %d events, want %d", a.Events, len(before))
	}
	if err := b.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback}); err != nil {
		t.Error(err)
	}
	b.audit(t, "")
}

// A Database is the way past a store, to its tables.
type Database interface {
	Exec(t *testing.T, statement string) error
	Texts(t *testing.T, query string) []string // of the only column
	Literal(column string) string              // an expression for a column's value as a literal
}

// Tamper changes and takes out whatever the proof is about, one at a time, and wants an audit to find each. Nothing may hinder the
// statements: triggers are off, and so are foreign keys. Of long values every so manieth character is changed.
func Tamper(t *testing.T, store tickets.Store, db Database, every int) {
	b := newBench(t, store)
	first := b.open(b.request())
	b.pass(time.Hour)
	second := b.open(b.request())
	if _, err := b.Change(t.Context(), first.Number, tickets.Change{By: "bob", Note: "called \"back\"", Priority: tickets.P1}); err != nil {
		t.Fatal(err)
	}
	signer := &tickets.Signer{Store: store, Key: signingKey(), Node: "node-a", Now: inDays(2)}
	if _, err := signer.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.audit(t, dayOf(1))
	m := tampering{t: t, b: b, db: db, every: every}
	m.save()
	for _, number := range []tickets.Number{first.Number, second.Number} {
		events := fmt.Sprintf("events where ticket = '%s'", number)
		for _, seq := range db.Texts(t, "select cast(seq as text) from "+events+" order by seq") {
			row := events + " and seq = " + seq
			for _, column := range []string{"seq", "at", "who", "what", "detail", "digests", "head", "kept_at"} {
				m.column(column, row)
			}
			m.do("delete from " + row)
		}
		texts := fmt.Sprintf("personal where ticket = '%s' and seq = 1", number)
		for _, name := range db.Texts(t, "select name from "+texts+" order by name") {
			row := fmt.Sprintf("%s and name = '%s'", texts, name)
			for _, column := range []string{"seq", "name", "salt", "text"} {
				m.column(column, row)
			}
			m.do("delete from " + row)
		}
		m.do(fmt.Sprintf("delete from tickets where number = '%s'", number))
		m.do("delete from " + events)
	}
	for day := range 2 {
		row := fmt.Sprintf("head_lists where day = '%s'", dayOf(day))
		m.column("day", row)
		m.column("list", row)
		m.do("delete from " + row)
	}
	m.do("delete from head_lists")
	m.do(fmt.Sprintf(`insert into events (ticket, seq, at, who, what, detail, digests, head, kept_at)
		select ticket, 99, at, who, what, detail, digests, head, kept_at from events where ticket = '%s' and seq = 1`, first.Number))
	b.audit(t, dayOf(1)) // all is as it was
	if m.found < 3000/every {
		t.Errorf("%d changes were tried, want thousands", m.found)
	}
}

type tampering struct {
	t     *testing.T
	b     *bench
	db    Database
	every int
	found int
}

// column changes characters of a value, one at a time, as it is written in SQL. What the database refuses is no change.
func (m *tampering) column(column, row string) {
	m.t.Helper()
	was := m.value(column, row)
	for i := 0; i < len(was); i += m.every {
		for flip := byte(1); flip <= 3; flip++ {
			other := was[i] ^ flip
			if other == '\'' || other == '\\' || other < ' ' || other > '~' || was[i] == '\'' || was[i] > '~' {
				continue
			}
			table, where, _ := strings.Cut(row, " where ")
			changed := was[:i] + string(rune(other)) + was[i+1:]
			statement := fmt.Sprintf("update %s set %s = %s where %s", table, column, changed, where)
			if m.db.Exec(m.t, statement) == nil {
				if m.value(column, row) != was { // the same in other clothes is no change
					m.expect(statement)
				}
				m.restore()
				break
			}
		}
	}
}

// value is a column as a literal; empty when the row went elsewhere.
func (m *tampering) value(column, row string) string {
	found := m.db.Texts(m.t, "select "+m.db.Literal(column)+" from "+row)
	return strings.Join(found, "")
}

// do changes something that the database lets pass.
func (m *tampering) do(statement string) {
	m.t.Helper()
	m.exec(statement)
	m.expect(statement)
	m.restore()
}

func (m *tampering) expect(statement string) {
	m.t.Helper()
	m.found++
	a := newAudit()
	a.Until = dayOf(1)
	if err := tickets.AuditStore(m.t.Context(), m.b.Store, a, nil); err != nil {
		m.t.Fatal(err)
	}
	if len(a.Faults) == 0 {
		m.t.Errorf("nobody finds: %s", statement)
	}
}

func (m *tampering) exec(statement string) {
	m.t.Helper()
	if err := m.db.Exec(m.t, statement); err != nil {
		m.t.Fatalf("%s: %v", statement, err)
	}
}

// proved are the tables that are tampered with.
var proved = []string{"events", "personal", "head_lists", "tickets"}

func (m *tampering) save() {
	for _, table := range proved {
		m.exec(fmt.Sprintf("create table saved_%s as select * from %s", table, table))
	}
}

func (m *tampering) restore() {
	for _, table := range proved {
		m.exec("delete from " + table)
		m.exec(fmt.Sprintf("insert into %s select * from saved_%s", table, table))
	}
}
