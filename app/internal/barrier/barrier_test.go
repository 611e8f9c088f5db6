package barrier_test

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"sync"
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/testkit"
)

// account is a branch whose action adds one and whose undo takes one away.
type account struct {
	t  *testing.T
	db *database.DB
}

func engines(t *testing.T, rule func(t *testing.T, a account)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		a := account{t, open(nil)}
		require.NoError(t, a.db.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := a.db.Conn(ctx).ExecContext(ctx, "CREATE TABLE account (id INT PRIMARY KEY, sum INT NOT NULL)"); err != nil {
				return err
			}
			_, err := a.db.Conn(ctx).ExecContext(ctx, "INSERT INTO account VALUES (1, 0)")
			return err
		}))
		rule(t, a)
	})
}

func (a account) sum() (n int) {
	require.NoError(a.t, a.db.Conn(a.t.Context()).QueryRowContext(a.t.Context(), "SELECT sum FROM account").Scan(&n))
	return n
}

func (a account) add(n int) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		_, err := a.db.Conn(ctx).ExecContext(ctx, "UPDATE account SET sum = sum + ?", n)
		return err
	}
}

func (a account) action(gid string) error {
	return a.db.InTx(a.t.Context(), func(ctx context.Context) error { return barrier.Do(ctx, gid, "01", a.add(1)) })
}

func (a account) undo(gid string) error {
	return a.db.InTx(a.t.Context(), func(ctx context.Context) error { return barrier.Undo(ctx, gid, "01", a.add(-1)) })
}

func TestEachIsDoneOnce(t *testing.T) {
	engines(t, func(t *testing.T, a account) {
		for range 3 {
			require.NoError(t, a.action("g1"))
			require.Equal(t, 1, a.sum())
		}
		for range 3 {
			require.NoError(t, a.undo("g1"))
			require.Zero(t, a.sum())
		}
		require.Equal(t, barrier.ReasonLateTry, kratos.Reason(a.action("g1")), "an action that comes again after its undo")
		require.Zero(t, a.sum())
		require.NoError(t, a.action("g2"), "another transaction has its own barrier")
	})
}

func TestAnUndoBeforeItsActionIsEmptyAndStopsTheAction(t *testing.T) {
	engines(t, func(t *testing.T, a account) {
		require.NoError(t, a.undo("g1"))
		require.Zero(t, a.sum())
		err := a.action("g1")
		require.Equal(t, barrier.ReasonLateTry, kratos.Reason(err))
		require.Equal(t, 409, kratos.Code(err))
		require.NoError(t, a.undo("g1"))
		require.Zero(t, a.sum())
	})
}

func TestARefusedActionLeavesNothingToUndo(t *testing.T) {
	engines(t, func(t *testing.T, a account) {
		no := errors.New("no")
		require.ErrorIs(t, a.db.InTx(t.Context(), func(ctx context.Context) error {
			return barrier.Do(ctx, "g1", "01", func(context.Context) error { return no })
		}), no)
		// In a savepoint, as package command does: the rest of the transaction is committed.
		require.NoError(t, a.db.InTx(t.Context(), func(ctx context.Context) error {
			require.ErrorIs(t, a.db.Savepoint(ctx, func(ctx context.Context) error {
				return barrier.Do(ctx, "g1", "01", func(context.Context) error { return no })
			}), no)
			return nil
		}))
		require.NoError(t, a.undo("g1"))
		require.Zero(t, a.sum())
	})
}

func TestAConfirmIsDoneOnceBesideTheAction(t *testing.T) {
	engines(t, func(t *testing.T, a account) {
		require.NoError(t, a.action("g1"))
		for range 2 {
			require.NoError(t, a.db.InTx(t.Context(), func(ctx context.Context) error {
				return barrier.Once(ctx, "g1", "01", "confirm", a.add(10))
			}))
		}
		require.Equal(t, 11, a.sum())
	})
}

func TestABarrierNeedsATransaction(t *testing.T) {
	require.ErrorIs(t, barrier.Do(t.Context(), "g", "1", nil), database.ErrNoTransaction)
	require.ErrorIs(t, barrier.Undo(t.Context(), "g", "1", nil), database.ErrNoTransaction)
}

// In whatever order and however often the coordinator calls, an undone transaction leaves nothing and another one unit.
func TestAnyOrderOfConcurrentCallsEndsAlike(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	engines(t, func(t *testing.T, a account) {
		r := rand.New(rand.NewPCG(seed, 0))
		want := 0
		var all sync.WaitGroup
		for i := range 30 {
			gid := "g" + string(rune('a'+i))
			undone := r.IntN(2) == 0
			if !undone {
				want++
			}
			calls := []func(string) error{a.action, a.action}
			if undone {
				calls = append(calls, a.undo, a.undo)
			}
			r.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
			for _, call := range calls {
				all.Go(func() {
					if err := call(gid); err != nil && kratos.Reason(err) != barrier.ReasonLateTry {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		require.Equal(t, want, a.sum())
	})
}

func TestOldBarriersArePurged(t *testing.T) {
	engines(t, func(t *testing.T, a account) {
		require.NoError(t, a.db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := a.db.Conn(ctx).ExecContext(ctx, "INSERT INTO barriers VALUES ('old', '01', 'action', 1)")
			return err
		}))
		require.NoError(t, a.action("new"))
		n, err := barrier.Purge(t.Context(), a.db, 0)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		require.NoError(t, a.action("new"))
		require.Equal(t, 1, a.sum())
	})
}
