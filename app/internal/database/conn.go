package database

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// Conn returns what runs ctx's statements: its transaction or snapshot, else the read pool, which refuses writes.
func (db *DB) Conn(ctx context.Context) Querier {
	t := current(ctx)
	switch {
	case t == nil:
		return pool{db.read}
	case t.db != db:
		return refuser{ErrForeign, db.read}
	}
	return t
}

// ExecContext runs a statement that changes rows.
func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	if t.readOnly {
		return nil, ErrNoTransaction
	}
	res, err := t.tx.ExecContext(ctx, query, args...)
	t.see(err)
	return res, err
}

// QueryContext runs a statement that returns rows.
func (t *transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	rows, err := t.tx.QueryContext(ctx, query, args...)
	t.see(err)
	return rows, err
}

// QueryRowContext runs a statement that returns at most one row.
func (t *transaction) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := t.usable(); err != nil {
		return failedRow(ctx, t.db.read, err)
	}
	row := t.tx.QueryRowContext(ctx, query, args...)
	t.see(row.Err())
	return row
}

func (t *transaction) usable() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.doomed != nil {
		return t.doomed
	}
	if t.ended {
		return ErrEnded
	}
	return nil
}

// see dooms the transaction when the engine has ended it: the connection is in autocommit mode now.
func (t *transaction) see(err error) {
	if err != nil && endsTransaction(err) {
		t.doom(err)
	}
}

// pool reads outside a transaction.
type pool struct{ db *sql.DB }

func (p pool) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, ErrNoTransaction
}

func (p pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if !reads(query) {
		return nil, ErrNoTransaction
	}
	return p.db.QueryContext(ctx, query, args...)
}

func (p pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if !reads(query) {
		return failedRow(ctx, p.db, ErrNoTransaction)
	}
	return p.db.QueryRowContext(ctx, query, args...)
}

// refuser answers each statement with an error.
type refuser struct {
	err error
	db  *sql.DB
}

func (r refuser) ExecContext(context.Context, string, ...any) (sql.Result, error) { return nil, r.err }
func (r refuser) QueryContext(context.Context, string, ...any) (*sql.Rows, error) { return nil, r.err }
func (r refuser) QueryRowContext(ctx context.Context, _ string, _ ...any) *sql.Row {
	return failedRow(ctx, r.db, r.err)
}

// failedRow makes a *sql.Row that carries err: database/sql has no constructor, but hands on a context's cause as error
// when the context is done before the statement starts.
func failedRow(ctx context.Context, db *sql.DB, err error) *sql.Row {
	return db.QueryRowContext(failed{ctx, err}, "SELECT 1")
}

// failed is a context that has ended with err.
type failed struct {
	context.Context
	err error
}

func (f failed) Err() error { return f.err }

func (f failed) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// reads says whether a statement only reads. Locking reads outside a transaction lock nothing, and are refused too.
func reads(query string) bool {
	q := strings.ToUpper(strings.TrimLeft(query, " \t\r\n("))
	for _, verb := range []string{"SELECT", "WITH", "SHOW", "EXPLAIN", "PRAGMA", "VALUES"} {
		if strings.HasPrefix(q, verb) {
			return !strings.Contains(q, "FOR UPDATE") && !(verb == "WITH" && writes(q))
		}
	}
	return false
}

// writes says whether a statement that begins with table expressions goes on to change rows.
func writes(upper string) bool {
	return slices.ContainsFunc(strings.Fields(upper), func(word string) bool {
		word = strings.TrimLeft(word, ")")
		return word == "INSERT" || word == "UPDATE" || word == "DELETE" || word == "REPLACE"
	})
}
