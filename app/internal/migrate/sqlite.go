package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const sqliteVersions = `CREATE TABLE IF NOT EXISTS schema_versions (
  source TEXT NOT NULL, version TEXT NOT NULL, checksum TEXT NOT NULL,
  done INTEGER NOT NULL, total INTEGER NOT NULL, applied_us INTEGER NOT NULL,
  PRIMARY KEY (source, version)) WITHOUT ROWID`

// applySQLite runs each file in a transaction of its own. The versions are read again inside it: another process may
// have been faster.
func applySQLite(ctx context.Context, conn *sql.Conn, files []file) (err error) {
	// The pragma has no effect inside a transaction, so it comes before BEGIN; the connection goes back to its pool.
	if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = OFF"); err != nil {
		return fmt.Errorf("migrate: foreign keys off: %w", err)
	}
	defer func() {
		if _, on := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA foreign_keys = ON"); on != nil {
			err = errors.Join(err, fmt.Errorf("migrate: foreign keys on: %w", on))
		}
	}()
	if _, err := conn.ExecContext(ctx, sqliteVersions); err != nil {
		return fmt.Errorf("migrate: table of versions: %w", err)
	}
	if _, err := applied(ctx, conn, files); err != nil {
		return err
	}
	for _, f := range files {
		if err := sqliteFile(ctx, conn, f, files); err != nil {
			return err
		}
	}
	return nil
}

func sqliteFile(ctx context.Context, conn *sql.Conn, f file, all []file) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("migrate %s %s: begin: %w", f.source, f.version, err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	have, err := applied(ctx, tx, all)
	if err != nil {
		return err
	}
	if _, ok := have[key{f.source, f.version}]; ok {
		return nil
	}
	for i, stmt := range f.statements {
		if _, err := tx.ExecContext(ctx, stmt); err != nil {
			return fmt.Errorf("migrate %s %s: statement %d: %w", f.source, f.version, i+1, err)
		}
	}
	if err := foreignKeyCheck(ctx, tx); err != nil {
		return fmt.Errorf("migrate %s %s: %w", f.source, f.version, err)
	}
	if err := record(ctx, tx, f, len(f.statements), true); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("migrate %s %s: commit: %w", f.source, f.version, err)
	}
	return nil
}

func foreignKeyCheck(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return fmt.Errorf("foreign_key_check: %w", err)
	}
	defer rows.Close()
	if rows.Next() {
		var table, parent string
		var rowid sql.NullInt64
		var fk int
		if err := rows.Scan(&table, &rowid, &parent, &fk); err != nil {
			return fmt.Errorf("foreign_key_check: %w", err)
		}
		return fmt.Errorf("%w: a row of %s has no %s", ErrForeignKeys, table, parent)
	}
	return rows.Err()
}
