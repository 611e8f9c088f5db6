package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

const mysqlVersions = `CREATE TABLE IF NOT EXISTS schema_versions (
  source VARCHAR(32) NOT NULL, version VARCHAR(160) NOT NULL, checksum VARCHAR(64) NOT NULL,
  done BIGINT NOT NULL, total BIGINT NOT NULL, applied_us BIGINT NOT NULL,
  PRIMARY KEY (source, version)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`

// applyMySQL runs the statements one by one under a named lock of this database.
func applyMySQL(ctx context.Context, conn *sql.Conn, name string, files []file) (err error) {
	lock := "onepool_migrate_" + name
	var got sql.NullInt64
	// The database's own name is part of the lock: several centers may share a server.
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(LEFT(CONCAT(?, '_', DATABASE()), 64), ?)", lock, lockWait_s).Scan(&got); err != nil {
		return fmt.Errorf("migrate: lock: %w", err)
	}
	if got.Int64 != 1 {
		return fmt.Errorf("migrate: another process has been migrating for more than %d s", lockWait_s)
	}
	defer func() {
		_, rel := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(LEFT(CONCAT(?, '_', DATABASE()), 64))", lock)
		if rel != nil {
			err = errors.Join(err, fmt.Errorf("migrate: unlock: %w", rel))
		}
	}()
	if _, err := conn.ExecContext(ctx, mysqlVersions); err != nil {
		return fmt.Errorf("migrate: table of versions: %w", err)
	}
	have, err := applied(ctx, conn, files)
	if err != nil {
		return err
	}
	for _, f := range files {
		p, begun := have[key{f.source, f.version}]
		if begun && p.done == p.total {
			continue
		}
		if err := mysqlFile(ctx, conn, f, p.done, begun); err != nil {
			return err
		}
	}
	return nil
}

// mysqlFile runs a file's statements from the one after the last that is recorded as done. That one may have happened
// just before a crash, so it alone may find its work done.
func mysqlFile(ctx context.Context, conn *sql.Conn, f file, done int, resumed bool) error {
	if !resumed {
		if err := record(ctx, conn, f, 0, true); err != nil {
			return err
		}
	}
	for i := done; i < len(f.statements); i++ {
		if err := mysqlStatement(ctx, conn, f, i, resumed && i == done); err != nil {
			return fmt.Errorf("migrate %s %s: statement %d: %w", f.source, f.version, i+1, err)
		}
	}
	if len(f.statements) == 0 {
		return record(ctx, conn, f, 0, false)
	}
	return nil
}

// mysqlStatement runs one statement and records it. Rows are changed in the transaction of their record; a DDL
// statement commits by itself before it.
func mysqlStatement(ctx context.Context, conn *sql.Conn, f file, i int, mayBeDone bool) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if _, err := tx.ExecContext(ctx, f.statements[i]); err != nil && !(mayBeDone && isDone(err)) {
		return err
	}
	if err := record(ctx, tx, f, i+1, false); err != nil {
		return err
	}
	return tx.Commit()
}

// isDone says whether the error means that a DDL statement's work is there already.
func isDone(err error) bool {
	me, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return false
	}
	switch me.Number {
	case 1050, // table exists
		1051, // unknown table, on drop
		1060, // duplicate column
		1061, // duplicate key name
		1091: // cannot drop: does not exist
		return true
	}
	return false
}
