package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// readCommitted sets the isolation once a connection. The variable has different names in MySQL and MariaDB, the
// statement is the same; setting it per transaction would cost a round trip each.
type readCommitted struct{ driver.Connector }

// Connect opens a connection whose transactions are READ COMMITTED.
func (c readCommitted) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	ex, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(errors.New("mysql driver without ExecContext"), conn.Close())
	}
	if _, err := ex.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil); err != nil {
		return nil, errors.Join(fmt.Errorf("set isolation: %w", err), conn.Close())
	}
	return conn, nil
}
