package sequence_test

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/sequence"
	"github.com/onepool/onepool/app/internal/testkit"
)

var feed = sequence.Feed{Table: "events", ID: "id", OrderBy: "created_us, id", Topic: "events"}

func engines(t *testing.T, rule func(t *testing.T, db *database.DB)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := db.Conn(ctx).ExecContext(ctx, "CREATE TABLE events (id VARCHAR(40) PRIMARY KEY, created_us BIGINT NOT NULL, position BIGINT NULL UNIQUE)")
			return err
		}))
		rule(t, db)
	})
}

func add(ctx context.Context, db *database.DB, id string, pause time.Duration) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		now, err := db.Now(ctx)
		if err != nil {
			return err
		}
		if _, err := db.Conn(ctx).ExecContext(ctx, "INSERT INTO events (id, created_us) VALUES (?, ?)", id, now); err != nil {
			return err
		}
		time.Sleep(pause) // commits come in another order than ids and times
		return nil
	})
}

func TestAReaderThatFollowsPositionsMissesNothing(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		const writers, each = 16, 20
		ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
		defer stop()
		var sequencers, all sync.WaitGroup
		for range 2 {
			sequencers.Go(func() { sequence.Run(ctx, db, feed, func(_ context.Context, err error) { t.Error(err) }) })
		}
		for w := range writers {
			all.Go(func() {
				for i := range each {
					if err := add(ctx, db, fmt.Sprintf("%d-%d-%d", rand.IntN(1000), w, i), time.Duration(rand.IntN(2000))*time.Microsecond); err != nil {
						t.Error(err)
					}
				}
			})
		}
		seen := map[string]bool{}
		for last := int64(0); len(seen) < writers*each && ctx.Err() == nil; {
			rows, err := db.Conn(ctx).QueryContext(ctx, "SELECT id, position FROM events WHERE position > ? ORDER BY position", last)
			require.NoError(t, err)
			for rows.Next() {
				var id string
				var position int64
				require.NoError(t, rows.Scan(&id, &position))
				require.Equal(t, last+1, position, "no gap")
				require.False(t, seen[id])
				last, seen[id] = position, true
			}
			require.NoError(t, rows.Err())
			require.NoError(t, rows.Close())
		}
		all.Wait()
		require.Len(t, seen, writers*each)
		stop()
		sequencers.Wait()
	})
}

func TestPositionsAreNotGivenAgainAfterAPurge(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		for i, want := range []int64{1, 2, 3} {
			require.NoError(t, add(t.Context(), db, fmt.Sprint(i), 0))
			n, err := sequence.Assign(t.Context(), db, feed)
			require.NoError(t, err)
			require.Equal(t, 1, n)
			var got int64
			require.NoError(t, db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT position FROM events").Scan(&got))
			require.Equal(t, want, got)
			require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
				_, err := db.Conn(ctx).ExecContext(ctx, "DELETE FROM events")
				return err
			}))
		}
		n, err := sequence.Assign(t.Context(), db, feed)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}
