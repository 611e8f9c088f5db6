package database_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/entsample"
	"github.com/onepool/onepool/app/internal/entsample/ent"
	_ "github.com/onepool/onepool/app/internal/entsample/ent/runtime"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
)

var errNo = errors.New("no")

func engines(t *testing.T, rule func(t *testing.T, db *database.DB)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(entsample.Migrations())
		exec(t, db, "CREATE TABLE stock (id INT PRIMARY KEY, qty BIGINT NOT NULL)")
		exec(t, db, "INSERT INTO stock VALUES (1, 10), (2, 10)")
		rule(t, db)
	})
}

func exec(t *testing.T, db *database.DB, query string, args ...any) {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), run(db, query, args...)))
}

func run(db *database.DB, query string, args ...any) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, query, args...)
		return err
	}
}

func qty(t *testing.T, ctx context.Context, db *database.DB, id int) (n int64) {
	t.Helper()
	require.NoError(t, db.Conn(ctx).QueryRowContext(ctx, "SELECT qty FROM stock WHERE id = ?", id).Scan(&n))
	return n
}

func TestATransactionIsAllOrNothing(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		require.ErrorIs(t, db.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, run(db, "UPDATE stock SET qty = 0")(ctx))
			require.Zero(t, qty(t, ctx, db, 1))
			return errNo
		}), errNo)
		require.EqualValues(t, 10, qty(t, t.Context(), db, 1))
		require.PanicsWithValue(t, "broken", func() {
			_ = db.InTx(t.Context(), func(ctx context.Context) error {
				require.NoError(t, run(db, "UPDATE stock SET qty = 0")(ctx))
				panic("broken")
			})
		})
		require.EqualValues(t, 10, qty(t, t.Context(), db, 1))
		exec(t, db, "UPDATE stock SET qty = 9")
		require.EqualValues(t, 9, qty(t, t.Context(), db, 1))
	})
}

func TestTransactionsNeverNest(t *testing.T) {
	other := testkit.SQLite(t, nil)
	engines(t, func(t *testing.T, db *database.DB) {
		require.False(t, database.InTransaction(t.Context()))
		for _, outer := range []func(context.Context, func(context.Context) error) error{db.InTx, db.InSnapshot} {
			require.NoError(t, outer(t.Context(), func(ctx context.Context) error {
				require.True(t, database.InTransaction(ctx))
				for _, inner := range []*database.DB{db, other} {
					require.ErrorIs(t, inner.InTx(ctx, func(context.Context) error { return nil }), database.ErrNested)
					require.ErrorIs(t, inner.InSnapshot(ctx, func(context.Context) error { return nil }), database.ErrNested)
				}
				_, err := other.Conn(ctx).QueryContext(ctx, "SELECT 1")
				require.ErrorIs(t, err, database.ErrForeign)
				require.ErrorIs(t, other.Conn(ctx).QueryRowContext(ctx, "SELECT 1").Err(), database.ErrForeign)
				return nil
			}))
		}
	})
}

func TestNothingIsWrittenOutsideATransaction(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		require.ErrorIs(t, run(db, "UPDATE stock SET qty = 0")(ctx), database.ErrNoTransaction)
		for _, q := range []string{"UPDATE stock SET qty = 0", " \n(DELETE FROM stock", "SELECT qty FROM stock FOR UPDATE", "SELECT qty FROM stock\nFOR UPDATE",
			"WITH x AS (SELECT 1 AS id) DELETE FROM stock WHERE id IN (SELECT id FROM x)", "WITH x AS (SELECT 1)\nUPDATE stock SET qty = 0"} {
			_, err := db.Conn(ctx).QueryContext(ctx, q)
			require.ErrorIs(t, err, database.ErrNoTransaction, q)
			require.ErrorIs(t, db.Conn(ctx).QueryRowContext(ctx, q).Err(), database.ErrNoTransaction, q)
		}
		require.ErrorIs(t, db.Savepoint(ctx, nil), database.ErrNoTransaction)
		require.ErrorIs(t, db.AfterCommit(ctx, nil), database.ErrNoTransaction)
		require.NoError(t, db.InSnapshot(ctx, func(ctx context.Context) error {
			require.ErrorIs(t, run(db, "UPDATE stock SET qty = 0")(ctx), database.ErrNoTransaction)
			return nil
		}))
		var leaked context.Context
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error { leaked = ctx; return nil }))
		require.False(t, database.InTransaction(leaked))
		require.ErrorIs(t, run(db, "UPDATE stock SET qty = 0")(leaked), database.ErrEnded)

		client := ent.NewClient(ent.Driver(db.EntDriver()))
		as := tenancy.WithService(ctx, "test")
		require.ErrorIs(t, client.Shelf.Create().SetID("x").SetOrg("o").SetSku("x").Exec(as), database.ErrNoTransaction)
		_, err := client.Tx(as)
		require.ErrorIs(t, err, database.ErrNoTransaction)
		require.Empty(t, client.Shelf.Query().AllX(as))
	})
}

func TestEntWorksInTheContextsTransaction(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		client := ent.NewClient(ent.Driver(db.EntDriver()))
		as := tenancy.WithService(t.Context(), "test")
		require.ErrorIs(t, db.InTx(as, func(ctx context.Context) error {
			client.Shelf.Create().SetID("x").SetOrg("o").SetSku("x").SaveX(ctx)
			tx, err := client.Tx(ctx)
			require.NoError(t, err)
			require.NoError(t, tx.Commit(), "an inner commit does nothing")
			require.Equal(t, 1, client.Shelf.Query().CountX(ctx))
			require.Zero(t, client.Shelf.Query().CountX(as), "others do not see it yet")
			return errNo
		}), errNo)
		require.Zero(t, client.Shelf.Query().CountX(as))
	})
}

func TestASavepointUndoesItsPartOnly(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		var hooks []string
		hook := func(ctx context.Context, name string) {
			require.NoError(t, db.AfterCommit(ctx, func() { hooks = append(hooks, name) }))
		}
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			hook(ctx, "first")
			require.NoError(t, run(db, "UPDATE stock SET qty = 1 WHERE id = 1")(ctx))
			require.ErrorIs(t, db.Savepoint(ctx, func(ctx context.Context) error {
				hook(ctx, "undone")
				require.NoError(t, db.Savepoint(ctx, run(db, "UPDATE stock SET qty = 2 WHERE id = 2")))
				require.True(t, database.IsUniqueViolation(run(db, "INSERT INTO stock VALUES (1, 1)")(ctx)))
				return errNo
			}), errNo)
			require.NoError(t, db.Savepoint(ctx, run(db, "UPDATE stock SET qty = qty + 5 WHERE id = 1")))
			hook(ctx, "last")
			require.Empty(t, hooks)
			return nil
		}))
		require.Equal(t, []string{"first", "last"}, hooks)
		require.EqualValues(t, 6, qty(t, t.Context(), db, 1))
		require.EqualValues(t, 10, qty(t, t.Context(), db, 2))
	})
}

func TestASnapshotDoesNotMove(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		require.NoError(t, db.InSnapshot(t.Context(), func(ctx context.Context) error {
			require.EqualValues(t, 10, qty(t, ctx, db, 1))
			exec(t, db, "UPDATE stock SET qty = 3")
			require.EqualValues(t, 10, qty(t, ctx, db, 1))
			return nil
		}))
		require.EqualValues(t, 3, qty(t, t.Context(), db, 1))
	})
}

func TestTheClockIsReadOnceATransaction(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		before := time.Now().Add(-2 * time.Second).UnixMicro()
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			first, err := db.Now(ctx)
			require.NoError(t, err)
			require.Greater(t, first, before)
			require.Less(t, first, time.Now().Add(2*time.Second).UnixMicro())
			time.Sleep(2 * time.Millisecond)
			second, err := db.NowUS(ctx)
			require.NoError(t, err)
			require.Equal(t, first, second)
			return nil
		}))
		a, err := db.Now(t.Context())
		require.NoError(t, err)
		time.Sleep(2 * time.Millisecond)
		b, err := db.Now(t.Context())
		require.NoError(t, err)
		require.Greater(t, b, a)
	})
}

func TestAGuardedUpdateCountsMatchedRows(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			res, err := db.Conn(ctx).ExecContext(ctx, "UPDATE stock SET qty = qty WHERE id = 1 AND qty >= 10")
			require.NoError(t, err)
			n, err := res.RowsAffected()
			require.NoError(t, err)
			require.EqualValues(t, 1, n, "the same value is a match on each engine")
			return nil
		}))
	})
}

func TestConcurrentSellersNeverOversell(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		var sold atomic.Int64
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				err := db.InTx(t.Context(), func(ctx context.Context) error {
					res, err := db.Conn(ctx).ExecContext(ctx, "UPDATE stock SET qty = qty - 1 WHERE id = 1 AND qty >= 1")
					if err != nil {
						return err
					}
					if n, _ := res.RowsAffected(); n != 1 {
						return errNo
					}
					return nil
				})
				switch {
				case err == nil:
					sold.Add(1)
				case !errors.Is(err, errNo):
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 10, sold.Load())
		require.Zero(t, qty(t, t.Context(), db, 1))
	})
}

// metric sums a metric of the database over its labels.
func metric(t *testing.T, db *database.DB, name string) (sum float64) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	for _, c := range db.Collectors() {
		require.NoError(t, reg.Register(c))
	}
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// Two transactions lock two rows in opposite order. The engine kills one; it runs again, from its beginning.
func TestADeadlockIsTriedAgainOnMariaDB(t *testing.T) {
	db := testkit.MariaDB(t, nil)
	exec(t, db, "CREATE TABLE stock (id INT PRIMARY KEY, qty BIGINT NOT NULL)")
	exec(t, db, "INSERT INTO stock VALUES (1, 0), (2, 0)")
	var runs, committed atomic.Int64
	met := make(chan struct{}, 2)
	both := sync.OnceFunc(func() { <-met; <-met; close(met) })
	transfer := func(first, second int) error {
		return db.InTx(t.Context(), func(ctx context.Context) error {
			if err := db.AfterCommit(ctx, func() { committed.Add(1) }); err != nil {
				return err
			}
			n := runs.Add(1)
			if err := run(db, "UPDATE stock SET qty = qty + 1 WHERE id = ?", first)(ctx); err != nil {
				return err
			}
			if n <= 2 { // the first attempts meet in the middle
				met <- struct{}{}
				both()
			}
			if err := run(db, "UPDATE stock SET qty = qty + 1 WHERE id = ?", second)(ctx); err != nil {
				// Whatever is done with the error: nothing more happens in a transaction that the engine has ended.
				require.Error(t, run(db, "UPDATE stock SET qty = 1000")(ctx))
				return errNo
			}
			return nil
		})
	}
	errs := make(chan error, 2)
	go func() { errs <- transfer(1, 2) }()
	go func() { errs <- transfer(2, 1) }()
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	require.EqualValues(t, 3, runs.Load())
	require.EqualValues(t, 2, committed.Load())
	require.EqualValues(t, 2, qty(t, t.Context(), db, 1))
	require.EqualValues(t, 2, qty(t, t.Context(), db, 2))
	require.EqualValues(t, 1, metric(t, db, "onepool_database_tx_retries_total"))
}

// The same with locking reads, whose error comes with their rows: whoever overlooks it changes nothing either.
func TestADeadlockOfReadsEndsTheTransactionOnMariaDB(t *testing.T) {
	for name, lock := range map[string]string{
		"row":    "SELECT qty FROM stock WHERE id = ? FOR UPDATE",
		"range":  "SELECT qty FROM stock WHERE id IN (?, -1) FOR UPDATE",
		"silent": "SELECT qty FROM stock WHERE id IN (?, -1) FOR UPDATE",
	} {
		t.Run(name, func(t *testing.T) {
			db := testkit.MariaDB(t, nil)
			exec(t, db, "CREATE TABLE stock (id INT PRIMARY KEY, qty BIGINT NOT NULL)")
			exec(t, db, "INSERT INTO stock VALUES (1, 0), (2, 0)")
			var runs atomic.Int64
			met := make(chan struct{}, 2)
			both := sync.OnceFunc(func() { <-met; <-met; close(met) })
			take := func(first, second int) error {
				return db.InTx(t.Context(), func(ctx context.Context) error {
					n := runs.Add(1)
					var q int64
					if err := db.Conn(ctx).QueryRowContext(ctx, lock, first).Scan(&q); err != nil {
						return err
					}
					if n <= 2 {
						met <- struct{}{}
						both()
					}
					if err := db.Conn(ctx).QueryRowContext(ctx, lock, second).Scan(&q); err != nil {
						if name == "silent" {
							return nil
						}
						if err := run(db, "UPDATE stock SET qty = 1000")(ctx); err == nil {
							t.Error("written in autocommit")
						}
						return errNo
					}
					return run(db, "UPDATE stock SET qty = qty + 1")(ctx)
				})
			}
			errs := make(chan error, 2)
			go func() { errs <- take(1, 2) }()
			go func() { errs <- take(2, 1) }()
			require.NoError(t, <-errs)
			require.NoError(t, <-errs)
			require.EqualValues(t, 3, runs.Load())
			require.EqualValues(t, 2, qty(t, t.Context(), db, 1))
		})
	}
}

// SQLite rolls the whole transaction back when it interrupts a statement that writes.
func TestAnInterruptedWriteEndsTheTransactionOnSQLite(t *testing.T) {
	db := testkit.SQLite(t, nil)
	exec(t, db, "CREATE TABLE stock (id INT PRIMARY KEY, qty BIGINT NOT NULL)")
	exec(t, db, "INSERT INTO stock VALUES (1, 0)")
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		hurried, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		require.Error(t, run(db, "INSERT INTO stock WITH RECURSIVE n(x) AS (SELECT 2 UNION ALL SELECT x + 1 FROM n) SELECT x, 0 FROM n")(hurried))
		require.Error(t, run(db, "UPDATE stock SET qty = 1000")(ctx))
		return nil
	})
	require.Error(t, err)
	require.Zero(t, qty(t, t.Context(), db, 1))
}

func TestRetriesAreBounded(t *testing.T) {
	engines(t, func(t *testing.T, db *database.DB) {
		runs := 0
		deadlock := &mysql.MySQLError{Number: 1213, Message: "Deadlock found"}
		err := db.InTx(t.Context(), func(context.Context) error { runs++; return fmt.Errorf("while selling: %w", deadlock) })
		require.ErrorIs(t, err, deadlock)
		require.Equal(t, 1+database.MaxRetries, runs)
		require.EqualValues(t, 1, metric(t, db, "onepool_database_tx_retries_exhausted_total"))
		runs = 0
		require.Error(t, db.InTx(t.Context(), func(context.Context) error { runs++; return errNo }))
		require.Equal(t, 1, runs)
	})
}

func TestAnUnreachableDatabaseIsToldApart(t *testing.T) {
	_, err := database.Open(t.Context(), database.Config{Engine: database.MySQL, DSN: "u@tcp(127.0.0.1:1)/x"})
	require.True(t, database.IsUnavailable(err), "%v", err)
	require.True(t, database.IsUnavailable(fmt.Errorf("x: %w", mysql.ErrInvalidConn)))
	require.True(t, database.IsUnavailable(&mysql.MySQLError{Number: 1040}))
	require.True(t, database.IsUnavailable(&mysql.MySQLError{Number: 1213}), "all retries were used up")
	require.False(t, database.IsUnavailable(&mysql.MySQLError{Number: 1062}))
	require.False(t, database.IsUnavailable(errNo))
}

func TestMySQLIsReadCommittedStrictAndUTC(t *testing.T) {
	db := testkit.MariaDB(t, nil)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		var isolation, mode, zone, text string
		require.NoError(t, db.Conn(ctx).QueryRowContext(ctx, "SELECT @@tx_isolation, @@sql_mode, @@time_zone, ?", "it's \\ \"x\" \x00 ;--").Scan(&isolation, &mode, &zone, &text))
		require.Equal(t, "READ-COMMITTED", isolation)
		require.Contains(t, mode, "STRICT_ALL_TABLES")
		require.False(t, strings.Contains(mode, "NO_BACKSLASH_ESCAPES"))
		require.Equal(t, "+00:00", zone)
		require.Equal(t, "it's \\ \"x\" \x00 ;--", text)
		return nil
	}))
}

func TestSQLiteIsDurable(t *testing.T) {
	db := testkit.SQLite(t, nil)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
			var got string
			require.NoError(t, db.Conn(ctx).QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got))
			require.Equal(t, want, got, pragma)
		}
		return nil
	}))
}

func TestAWrongConfigurationIsRefused(t *testing.T) {
	for _, c := range []database.Config{{}, {Engine: "oracle"}, {Engine: "sqlite"}, {Engine: "sqlite", Path: ":memory:"}, {Engine: "mysql", DSN: "nonsense"}} {
		_, err := database.Open(t.Context(), c)
		require.Error(t, err, "%+v", c)
	}
}
