package database

import (
	"context"
	"database/sql"
	"fmt"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// EntDriver returns the driver of the one ent client of a center. Each statement goes to the context's transaction; a
// read without one goes to the read pool; a write without one is refused. ent's own transactions join the context's.
func (db *DB) EntDriver() dialect.Driver { return entDriver{db} }

type entDriver struct{ db *DB }

// Dialect returns ent's name of the engine.
func (d entDriver) Dialect() string {
	if d.db.engine == MySQL {
		return dialect.MySQL
	}
	return dialect.SQLite
}

// Exec runs a statement that changes rows.
func (d entDriver) Exec(ctx context.Context, query string, args, v any) error {
	query, err := d.guardUpsert(ctx, query)
	if err != nil {
		return err
	}
	return d.conn(ctx).Exec(ctx, query, args, v)
}

// Query runs a statement that returns rows. On SQLite that may be an INSERT ... RETURNING of ent's.
func (d entDriver) Query(ctx context.Context, query string, args, v any) error {
	query, err := d.guardUpsert(ctx, query)
	if err != nil {
		return err
	}
	return d.conn(ctx).Query(ctx, query, args, v)
}

func (d entDriver) conn(ctx context.Context) entsql.Conn {
	return entsql.Conn{ExecQuerier: d.db.Conn(ctx)}
}

// Tx joins the context's transaction: its commit and rollback do nothing, the outer transaction decides.
func (d entDriver) Tx(ctx context.Context) (dialect.Tx, error) {
	if _, err := d.db.writer(ctx); err != nil {
		return nil, err
	}
	return dialect.NopTx(d), nil
}

// BeginTx is Tx; options belong to InTx.
func (d entDriver) BeginTx(ctx context.Context, opts *sql.TxOptions) (dialect.Tx, error) {
	if opts != nil && (opts.ReadOnly || opts.Isolation != sql.LevelDefault) {
		return nil, fmt.Errorf("database %s: ent transaction with options: use InTx or InSnapshot", d.db.name)
	}
	return d.Tx(ctx)
}

// Close does nothing: the database is closed by who opened it.
func (entDriver) Close() error { return nil }
