// Package lease lets one of several processes do a thing at a time.
//
// Always true:
//   - At most one owner holds a name, by the database's clock. An owner that cannot extend its lease loses its context
//     before the lease ends for the others.
//   - A lease says who should work, not who may write: what the holder writes is guarded by its own rows, because a
//     process can stop for longer than any lease and go on as if nothing had happened.
package lease

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
)

// ErrLost ends the context of a holder whose lease could not be extended.
var ErrLost = errors.New("lease: lost")

const (
	parts          = 3               // extensions that fit into a lease
	releaseTimeout = 2 * time.Second // of the courtesy of giving a lease back before its end
)

// Acquire makes owner the holder of name for ttl, or extends it. It returns false if another holds it.
func Acquire(ctx context.Context, db *database.DB, name, owner string, ttl time.Duration) (bool, error) {
	var got bool
	err := db.InTx(ctx, func(ctx context.Context) error {
		now, err := db.Now(ctx)
		if err != nil {
			return err
		}
		q := db.Conn(ctx)
		res, err := q.ExecContext(ctx, "UPDATE leases SET owner = ?, until_us = ? WHERE name = ? AND (owner = ? OR until_us < ?)",
			owner, now+ttl.Microseconds(), name, owner, now)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if got = n == 1; got || err != nil {
			return err
		}
		var there int
		if err := q.QueryRowContext(ctx, "SELECT COUNT(*) FROM leases WHERE name = ?", name).Scan(&there); err != nil || there > 0 {
			return err
		}
		_, err = q.ExecContext(ctx, "INSERT INTO leases (name, owner, until_us) VALUES (?, ?, ?)", name, owner, now+ttl.Microseconds())
		if database.IsUniqueViolation(err) {
			return nil
		}
		got = err == nil
		return err
	})
	if err != nil {
		return false, fmt.Errorf("lease %s: %w", name, err)
	}
	return got, nil
}

// Release gives name back if owner holds it.
func Release(ctx context.Context, db *database.DB, name, owner string) error {
	err := db.InTx(ctx, func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, "UPDATE leases SET until_us = 0 WHERE name = ? AND owner = ?", name, owner)
		return err
	})
	if err != nil {
		return fmt.Errorf("lease %s: release: %w", name, err)
	}
	return nil
}

// Hold runs fn while it holds name. It returns false without running fn if another holds it. fn's context ends when the
// lease is lost.
func Hold(ctx context.Context, db *database.DB, name string, ttl time.Duration, fn func(ctx context.Context) error) (held bool, err error) {
	owner := ids.New("own")
	asked := time.Now()
	got, err := Acquire(ctx, db, name, owner, ttl)
	if err != nil || !got {
		return false, err
	}
	run, cancel := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { keep(run, cancel, db, name, owner, ttl, asked) })
	err = fn(run)
	lost := context.Cause(run)
	cancel(nil)
	keeper.Wait()
	if errors.Is(lost, ErrLost) {
		return true, errors.Join(lost, err)
	}
	release, stop := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer stop()
	return true, errors.Join(err, Release(release, db, name, owner))
}

// keep extends the lease, asked for at that time, until run ends. It gives up while the lease still lasts for the others:
// also when the database neither takes nor refuses the extension.
func keep(run context.Context, cancel context.CancelCauseFunc, db *database.DB, name, owner string, ttl time.Duration, asked time.Time) {
	tick := time.NewTicker(ttl / parts)
	defer tick.Stop()
	safe := ttl - ttl/(2*parts)
	end := time.NewTimer(time.Until(asked.Add(safe)))
	defer end.Stop()
	for {
		select {
		case <-run.Done():
			return
		case <-end.C:
			cancel(fmt.Errorf("%w: %s", ErrLost, name))
			return
		case <-tick.C:
		}
		now := time.Now()
		attempt, stop := context.WithDeadline(run, asked.Add(safe))
		held, err := Acquire(attempt, db, name, owner, ttl)
		stop()
		switch {
		case err == nil && held:
			asked = now
			end.Reset(time.Until(asked.Add(safe)))
		case err == nil:
			cancel(fmt.Errorf("%w: %s", ErrLost, name))
			return
		}
	}
}

// Every calls fn every interval, in the one process that holds name, until ctx ends. report gets each error; fn is called
// again after it. It is the shape of a center's singleton workers.
func Every(ctx context.Context, db *database.DB, name string, interval time.Duration, fn func(ctx context.Context) error, report func(context.Context, error)) {
	ttl := max(3*interval, 10*time.Second)
	for {
		if _, err := Hold(ctx, db, name, ttl, fn); err != nil && ctx.Err() == nil {
			report(ctx, fmt.Errorf("worker %s: %w", name, err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval + rand.N(interval/10+1)): // replicas must not march in step
		}
	}
}
