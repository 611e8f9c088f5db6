package lease_test

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/lease"
	"github.com/onepool/onepool/app/internal/testkit"
)

func engines(t *testing.T, rule func(t *testing.T, db *database.DB)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) { rule(t, open(nil)) })
}

func TestOneOwnerAtATime(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		take := func(owner string, ttl time.Duration) bool {
			got, err := lease.Acquire(t.Context(), db, "sweep", owner, ttl)
			require.NoError(t, err)
			return got
		}
		require.True(t, take("a", time.Minute))
		require.False(t, take("b", time.Minute))
		require.True(t, take("a", time.Microsecond), "the owner may extend")
		time.Sleep(2 * time.Millisecond)
		require.True(t, take("b", time.Minute), "the lease has ended")
		require.NoError(t, lease.Release(t.Context(), db, "sweep", "a"), "no longer a's to release")
		require.False(t, take("a", time.Minute))
		require.NoError(t, lease.Release(t.Context(), db, "sweep", "b"))
		require.True(t, take("a", time.Minute))
	})
}

func TestManyWantItOneGetsIt(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		var inside, most, ran atomic.Int64
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				_, err := lease.Hold(t.Context(), db, "sweep", time.Minute, func(context.Context) error {
					if n := inside.Add(1); n > most.Load() {
						most.Store(n)
					}
					time.Sleep(5 * time.Millisecond)
					inside.Add(-1)
					ran.Add(1)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, most.Load())
		require.Positive(t, ran.Load())
	})
}

func TestAHolderExtendsAndLosesItsContextWithTheLease(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		held, err := lease.Hold(t.Context(), db, "sweep", 600*time.Millisecond, func(ctx context.Context) error {
			time.Sleep(1500 * time.Millisecond) // longer than the lease: it is extended
			got, err := lease.Acquire(t.Context(), db, "sweep", "thief", time.Minute)
			require.NoError(t, err)
			require.False(t, got)
			require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
				_, err := db.Conn(ctx).ExecContext(ctx, "UPDATE leases SET owner = 'thief', until_us = until_us + 60000000")
				return err
			}))
			<-ctx.Done()
			require.ErrorIs(t, context.Cause(ctx), lease.ErrLost)
			return ctx.Err()
		})
		require.True(t, held)
		require.ErrorIs(t, err, lease.ErrLost)
	})
}

// The database hangs: whoever cannot extend must have stopped when the lease ends for the others.
func TestAHolderThatCannotExtendStopsInTime(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		const ttl = 900 * time.Millisecond
		release, hung := make(chan struct{}), make(chan error, 1)
		began := time.Now()
		_, err := lease.Hold(t.Context(), db, "sweep", ttl, func(ctx context.Context) error {
			go func() {
				hung <- db.InTx(t.Context(), func(ctx context.Context) error {
					_, err := db.Conn(ctx).ExecContext(ctx, "UPDATE leases SET until_us = until_us")
					<-release
					return err
				})
			}()
			<-ctx.Done()
			require.Less(t, time.Since(began), ttl)
			return ctx.Err()
		})
		require.ErrorIs(t, err, lease.ErrLost)
		close(release)
		require.NoError(t, <-hung)
	})
}

func TestAWorkerGoesOnAfterAnError(t *testing.T) {
	db := testkit.SQLite(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	runs, reported := 0, 0
	lease.Every(ctx, db, "sweep", time.Millisecond, func(context.Context) error {
		if runs++; runs == 3 {
			stop()
		}
		return errors.New("no")
	}, func(context.Context, error) { reported++ })
	require.Equal(t, 3, runs)
	require.Equal(t, 2, reported)
}
