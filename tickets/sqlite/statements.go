package sqlite

import (
	"context"
	"database/sql/driver"
	"strings"
)

// mostStatements bounds what a connection keeps: River makes some queries up as it goes.
const mostStatements = 200

// connection is what the driver's connections can do.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// statement is what the driver's statements can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// A fluent connection keeps the statements it has understood: to parse them took half as long as to run them. Each is used once at a
// time.
type fluent struct {
	connection
	kept map[string]statement
}

// ExecContext implements driver.ExecerContext.
func (f *fluent) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	query, prepared, err := f.take(ctx, query)
	if err != nil {
		return nil, err
	}
	defer f.put(query, prepared)
	return prepared.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (f *fluent) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	query, prepared, err := f.take(ctx, query)
	if err != nil {
		return nil, err
	}
	found, err := prepared.QueryContext(ctx, args)
	if err != nil {
		f.put(query, prepared)
		return nil, err
	}
	return &rows{found, func() { f.put(query, prepared) }}, nil
}

// take is a statement that nobody uses. What follows the last semicolon would have the driver parse it again at each use.
func (f *fluent) take(ctx context.Context, query string) (string, statement, error) {
	query = strings.TrimRight(query, "; \n")
	if prepared, ok := f.kept[query]; ok {
		delete(f.kept, query)
		return query, prepared, nil
	}
	prepared, err := f.PrepareContext(ctx, query)
	if err != nil {
		return query, nil, err
	}
	return query, prepared.(statement), nil
}

func (f *fluent) put(query string, prepared statement) {
	if _, twice := f.kept[query]; twice || len(f.kept) == mostStatements {
		_ = prepared.Close() // it has said before what failed
		return
	}
	f.kept[query] = prepared
}

// Close implements driver.Conn.
func (f *fluent) Close() error {
	for _, prepared := range f.kept {
		_ = prepared.Close()
	}
	return f.connection.Close()
}

// rows give their statement back.
type rows struct {
	driver.Rows
	back func()
}

// Close implements driver.Rows.
func (r *rows) Close() error {
	err := r.Rows.Close()
	r.back()
	return err
}
