package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
)

const (
	// maxKept statements are prepared on one connection; each holds some kilobytes.
	maxKept = 400
	// longestKept is the longest text that is kept: what is longer has a list in it and hardly comes again.
	longestKept = 3000
)

// keeping opens connections that keep their statements: preparing one costs SQLite more than running it.
type keeping struct{ driver.Connector }

func keepingConnector(dsn string) (driver.Connector, error) {
	c, err := sqlite.NewConnector(dsn)
	return keeping{c}, err
}

// Connect opens a connection.
func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(sqliteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("sqlite driver: %T lacks an interface", conn), conn.Close())
	}
	return &keepingConn{sqliteConn: full, kept: map[string]*keptStmt{}}, nil
}

// sqliteConn, sqliteStmt and sqliteRows are what the driver offers and database/sql uses: all of it is handed on.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type sqliteRows interface {
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// keepingConn runs statements that it has prepared before. A statement whose rows are still read is not run a second time:
// the same text is prepared once more for that.
type keepingConn struct {
	sqliteConn
	kept map[string]*keptStmt
}

type keptStmt struct {
	sqliteStmt
	read bool // its rows are not closed yet
}

// ExecContext runs a statement.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	stmt, err := c.statement(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case stmt != nil:
		return stmt.ExecContext(ctx, args)
	}
	return c.sqliteConn.ExecContext(ctx, query, args)
}

// QueryContext runs a statement that returns rows.
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	stmt, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	rows, err := stmt.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	full, ok := rows.(sqliteRows)
	if !ok {
		return nil, errors.Join(fmt.Errorf("sqlite driver: %T lacks an interface", rows), rows.Close())
	}
	stmt.read = true
	return keptRows{full, stmt}, nil
}

// statement is the kept one of this text, prepared now if it is new; nil when the text is not kept, or is being read.
func (c *keepingConn) statement(ctx context.Context, query string) (*keptStmt, error) {
	if len(query) > longestKept {
		return nil, nil
	}
	if stmt := c.kept[query]; stmt != nil {
		if stmt.read {
			return nil, nil
		}
		return stmt, nil
	}
	if err := c.makeRoom(); err != nil {
		return nil, err
	}
	made, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	full, ok := made.(sqliteStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("sqlite driver: %T lacks an interface", made), made.Close())
	}
	c.kept[query] = &keptStmt{sqliteStmt: full}
	return c.kept[query], nil
}

// makeRoom closes any statement that is not being read, when there are as many as may be kept.
func (c *keepingConn) makeRoom() error {
	if len(c.kept) < maxKept {
		return nil
	}
	for query, stmt := range c.kept {
		if !stmt.read {
			delete(c.kept, query)
			return stmt.Close()
		}
	}
	return nil
}

// Close closes the statements first.
func (c *keepingConn) Close() error {
	var err error
	for _, stmt := range c.kept {
		err = errors.Join(err, stmt.Close())
	}
	clear(c.kept)
	return errors.Join(err, c.sqliteConn.Close())
}

type keptRows struct {
	sqliteRows
	stmt *keptStmt
}

// Close lets the statement run again.
func (r keptRows) Close() error {
	err := r.sqliteRows.Close()
	r.stmt.read = false
	return err
}
