package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// readCommitted sets the isolation once a connection. The variable has different names in MySQL and MariaDB, the
// statement is the same; setting it per transaction would cost a round trip each.
type readCommitted struct{ driver.Connector }

// Connect opens a connection whose transactions are READ COMMITTED, and which does nothing more in a transaction that the
// engine has rolled back.
func (c readCommitted) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(fullConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("mysql driver: %T lacks an interface", conn), conn.Close())
	}
	if _, err := full.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil); err != nil {
		return nil, errors.Join(fmt.Errorf("set isolation: %w", err), conn.Close())
	}
	return &watchedConn{fullConn: full}, nil
}

// fullConn and fullRows are what the driver offers and database/sql uses: all of it is handed on.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type fullRows interface {
	driver.RowsNextResultSet
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// watchedConn sees each error of a transaction, also those that come with the rows of a locking read, long after the
// statement seemed to have succeeded. When one of them means that the engine has rolled back, the connection is in
// autocommit mode: until the transaction's end every statement, and its commit, answer that error.
type watchedConn struct {
	fullConn
	inTx     bool
	ended    error
	prepared map[string]preparedStmt
}

func (c *watchedConn) see(err error) {
	if c.inTx && c.ended == nil && err != nil && endsTransaction(err) {
		c.ended = err
	}
}

// BeginTx starts to watch.
func (c *watchedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.fullConn.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	c.inTx, c.ended = true, nil
	return watchedTx{tx, c}, nil
}

// ExecContext runs a statement.
func (c *watchedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.ended != nil {
		return nil, c.ended
	}
	res, err := c.exec(ctx, query, args)
	c.see(err)
	return res, err
}

// QueryContext runs a statement that returns rows.
func (c *watchedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.ended != nil {
		return nil, c.ended
	}
	rows, err := c.query(ctx, query, args)
	c.see(err)
	if full, ok := rows.(fullRows); ok && err == nil && c.inTx {
		return watchedRows{full, c}, nil
	}
	return rows, err
}

// PrepareContext prepares what the driver cannot interpolate.
func (c *watchedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.ended != nil {
		return nil, c.ended
	}
	return c.fullConn.PrepareContext(ctx, query)
}

type watchedRows struct {
	fullRows
	conn *watchedConn
}

func (r watchedRows) Next(dest []driver.Value) error {
	err := r.fullRows.Next(dest)
	if err != nil && !errors.Is(err, io.EOF) {
		r.conn.see(err)
	}
	return err
}

func (r watchedRows) Close() error {
	err := r.fullRows.Close() // reads what nobody has asked for, and may meet the error there
	r.conn.see(err)
	return err
}

type watchedTx struct {
	driver.Tx
	conn *watchedConn
}

func (t watchedTx) Commit() error {
	ended := t.conn.over()
	if ended == nil {
		return t.Tx.Commit()
	}
	if err := t.Tx.Rollback(); err != nil {
		return errors.Join(ended, err)
	}
	return ended
}

func (t watchedTx) Rollback() error {
	t.conn.over()
	return t.Tx.Rollback()
}

// over ends the watch and returns what has ended the transaction before.
func (c *watchedConn) over() (ended error) {
	ended = c.ended
	c.inTx, c.ended = false, nil
	return ended
}
