package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// maxShared transactions are committed together at most.
	maxShared = 64
	// shareFor is how long after its begin a transaction is shared with more: the first ones wait for the commit.
	shareFor = 5 * time.Millisecond
)

// errSpoiled ends a transaction that was to be committed with others, of which one broke the commit of all. It is tried again
// alone.
var errSpoiled = errors.New("database: the shared commit was spoiled by another transaction")

// line is the queue for SQLite's one write connection. Transactions that wait for their turn are committed together with the
// one before: making a commit durable costs more than most of them.
//
// Always true: functions run one after the other, each in the goroutine of its caller; each but the first in a savepoint, so
// that one that fails undoes its own part only; nobody hears of success, or of a failure that the others before it may have
// caused, before the commit, and hooks run after it.
type line struct {
	share time.Duration

	mu      sync.Mutex
	busy    bool
	waiting []*turn
}

// turn is a place in the line.
type turn struct {
	alone bool
	// start tells that it is this one's turn: with the commit that it joins, or nil when it begins one.
	start chan *shared
}

// shared is a transaction of the engine that carries several of ours.
type shared struct {
	tx      *sql.Tx
	began   time.Time
	members int // whose part is in it
	done    chan struct{}
	err     error // of all members, when done is closed
}

// enter waits for the turn. It returns the commit to join, or nil.
func (l *line) enter(ctx context.Context, alone bool) (*shared, error) {
	l.mu.Lock()
	if !l.busy {
		l.busy = true
		l.mu.Unlock()
		return nil, nil
	}
	t := &turn{alone: alone, start: make(chan *shared, 1)}
	l.waiting = append(l.waiting, t)
	l.mu.Unlock()
	select {
	case s := <-t.start:
		return s, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	i := slices.Index(l.waiting, t)
	if i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	l.mu.Unlock()
	if i < 0 { // it was given the turn in this very moment
		l.leave(<-t.start, true)
	}
	return nil, ctx.Err()
}

// leave ends the turn of one whose part is in s, or undone: the next in the line joins s, if there is one and s may grow;
// else s is committed here. s is nil when there is nothing to commit.
func (l *line) leave(s *shared, grow bool) {
	l.mu.Lock()
	if s != nil && grow && len(l.waiting) > 0 && !l.waiting[0].alone && s.members < maxShared && time.Since(s.began) < l.share {
		l.next(s)
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	if s != nil {
		s.end(s.tx.Commit())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) > 0 {
		l.next(nil)
		return
	}
	l.busy = false
}

// next gives the turn to the first in the line; l.mu is held.
func (l *line) next(s *shared) {
	t := l.waiting[0]
	l.waiting = slices.Delete(l.waiting, 0, 1)
	t.start <- s
}

// end tells all members how their commit has ended.
func (s *shared) end(err error) {
	if se, ok := errors.AsType[*sqlite.Error](err); ok && s.members > 1 && se.Code()&0xff == sqlite3.SQLITE_CONSTRAINT {
		err = errSpoiled // a constraint that is looked at in the end
	}
	s.err = err
	close(s.done)
}

// together makes one attempt of a transaction whose commit may be shared.
func (db *DB) together(ctx context.Context, fn func(ctx context.Context) error, alone bool) (err error) {
	s, err := db.line.enter(ctx, alone)
	if err != nil {
		return fmt.Errorf("database %s: begin: %w", db.name, err)
	}
	bare := context.WithoutCancel(ctx)
	first := s == nil
	if first {
		tx, err := db.write.BeginTx(bare, nil)
		if err != nil {
			db.line.leave(nil, false)
			return fmt.Errorf("database %s: begin: %w", db.name, err)
		}
		s = &shared{tx: tx, began: time.Now(), done: make(chan struct{})}
	} else if _, err := s.tx.ExecContext(bare, "SAVEPOINT member"); err != nil {
		db.spoil(s)
		return errors.Join(errSpoiled, err)
	}
	t := &transaction{db: db, tx: s.tx}
	done := false
	defer func() {
		if !done { // fn panicked, or left by runtime.Goexit
			t.end()
			_ = db.undo(bare, s, t, first)
		}
	}()
	err = fn(context.WithValue(ctx, txKey{}, t))
	done = true
	hooks := t.end()
	if doomed := t.doom(nil); doomed != nil && !errors.Is(err, doomed) {
		err = errors.Join(err, doomed) // whatever fn made of it, it is a reason to try again
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && !first {
		_, err = s.tx.ExecContext(bare, "RELEASE SAVEPOINT member")
	}
	if err != nil {
		err = errors.Join(err, db.undo(bare, s, t, first))
		if !first { // it has seen what others did: that must be committed before it counts
			if <-s.done; s.err != nil {
				return errors.Join(errSpoiled, err)
			}
		}
		return err
	}
	s.members++
	db.line.leave(s, !alone)
	<-s.done
	if s.err != nil {
		return fmt.Errorf("database %s: commit: %w", db.name, s.err)
	}
	for _, hook := range hooks {
		hook()
	}
	return nil
}

// undo takes back the part of one that failed, and ends its turn.
func (db *DB) undo(ctx context.Context, s *shared, t *transaction, first bool) error {
	if first {
		rb := s.tx.Rollback()
		db.line.leave(nil, false)
		if rb != nil && !errors.Is(rb, sql.ErrTxDone) && t.doom(nil) == nil {
			return fmt.Errorf("database %s: rollback: %w", db.name, rb)
		}
		return nil
	}
	if t.doom(nil) == nil {
		if _, err := s.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT member"); err == nil {
			db.line.leave(s, true)
			return nil
		}
	}
	db.spoil(s) // the engine has undone everything, or may have
	return nil
}

// spoil gives up a shared commit: its members try again.
func (db *DB) spoil(s *shared) {
	_ = s.tx.Rollback() // nothing to keep
	s.end(errSpoiled)
	db.line.leave(nil, false)
}
