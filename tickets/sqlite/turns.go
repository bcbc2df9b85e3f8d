package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"modernc.org/sqlite"
)

// turns are taken by the connections that write, one at a time and in the order of their asking, so that none of them finds the file
// locked and sleeps. SQLite's own lock still keeps writers apart: what takes no turn is slower, not wrong.
type turns chan struct{}

// open makes a pool of one connection. Whoever waits for a pool's connection waits only for its other users, and then for at most
// one turn of each other pool.
func (t turns) open(address string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(address)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(orderly{connector, t})
	pool.SetMaxOpenConns(1)
	return pool, nil
}

type orderly struct {
	driver.Connector
	turns turns
}

// Connect implements driver.Connector. A new connection takes no turn for its first use: it may be made before it is used.
func (o orderly) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := o.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &writing{connection: &fluent{conn.(connection), map[string]statement{}}, turns: o.turns}, nil
}

// A writing connection has its turn from when it is taken out of its pool until it is put back.
type writing struct {
	connection
	turns turns
	mine  bool
}

// ResetSession implements driver.SessionResetter. Who gives up waiting fails with what it does next.
func (w *writing) ResetSession(ctx context.Context) error {
	select {
	case w.turns <- struct{}{}:
		w.mine = true
	case <-ctx.Done():
	}
	return w.connection.ResetSession(ctx)
}

// IsValid implements driver.Validator.
func (w *writing) IsValid() bool {
	w.end()
	return w.connection.IsValid()
}

// Close implements driver.Conn.
func (w *writing) Close() error {
	w.end()
	return w.connection.Close()
}

func (w *writing) end() {
	if w.mine {
		w.mine = false
		<-w.turns
	}
}
