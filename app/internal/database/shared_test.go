package database_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/testkit"
)

// queue lets transactions queue up behind one that waits, and then go, all in one commit if they can.
func queue(t *testing.T, db *database.DB, fns ...func(ctx context.Context) error) (errs []error, hooks []int) {
	t.Helper()
	db.ShareFor(time.Hour)
	var wg sync.WaitGroup
	var mu sync.Mutex
	hold, held := make(chan struct{}), make(chan struct{})
	errs = make([]error, len(fns)+1)
	begin := func(i int, fn func(ctx context.Context) error) {
		wg.Go(func() {
			errs[i] = errNo // what Goexit leaves
			errs[i] = db.InTx(t.Context(), func(ctx context.Context) error {
				require.NoError(t, db.AfterCommit(ctx, func() { mu.Lock(); defer mu.Unlock(); hooks = append(hooks, i) }))
				return fn(ctx)
			})
		})
	}
	holding := sync.OnceFunc(func() { close(held) })
	begin(0, func(ctx context.Context) error { holding(); <-hold; return add(db)(ctx) })
	<-held
	for i, fn := range fns {
		begin(i+1, fn)
		for db.InLine() <= i { // in their order
			runtime.Gosched()
		}
	}
	close(hold)
	wg.Wait()
	return errs, hooks
}

func shared(t *testing.T) *database.DB {
	db := testkit.SQLite(t, nil)
	exec(t, db, "CREATE TABLE stock (id INT PRIMARY KEY, qty BIGINT NOT NULL)")
	exec(t, db, "INSERT INTO stock VALUES (1, 0), (2, 0)")
	exec(t, db, "CREATE TABLE parts (id INT PRIMARY KEY, stock INT REFERENCES stock (id) DEFERRABLE INITIALLY DEFERRED)")
	return db
}

func add(db *database.DB) func(context.Context) error {
	return run(db, "UPDATE stock SET qty = qty + 1 WHERE id = 1")
}

func TestWhoWaitsForTheWriterIsCommittedTogether(t *testing.T) {
	db := shared(t)
	seen := make([]int64, 3)
	see := func(i int) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			seen[i] = qty(t, ctx, db, 1)
			require.Zero(t, qty(t, t.Context(), db, 1), "nothing is committed yet")
			return add(db)(ctx)
		}
	}
	errs, hooks := queue(t, db, see(0), see(1), see(2))
	require.Equal(t, []error{nil, nil, nil, nil}, errs)
	require.Equal(t, []int64{1, 2, 3}, seen, "one after the other")
	require.ElementsMatch(t, []int{0, 1, 2, 3}, hooks)
	require.EqualValues(t, 4, qty(t, t.Context(), db, 1))
}

func TestOneThatFailsAmongManyUndoesItsOwnPartOnly(t *testing.T) {
	db := shared(t)
	var leaked context.Context
	errs, hooks := queue(t, db,
		func(ctx context.Context) error { leaked = ctx; require.NoError(t, add(db)(ctx)); return errNo },
		func(ctx context.Context) error { require.NoError(t, add(db)(ctx)); runtime.Goexit(); return nil },
		func(ctx context.Context) error {
			require.ErrorIs(t, add(db)(leaked), database.ErrEnded)
			return add(db)(ctx)
		},
		func(ctx context.Context) error { // its caller has gone
			gone, cancel := context.WithCancel(ctx)
			require.NoError(t, add(db)(gone))
			cancel()
			return gone.Err()
		},
	)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], errNo)
	require.ErrorIs(t, errs[2], errNo)
	require.NoError(t, errs[3])
	require.ErrorIs(t, errs[4], context.Canceled)
	require.ElementsMatch(t, []int{0, 3}, hooks)
	require.EqualValues(t, 2, qty(t, t.Context(), db, 1))
	exec(t, db, "UPDATE stock SET qty = 5 WHERE id = 2")
}

// The first of them failing leaves the others a transaction of their own.
func TestTheFirstOneThatFailsHoldsUpNobody(t *testing.T) {
	db := shared(t)
	db.ShareFor(time.Hour)
	hold, held, first := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		first <- db.InTx(t.Context(), func(ctx context.Context) error { close(held); <-hold; _ = add(db)(ctx); return errNo })
	}()
	<-held
	second := make(chan error, 1)
	go func() { second <- db.InTx(t.Context(), add(db)) }()
	for db.InLine() == 0 {
		runtime.Gosched()
	}
	ctx, cancel := context.WithCancel(t.Context())
	impatient := make(chan error, 1)
	go func() { impatient <- db.InTx(ctx, add(db)) }()
	for db.InLine() == 1 {
		runtime.Gosched()
	}
	cancel()
	require.ErrorIs(t, <-impatient, context.Canceled, "who does not want to wait any more leaves the line")
	close(hold)
	require.ErrorIs(t, <-first, errNo)
	require.NoError(t, <-second)
	require.EqualValues(t, 1, qty(t, t.Context(), db, 1))
}

// A member may break the transaction of the engine, or its commit. The others are tried again, each alone.
func TestASpoiledCommitIsTriedAgainByTheOthers(t *testing.T) {
	endless := "INSERT INTO stock WITH RECURSIVE n(x) AS (SELECT 3 UNION ALL SELECT x + 1 FROM n) SELECT x, 0 FROM n"
	for name, break_ := range map[string]func(db *database.DB) func(ctx context.Context) error{
		"interrupted": func(db *database.DB) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				hurried, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
				defer cancel()
				return run(db, endless)(hurried)
			}
		},
		"a constraint that is looked at in the end": func(db *database.DB) func(ctx context.Context) error {
			return run(db, "INSERT INTO parts VALUES (1, 99)")
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := shared(t)
			errs, hooks := queue(t, db, add(db), break_(db), add(db))
			require.Error(t, errs[2])
			require.Equal(t, []error{nil, nil, nil}, []error{errs[0], errs[1], errs[3]})
			require.ElementsMatch(t, []int{0, 1, 3}, hooks)
			require.EqualValues(t, 3, qty(t, t.Context(), db, 1))
			require.Positive(t, metric(t, db, "onepool_database_tx_retries_total"))
			exec(t, db, "UPDATE stock SET qty = 7 WHERE id = 1")
			require.EqualValues(t, 7, qty(t, t.Context(), db, 1))
		})
	}
}
