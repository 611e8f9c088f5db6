package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"iter"
	"math/bits"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

const (
	// maxPortion of rows that one statement writes or looks for.
	maxPortion = 256
	// maxPrepared statements of a connection; what comes after them runs as text.
	maxPrepared = 400
	// tooManyPrepared is the server's error when all connections together have prepared as many as it allows.
	tooManyPrepared = 1461
	// fewRows and their multiples are written by statements of their own length.
	fewRows = 16
)

type repeatedKey struct{}

// Repeated marks the statements that run with the context returned: their texts come again and again, so each connection
// of the MySQL protocol prepares them once, which spares the server their parsing, a third of a large insert. SQLite keeps
// every statement.
func Repeated(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatedKey{}, true)
}

func isRepeated(ctx context.Context) bool { return ctx.Value(repeatedKey{}) != nil }

// Portions cuts n rows into statements whose texts come again: multiples of 16 on the MySQL protocol, at most 256, and powers
// of two for the rest. SQLite gets 16 at most: preparing a text costs it more than running one more statement.
func (db *DB) Portions(n int) iter.Seq2[int, int] {
	most := maxPortion
	if db.engine == SQLite {
		most = fewRows
	}
	return func(yield func(from, to int) bool) {
		for from := 0; from < n; {
			size := min(most, n-from)
			if size >= fewRows {
				size -= size % fewRows
			} else {
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
func (db *DB) Pad(list []any) []any { return db.PadTuples(list, 1) }

// PadTuples is Pad for a list of tuples, each of width parameters.
func (db *DB) PadTuples(list []any, width int) []any {
	n := len(list) / width
	if n < 2 {
		return list
	}
	padded := slices.Grow(slices.Clone(list), maxPortion*width)
	for range 1<<bits.Len(uint(n-1)) - n {
		padded = append(padded, list[len(list)-width:]...)
	}
	return padded
}

// InsertRows inserts rows of equal length by statements whose texts come again. into is the table and its columns:
// "holds (id, org)". What is nothing, or the same small number, in all rows of a statement stands in its text: most columns
// of most rows are, and a parameter costs the server more than the storing of its value.
func (db *DB) InsertRows(ctx context.Context, into string, rows [][]any) error {
	ctx = Repeated(ctx)
	for from, to := range db.Portions(len(rows)) {
		tuple, open := sameForAll(rows[from:to])
		args := make([]any, 0, (to-from)*len(open))
		for _, r := range rows[from:to] {
			for _, column := range open {
				args = append(args, r[column])
			}
		}
		if _, err := db.Conn(ctx).ExecContext(ctx, "INSERT INTO "+into+" VALUES "+tuple+strings.Repeat(", "+tuple, to-from-1), args...); err != nil {
			return err
		}
	}
	return nil
}

// sameForAll is the tuple of a statement for these rows, and which columns are parameters in it. Fewer than fewRows have
// parameters only: their texts would be many.
func sameForAll(rows [][]any) (tuple string, open []int) {
	b := []byte{'('}
	for column := range rows[0] {
		if column > 0 {
			b = append(b, ", "...)
		}
		value := ""
		if len(rows) >= fewRows {
			value = literal(rows[0][column])
		}
		if value == "" || slices.ContainsFunc(rows, func(r []any) bool { return literal(r[column]) != value }) {
			value = "?"
			open = append(open, column)
		}
		b = append(b, value...)
	}
	return string(append(b, ')')), open
}

// literal is how a value stands in a statement's text, if it is one of the few that may.
func literal(value any) string {
	n := int64(-1)
	switch v := value.(type) {
	case nil:
		return "NULL"
	case string:
		if v == "" {
			return "''"
		}
	case int64:
		n = v
	case int:
		n = int64(v)
	case int8:
		n = int64(v)
	}
	if n >= 0 && n < 10 {
		return "0123456789"[n : n+1]
	}
	return ""
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
	if full, ok := errors.AsType[*mysql.MySQLError](err); ok && full.Number == tooManyPrepared {
		return nil, nil
	}
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
