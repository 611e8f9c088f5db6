package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// MaxRetries bounds how often a whole transaction is tried again after a deadlock, a lock time-out or a busy engine.
const MaxRetries = 3

const (
	retryFirst = 4 * time.Millisecond
	maxHooks   = 10_000 // of one transaction
)

// Querier runs statements. Both engines use ? for parameters.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type txKey struct{}

// transaction is what a context carries between BEGIN and the end.
type transaction struct {
	db       *DB
	tx       *sql.Tx
	readOnly bool

	mu         sync.Mutex
	ended      bool
	doomed     error // the engine's error that rolled everything back
	nowUS      int64
	savepoints int
	after      []func()
}

func current(ctx context.Context) *transaction {
	t, _ := ctx.Value(txKey{}).(*transaction)
	return t
}

// InTransaction says whether ctx carries a transaction or snapshot that has not ended. No remote call may start then.
func InTransaction(ctx context.Context) bool {
	t := current(ctx)
	return t != nil && !t.isEnded()
}

// FromContext returns the database of ctx's running transaction; a snapshot does not count.
func FromContext(ctx context.Context) (*DB, error) {
	t := current(ctx)
	switch {
	case t == nil || t.readOnly:
		return nil, ErrNoTransaction
	case t.isEnded():
		return nil, ErrEnded
	}
	return t.db, nil
}

// InTx runs fn in a transaction and commits when it returns nil. fn gets a context that carries the transaction; all of
// it runs again, at most MaxRetries times, after a deadlock, lock time-out or busy engine. A panic rolls back and goes on.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if InTransaction(ctx) {
		return ErrNested
	}
	start := time.Now()
	pause, alone := retryFirst, false
	for attempt := 0; ; attempt++ {
		err := db.once(ctx, fn, alone)
		alone = errors.Is(err, errSpoiled)
		if err == nil {
			db.metrics.seconds.WithLabelValues("commit").Observe(time.Since(start).Seconds())
			return nil
		}
		reason := retryReason(err)
		if reason == "" || ctx.Err() != nil {
			db.metrics.seconds.WithLabelValues("rollback").Observe(time.Since(start).Seconds())
			return err
		}
		if attempt == MaxRetries {
			db.metrics.exhausted.Inc()
			db.metrics.seconds.WithLabelValues("exhausted").Observe(time.Since(start).Seconds())
			return fmt.Errorf("database %s: given up after %d retries: %w", db.name, MaxRetries, err)
		}
		db.metrics.retries.WithLabelValues(reason).Inc()
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause + rand.N(pause)): // jitter parts those who collided
		}
		pause *= 2
	}
}

// once makes one attempt. The hooks run after the state is closed, so a hook may start a transaction of its own.
func (db *DB) once(ctx context.Context, fn func(ctx context.Context) error, alone bool) error {
	if db.engine == SQLite {
		return db.together(ctx, fn, alone)
	}
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("database %s: begin: %w", db.name, err)
	}
	t := &transaction{db: db, tx: tx}
	done := false
	defer func() {
		if !done { // fn panicked, or left by runtime.Goexit
			t.end()
			_ = tx.Rollback()
		}
	}()
	err = fn(context.WithValue(ctx, txKey{}, t))
	done = true
	hooks := t.end()
	if doomed := t.doom(nil); doomed != nil && !errors.Is(err, doomed) {
		err = errors.Join(err, doomed) // whatever fn made of it, it is a reason to try again
	}
	if err != nil {
		if rb := tx.Rollback(); rb != nil && !errors.Is(rb, sql.ErrTxDone) && t.doom(nil) == nil {
			err = errors.Join(err, fmt.Errorf("database %s: rollback: %w", db.name, rb))
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("database %s: commit: %w", db.name, err)
	}
	for _, hook := range hooks {
		hook()
	}
	return nil
}

// InSnapshot runs fn over one consistent state of the database, read only. Statements that write are refused.
func (db *DB) InSnapshot(ctx context.Context, fn func(ctx context.Context) error) error {
	if InTransaction(ctx) {
		return ErrNested
	}
	opts := &sql.TxOptions{ReadOnly: true}
	if db.engine == MySQL {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.read.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("database %s: begin snapshot: %w", db.name, err)
	}
	t := &transaction{db: db, tx: tx, readOnly: true}
	defer func() {
		t.end()
		_ = tx.Rollback() // nothing to keep
	}()
	return fn(context.WithValue(ctx, txKey{}, t))
}

// Savepoint runs fn inside ctx's transaction and undoes what fn did when it returns an error. The error is returned.
// AfterCommit functions that fn registered are forgotten with it.
func (db *DB) Savepoint(ctx context.Context, fn func(ctx context.Context) error) (err error) {
	t, err := db.writer(ctx)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.savepoints++
	name, hooks := "sp_"+strconv.Itoa(t.savepoints), len(t.after)
	t.mu.Unlock()
	if _, err := t.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if err := fn(ctx); err != nil {
		t.mu.Lock()
		t.after = t.after[:hooks]
		t.mu.Unlock()
		if t.doom(nil) != nil {
			return err // the engine has undone everything, the savepoint too
		}
		if _, rb := t.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+name); rb != nil {
			// Half undone must never be committed.
			t.doom(fmt.Errorf("roll back to savepoint: %w", rb))
			return errors.Join(err, rb)
		}
		return err
	}
	if _, err := t.ExecContext(ctx, "RELEASE SAVEPOINT "+name); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

// AfterCommit registers fn to run when ctx's transaction has been committed. fn must be short and must not fail: what
// has to happen goes into the outbox.
func (db *DB) AfterCommit(ctx context.Context, fn func()) error {
	t, err := db.writer(ctx)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.after) >= maxHooks {
		return fmt.Errorf("database %s: more than %d functions after one commit", db.name, maxHooks)
	}
	t.after = append(t.after, fn)
	return nil
}

// Now returns the database's time in microseconds since 1970 UTC. Inside a transaction it is read once.
func (db *DB) Now(ctx context.Context) (int64, error) {
	t := current(ctx)
	if t != nil && t.db == db && !t.isEnded() {
		t.mu.Lock()
		now := t.nowUS
		t.mu.Unlock()
		if now != 0 {
			return now, nil
		}
	}
	now, err := db.readClock(ctx)
	if err != nil {
		return 0, fmt.Errorf("database %s: clock: %w", db.name, err)
	}
	if t != nil && t.db == db {
		t.mu.Lock()
		t.nowUS = now
		t.mu.Unlock()
	}
	return now, nil
}

// NowUS is Now under the name that package clock's port has.
func (db *DB) NowUS(ctx context.Context) (int64, error) { return db.Now(ctx) }

// readClock asks the server. SQLite is part of this process, and so is its clock, which has milliseconds only.
func (db *DB) readClock(ctx context.Context) (int64, error) {
	switch {
	case db.clock != nil:
		return db.clock.NowUS(ctx)
	case db.engine == SQLite:
		return time.Now().UnixMicro(), nil
	}
	var now int64
	err := db.Conn(ctx).QueryRowContext(ctx, "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)").Scan(&now)
	return now, err
}

// writer returns ctx's transaction if it is this database's and may write.
func (db *DB) writer(ctx context.Context) (*transaction, error) {
	t := current(ctx)
	switch {
	case t == nil || t.readOnly:
		return nil, ErrNoTransaction
	case t.db != db:
		return nil, ErrForeign
	case t.isEnded():
		return nil, ErrEnded
	}
	return t, nil
}

func (t *transaction) isEnded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

func (t *transaction) end() []func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	return t.after
}

// doom remembers err, if any, as the end of the transaction, and returns what has doomed it.
func (t *transaction) doom(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.doomed == nil {
		t.doomed = err
	}
	return t.doomed
}
