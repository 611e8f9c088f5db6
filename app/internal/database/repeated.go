package database

import (
	"context"
	"database/sql/driver"
	"iter"
	"math/bits"
	"slices"
)

const (
	// maxPortion of rows that one statement writes or looks for.
	maxPortion = 256
	// maxPrepared statements of a connection; what comes after them runs as text.
	maxPrepared = 300
)

type repeatedKey struct{}

// Repeated marks the statements that run with the context returned: their texts come again and again, so each connection
// of the MySQL protocol prepares them once, which spares the server their parsing, a third of a large insert. SQLite takes
// no notice.
func Repeated(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatedKey{}, true)
}

func isRepeated(ctx context.Context) bool { return ctx.Value(repeatedKey{}) != nil }

// Portions cuts n rows into statements whose texts come again: powers of two on the MySQL protocol, at most 256 each.
// SQLite gets as few as can be.
func (db *DB) Portions(n int) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for from := 0; from < n; {
			size := min(maxPortion, n-from)
			if db.engine == MySQL {
				size = 1 << (bits.Len(uint(size)) - 1)
			}
			if !yield(from, from+size) {
				return
			}
			from += size
		}
	}
}

// Pad makes a list of at most 256 parameters longer, by its last one, so that the text of the statement comes again.
func (db *DB) Pad(list []any) []any {
	if db.engine != MySQL || len(list) < 2 {
		return list
	}
	padded := slices.Grow(slices.Clone(list), maxPortion)
	for range 1<<bits.Len(uint(len(list)-1)) - len(list) {
		padded = append(padded, list[len(list)-1])
	}
	return padded
}

// InsertRows inserts rows of equal length by statements whose texts come again. into is the table and its columns:
// "holds (id, org)".
func (db *DB) InsertRows(ctx context.Context, into string, rows [][]any) error {
	ctx = Repeated(ctx)
	for from, to := range db.Portions(len(rows)) {
		args := make([]any, 0, (to-from)*len(rows[0]))
		for _, r := range rows[from:to] {
			args = append(args, r...)
		}
		if _, err := db.Conn(ctx).ExecContext(ctx, "INSERT INTO "+into+" VALUES "+Tuples(to-from, len(rows[0])), args...); err != nil {
			return err
		}
	}
	return nil
}

// Tuples is the parameters of n rows: "(?, ?), (?, ?)".
func Tuples(n, width int) string {
	b := make([]byte, 0, n*(3*width+2))
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, '(')
		for j := range width {
			if j > 0 {
				b = append(b, ", "...)
			}
			b = append(b, '?')
		}
		b = append(b, ')')
	}
	return string(b)
}

// prepare returns the connection's statement, or nil when it is to run as text.
func (c *watchedConn) prepare(ctx context.Context, query string) (preparedStmt, error) {
	if !isRepeated(ctx) {
		return nil, nil
	}
	if stmt := c.prepared[query]; stmt != nil || len(c.prepared) >= maxPrepared {
		return stmt, nil
	}
	made, err := c.fullConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	stmt, ok := made.(preparedStmt)
	if !ok {
		return nil, made.Close()
	}
	if c.prepared == nil {
		c.prepared = map[string]preparedStmt{}
	}
	c.prepared[query] = stmt
	return stmt, nil
}

// preparedStmt is what the driver offers.
type preparedStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// exec runs a statement, prepared if its text comes again.
func (c *watchedConn) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	stmt, err := c.prepare(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case stmt != nil:
		return stmt.ExecContext(ctx, args)
	}
	return c.fullConn.ExecContext(ctx, query, args)
}

// query runs a statement that returns rows, prepared if its text comes again.
func (c *watchedConn) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	stmt, err := c.prepare(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case stmt != nil:
		return stmt.QueryContext(ctx, args)
	}
	return c.fullConn.QueryContext(ctx, query, args)
}
