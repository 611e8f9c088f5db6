// Package barrier lets a branch of a distributed transaction be called any number of times and in any order, with the
// effect of being called once and in order. It works on the context's transaction, on each engine alike.
//
// Always true, for one gid and branch:
//   - The action takes effect at most once; so does the undo.
//   - An undo without an action before it (empty compensation) does nothing and leaves a tombstone; the action that comes
//     later (late try) is refused with 409 LATE_TRY. There is no order in which a hold survives its undo.
//   - An action that fails leaves no row: its transaction, or its savepoint, is undone with it. So the undo of a refused
//     action is an empty one.
//   - Both wait for each other on the row of the action, so they never overlap.
//
// The row stays for Retention, longer than the coordinator repeats.
package barrier

import (
	"context"
	"fmt"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/platform"
)

// Retention is how long barriers are kept.
const Retention = 35 * 24 * time.Hour

// ReasonLateTry refuses an action whose undo has been there before.
const ReasonLateTry = "LATE_TRY"

const (
	opAction = "action"
	opUndo   = "undo"
)

var errLate = kratos.Conflict(ReasonLateTry, "this step was cancelled before it began")

// Do runs the action fn in ctx's transaction unless it has run. It returns 409 LATE_TRY if the undo came first.
func Do(ctx context.Context, gid, branch string, fn func(ctx context.Context) error) error {
	return Once(ctx, gid, branch, opAction, fn)
}

// Once is Do under another name, for branches that are called for several purposes: "confirm" beside the action. Only the
// action itself is refused after an undo.
func Once(ctx context.Context, gid, branch, op string, fn func(ctx context.Context) error) error {
	db, err := database.FromContext(ctx)
	if err != nil {
		return fmt.Errorf("barrier %s/%s %s: %w", gid, branch, op, err)
	}
	fresh, err := insert(ctx, db, gid, branch, op)
	if err != nil {
		return err
	}
	if !fresh {
		if op != opAction {
			return nil
		}
		undone, err := undone(ctx, db, gid, branch)
		if err != nil {
			return err
		}
		if undone {
			return errLate
		}
		return nil
	}
	return fn(ctx)
}

// Undo runs fn, the undo of the action, unless it has run or there is nothing to undo. fn never refuses: an error makes
// the coordinator call again.
func Undo(ctx context.Context, gid, branch string, fn func(ctx context.Context) error) error {
	db, err := database.FromContext(ctx)
	if err != nil {
		return fmt.Errorf("barrier %s/%s undo: %w", gid, branch, err)
	}
	// The action's row first: if the action is running, this waits for it; if it never came, this is the tombstone.
	empty, err := insert(ctx, db, gid, branch, opAction)
	if err != nil {
		return err
	}
	fresh, err := insert(ctx, db, gid, branch, opUndo)
	if err != nil {
		return err
	}
	if empty || !fresh {
		return nil
	}
	return fn(ctx)
}

// insert says whether the row is new.
func insert(ctx context.Context, db *database.DB, gid, branch, op string) (fresh bool, err error) {
	now, err := db.Now(ctx)
	if err != nil {
		return false, err
	}
	_, err = db.Conn(ctx).ExecContext(ctx, "INSERT INTO barriers (gid, branch, op, created_us) VALUES (?, ?, ?, ?)", gid, branch, op, now)
	switch {
	case err == nil:
		return true, nil
	case database.IsUniqueViolation(err):
		return false, nil
	}
	return false, fmt.Errorf("barrier %s/%s %s: %w", gid, branch, op, err)
}

func undone(ctx context.Context, db *database.DB, gid, branch string) (bool, error) {
	var n int
	err := db.Conn(ctx).QueryRowContext(ctx, "SELECT COUNT(*) FROM barriers WHERE gid = ? AND branch = ? AND op = ?", gid, branch, opUndo).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("barrier %s/%s: %w", gid, branch, err)
	}
	return n > 0, nil
}

// Purge deletes barriers older than retention (0 means Retention), in bounded batches.
func Purge(ctx context.Context, db *database.DB, retention time.Duration) (rows int64, err error) {
	if retention <= 0 {
		retention = Retention
	}
	now, err := db.Now(ctx)
	if err != nil {
		return 0, err
	}
	return platform.Purge(ctx, db, "barriers", "gid, branch, op", "created_us < ?", now-retention.Microseconds())
}
